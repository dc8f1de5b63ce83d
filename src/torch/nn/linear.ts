import { empty, type Tensor, zeros } from '../tensor.js';
import { initialize, initialized } from './initialization.js';
import { Module, Parameter } from './module.js';

/** y = x W^T + b: `[..., inFeatures]` to `[..., outFeatures]`. Starts as torch.nn.Linear: uniform +-1/sqrt(inFeatures). */
export class Linear extends Module {
  readonly weight: Parameter; // [outFeatures, inFeatures]
  readonly bias: Parameter | null; // [outFeatures]

  constructor(inFeatures: number, outFeatures: number, bias = true) {
    super();
    const bound = 1 / Math.sqrt(inFeatures);
    const uniform = (shape: number[]) =>
      Parameter.of(initialized(empty(shape, 'float32'), (tensor) => tensor.uniform_(-bound, bound)));
    this.weight = uniform([outFeatures, inFeatures]);
    this.bias = bias ? uniform([outFeatures]) : null;
  }

  forward(x: Tensor): Tensor {
    return x.linear(this.weight, this.bias);
  }

  /** Sets weight and bias to zero. Returns itself. */
  zero(): this {
    initialize(() => {
      this.weight.zero_();
      this.bias?.zero_();
    });
    return this;
  }
}

/** The identity in place of a layer: no parameters. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** A parameter of zeros. */
export function zeroParameter(shape: readonly number[]): Parameter {
  return Parameter.of(zeros(shape, 'float32'));
}
