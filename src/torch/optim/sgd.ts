import type { Parameter } from '../nn/index.js';
import { foreachAdd_, foreachMul_, foreachSub } from '../tensor.js';
import { Optimizer, type ParameterGroup, type Update } from './optimizer.js';

export interface SgdOptions {
  learningRate: number;
  momentum?: number;
  weightDecay?: number;
}

/** Stochastic gradient descent with momentum as torch.optim.SGD (no dampening, no Nesterov step). */
export class SGD extends Optimizer {
  private readonly momentum: number;

  constructor(groups: ParameterGroup[] | Parameter[], { learningRate, momentum, weightDecay }: SgdOptions) {
    super(groups, learningRate, weightDecay ?? 0);
    this.momentum = momentum ?? 0;
  }

  protected update({ parameters, gradients: given, learningRate, weightDecay, state }: Update): void {
    const gradients = weightDecay === 0 ? given : foreachSub(given, parameters, -weightDecay);
    if (this.momentum === 0) {
      foreachAdd_(parameters, gradients, -learningRate);
      return;
    }
    const momenta = state('momentum_buffer'); // starts at zero, so the first step sets it to the gradient
    foreachMul_(momenta, this.momentum);
    foreachAdd_(momenta, gradients, 1);
    foreachAdd_(parameters, momenta, -learningRate);
  }
}
