import { noGrad } from '../autograd.js';
import { empty, type Tensor } from '../tensor.js';
import { Module, Parameter } from './module.js';

/** Convolution `[B, C, H, W]` to `[B, D, H', W']`. Starts as torch.nn.Conv2d: uniform +-1/sqrt(fan in). */
export class Conv2d extends Module {
  readonly weight: Parameter; // [D, C, K, K]
  readonly bias: Parameter | null; // [D]

  constructor(
    inChannels: number,
    outChannels: number,
    readonly kernelSize: number,
    readonly stride = 1,
    readonly padding = 0,
    bias = true,
  ) {
    super();
    const bound = 1 / Math.sqrt(inChannels * kernelSize * kernelSize);
    const shape = [outChannels, inChannels, kernelSize, kernelSize];
    this.weight = noGrad(() => Parameter.of(empty(shape, 'float32').uniform_(-bound, bound)));
    this.bias = bias ? noGrad(() => Parameter.of(empty([outChannels], 'float32').uniform_(-bound, bound))) : null;
  }

  forward(x: Tensor): Tensor {
    return x.conv2d(this.weight, this.bias, [this.stride, this.stride], [this.padding, this.padding]);
  }
}
