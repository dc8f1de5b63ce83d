import { inputError } from '../../base/index.js';
import { Conv2d, Module, scope, type Tensor } from '../../torch/index.js';

/** Cuts an image into patches and projects each to a token (Dosovitskiy et al., 2021; dinov2/layers/patch_embed.py). */
export class PatchEmbed extends Module {
  readonly proj: Conv2d;

  constructor(
    readonly patchSize: number,
    channels: number,
    dim: number,
  ) {
    super();
    this.proj = new Conv2d(channels, dim, patchSize, { stride: patchSize });
  }

  /** `[B, C, H, W]` to `[B, H/P * W/P, D]`. Throws an InputError where H or W is no multiple of the patch size. */
  forward(x: Tensor): Tensor {
    const [height, width] = [x.size(-2), x.size(-1)];
    if (height % this.patchSize !== 0 || width % this.patchSize !== 0) {
      throw inputError({
        what: 'image size',
        found: `${height} x ${width}`,
        expected: `multiples of the patch size ${this.patchSize}`,
      });
    }
    return scope(() => this.proj.forward(x).flatten(2).transpose(1, 2)); // [B, D, h, w] -> [B, D, h*w] -> [B, h*w, D]
  }
}
