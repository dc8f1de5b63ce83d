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
  full,
  type Tensor,
} from '../tensor.js';
import { type FusedAdam, fusedAdam } from './fused.js';
import { Optimizer, type ParameterGroup, type Update } from './optimizer.js';

export interface AdamOptions {
  learningRate: number;
  betas?: readonly [number, number];
  eps?: number;
  weightDecay?: number;
}

/** Adam (Kingma and Ba, 2015) as torch.optim.Adam; weight decay is added to the gradient. */
export class Adam extends Optimizer {
  /** The operator that does a whole step in one pass over memory, where libtorch has it for the device. */
  protected readonly fused: string = 'aten::_fused_adam_';
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
    const fused = fusedAdam(this.fused, update.parameters[0]!.device);
    if (fused) this.updateFused(update, fused);
    else this.updateForeach(update);
  }

  private updateFused({ parameters, gradients, learningRate, weightDecay, state }: Update, fused: FusedAdam): void {
    const steps = full([], this.steps, 'float32', parameters[0]!.device);
    fused({
      self: parameters,
      // The kernels take it that each lies in memory as its parameter does; one that was set by hand may not.
      grads: gradients.map((gradient) => gradient.contiguous()),
      exp_avgs: state('exp_avg'),
      exp_avg_sqs: state('exp_avg_sq'),
      max_exp_avg_sqs: [],
      state_steps: parameters.map(() => steps),
      lr: learningRate,
      beta1: this.beta1,
      beta2: this.beta2,
      weight_decay: weightDecay,
      eps: this.eps,
      amsgrad: false,
      maximize: false,
    });
  }

  private updateForeach(update: Update): void {
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
  protected override readonly fused = 'aten::_fused_adamw_';

  constructor(groups: ParameterGroup[] | Parameter[], options: AdamOptions) {
    super(groups, { ...options, weightDecay: options.weightDecay ?? 0.01 });
  }

  protected override decay({ parameters, gradients, learningRate, weightDecay }: Update): Tensor[] {
    if (weightDecay !== 0) foreachMul_(parameters, 1 - learningRate * weightDecay);
    return gradients;
  }
}
