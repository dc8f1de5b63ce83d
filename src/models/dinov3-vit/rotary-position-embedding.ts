import { arange, cat, Module, ModuleBuffer, ones, scope, stack, type Tensor, zeros } from '../../torch/index.js';

/** Sine and cosine of each token's angles, `[N, D/2]`, N with the tokens that have no place. */
export interface Rotation {
  sin: Tensor;
  cos: Tensor;
}

/** The longest period; the shortest is 1, half of the range of the coordinates. */
export const ROTARY_BASE = 100;

/**
 * Axial rotary position embedding over coordinates -1..1 of the patches' centres, height and width each by itself, so
 * that it computes for every grid (Su et al., 2021; dinov3/layers/rope_position_encoding.py with normalize_coords
 * "separate"). Its random shifts and scales belong to pretraining and are not here.
 */
export class RotaryPositionEmbedding extends Module {
  /** `[D/4]`. Published files of DINOv3 have them rounded to bfloat16, those of timm and transformers not at all. */
  readonly periods: ModuleBuffer;

  /** `headDim` is D, the width of a head. */
  constructor(headDim: number) {
    super();
    const exponents = scope(() => arange(0, headDim / 4, 1, 'float32').mul(2 / (headDim / 2)));
    this.periods = scope(() => ModuleBuffer.of(exponents.mul(Math.log(ROTARY_BASE)).exp()));
    exponents.free();
  }

  /** For `prefix` tokens that stay as they are, followed by the patches of a grid, row by row. */
  forward([height, width]: readonly [number, number], prefix: number): Rotation {
    return scope(() => {
      const { device } = this.periods;
      const centres = (count: number) => arange(0.5, count, 1, 'float32', device).div(count).mul(2).sub(1);
      const grid = [height, width];
      const coordinates = stack(
        [centres(height).unsqueeze(1).expand(grid), centres(width).unsqueeze(0).expand(grid)],
        -1,
      ).flatten(0, 1); // [H * W, 2]
      const angles = coordinates
        .mul(2 * Math.PI)
        .unsqueeze(-1)
        .div(this.periods) // [H * W, 2, D/4]
        .flatten(1); // [H * W, D/2]
      const still = [prefix, angles.size(1)];
      return {
        sin: cat([zeros(still, 'float32', device), angles.sin()], 0),
        cos: cat([ones(still, 'float32', device), angles.cos()], 0),
      };
    });
  }
}

/**
 * Turns the channels i and i + D/2 of `[B, N, ..., D]` as a pair by the angle i of each token (rope_apply of
 * dinov3/layers/attention.py). `sin` and `cos` have as many dimensions as `x` less the first.
 */
export function rotate(x: Tensor, { sin, cos }: Rotation): Tensor {
  return scope(() => {
    const [a, b] = x.chunk(2, -1) as [Tensor, Tensor];
    return cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1).to(x.dtype);
  });
}
