import { empty, type Tensor } from '../tensor.js';
import { initialized } from './initialization.js';
import { Module, Parameter } from './module.js';

export interface Conv2dOptions {
  /** Default 1. */
  stride?: number;
  /** Zeros around the input, in pixels; default 0. */
  padding?: number;
  /** Channels are convolved in so many groups of their own; default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/** Convolution `[B, C, H, W]` to `[B, D, H', W']`. Starts as torch.nn.Conv2d: uniform +-1/sqrt(fan in). */
export class Conv2d extends Module {
  readonly weight: Parameter; // [D, C / groups, K, K]
  readonly bias: Parameter | null; // [D]
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;

  constructor(
    inChannels: number,
    outChannels: number,
    readonly kernelSize: number,
    { stride = 1, padding = 0, groups = 1, bias = true }: Conv2dOptions = {},
  ) {
    super();
    this.stride = stride;
    this.padding = padding;
    this.groups = groups;
    const bound = 1 / Math.sqrt((inChannels / groups) * kernelSize * kernelSize);
    const uniform = (shape: number[]) =>
      Parameter.of(initialized(empty(shape, 'float32'), (tensor) => tensor.uniform_(-bound, bound)));
    this.weight = uniform([outChannels, inChannels / groups, kernelSize, kernelSize]);
    this.bias = bias ? uniform([outChannels]) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, stride, padding, groups } = this;
    return x.conv2d(weight, bias, [stride, stride], [padding, padding], [1, 1], groups);
  }
}
