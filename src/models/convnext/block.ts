import { Conv2d, full, LayerNorm, Linear, Module, Parameter, scope, type Tensor } from '../../torch/index.js';
import { dropPath } from '../drop-path.js';

/** Epsilon of every norm but, in one code base, the final one. */
export const NORM_EPSILON = 1e-6;

/**
 * A convolution of `[B, H, W, C]`. The memory stays in that order (PyTorch's channels_last), which spares a copy before
 * every layer norm and linear layer and is what libtorch's depthwise convolution is fastest in.
 */
export function convolve(convolution: Conv2d, x: Tensor): Tensor {
  return scope(() => convolution.forward(x.permute([0, 3, 1, 2])).permute([0, 2, 3, 1]));
}

/** A residual block of ConvNeXt, `[B, H, W, C]` to the same (facebookresearch/ConvNeXt, models/convnext.py, Block). */
export class Block extends Module {
  readonly gamma: Parameter; // [C]
  readonly dwconv: Conv2d;
  readonly norm: LayerNorm;
  readonly pwconv1: Linear;
  readonly pwconv2: Linear;

  constructor(
    dim: number,
    layerScale: number,
    private readonly dropProbability: number,
  ) {
    super();
    this.gamma = Parameter.of(full([dim], layerScale, 'float32'));
    this.dwconv = new Conv2d(dim, dim, 7, { padding: 3, groups: dim });
    this.norm = new LayerNorm(dim, NORM_EPSILON);
    this.pwconv1 = new Linear(dim, 4 * dim);
    this.pwconv2 = new Linear(4 * dim, dim);
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const mixed = this.norm.forward(convolve(this.dwconv, x));
      const branch = this.pwconv2.forward(this.pwconv1.forward(mixed).gelu()).mul(this.gamma);
      return x.add(this.training && this.dropProbability > 0 ? dropPath(branch, this.dropProbability) : branch);
    });
  }
}
