import type { Parameter } from '../nn/index.js';
import {
  foreachAdd_,
  foreachAddcdiv_,
  foreachAddcmul_,
  foreachAddScalar_,
  foreachDiv_,
  foreachMul_,
  foreachSqrt,
  foreachSub,
  type Tensor,
} from '../tensor.js';
import { Optimizer, type ParameterGroup, type Update } from './optimizer.js';

export interface AdamOptions {
  learningRate: number;
  betas?: readonly [number, number];
  eps?: number;
  weightDecay?: number;
}

/** Adam (Kingma and Ba, 2015) as torch.optim.Adam; weight decay is added to the gradient. */
export class Adam extends Optimizer {
  protected readonly beta1: number;
  protected readonly beta2: number;
  protected readonly eps: number;

  constructor(groups: ParameterGroup[] | Parameter[], { learningRate, betas, eps, weightDecay }: AdamOptions) {
    super(groups, learningRate, weightDecay ?? 0);
    [this.beta1, this.beta2] = betas ?? [0.9, 0.999];
    this.eps = eps ?? 1e-8;
  }

  /** Applies the weight decay; gives the gradients to go on with. */
  protected decay({ parameters, gradients, weightDecay }: Update): Tensor[] {
    return weightDecay === 0 ? gradients : foreachSub(gradients, parameters, -weightDecay);
  }

  protected update(update: Update): void {
    const { beta1, beta2, eps, steps } = this;
    const { parameters, learningRate } = update;
    const gradients = this.decay(update);
    const means = update.state('exp_avg');
    foreachMul_(means, beta1);
    foreachAdd_(means, gradients, 1 - beta1);
    const squares = update.state('exp_avg_sq');
    foreachMul_(squares, beta2);
    foreachAddcmul_(squares, gradients, gradients, 1 - beta2);
    const denominators = foreachSqrt(squares);
    foreachDiv_(denominators, Math.sqrt(1 - beta2 ** steps));
    foreachAddScalar_(denominators, eps);
    foreachAddcdiv_(parameters, means, denominators, -learningRate / (1 - beta1 ** steps));
  }
}

/** AdamW (Loshchilov and Hutter, 2019) as torch.optim.AdamW: weight decay shrinks the parameters themselves. */
export class AdamW extends Adam {
  constructor(groups: ParameterGroup[] | Parameter[], options: AdamOptions) {
    super(groups, { ...options, weightDecay: options.weightDecay ?? 0.01 });
  }

  protected override decay({ parameters, gradients, learningRate, weightDecay }: Update): Tensor[] {
    if (weightDecay !== 0) foreachMul_(parameters, 1 - learningRate * weightDecay);
    return gradients;
  }
}
