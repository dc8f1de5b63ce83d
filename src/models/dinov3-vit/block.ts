import { LayerNorm, Module, scope, type Tensor } from '../../torch/index.js';
import { dropPath } from '../drop-path.js';
import { LayerScale } from '../vit/layer-scale.js';
import { Mlp } from '../vit/mlp.js';
import { Attention } from './attention.js';
import type { Dinov3VitOptions } from './config.js';
import type { Rotation } from './rotary-position-embedding.js';
import { SwiGlu } from './swiglu.js';

/** "layernormbf16", the norm of every published size. */
export const NORM_EPSILON = 1e-5;

/** A pre-norm transformer block, `[B, N, D]` to `[B, N, D]` (dinov3/layers/block.py). */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: LayerScale;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp | SwiGlu;
  readonly ls2: LayerScale;

  constructor(
    { dim, heads, queryBias, keyBias, feedForward, hidden, layerScale }: Dinov3VitOptions,
    private readonly dropProbability: number,
  ) {
    super();
    this.norm1 = new LayerNorm(dim, NORM_EPSILON);
    this.attn = new Attention(dim, heads, queryBias, keyBias);
    this.ls1 = new LayerScale(dim, layerScale);
    this.norm2 = new LayerNorm(dim, NORM_EPSILON);
    this.mlp = feedForward === 'swiglu' ? new SwiGlu(dim, hidden) : new Mlp(dim, hidden);
    this.ls2 = new LayerScale(dim, layerScale);
  }

  forward(x: Tensor, rotation: Rotation): Tensor {
    return scope(() => {
      const attended = x.add(this.drop(this.ls1.forward(this.attn.forward(this.norm1.forward(x), rotation))));
      return attended.add(this.drop(this.ls2.forward(this.mlp.forward(this.norm2.forward(attended)))));
    });
  }

  private drop(branch: Tensor): Tensor {
    return this.training && this.dropProbability > 0 ? dropPath(branch, this.dropProbability) : branch;
  }
}
