import { Identity, LayerNorm, Module, scope, type Tensor } from '../../torch/index.js';
import { dropPath } from '../drop-path.js';
import { Attention } from './attention.js';
import { LayerScale } from './layer-scale.js';
import { Mlp } from './mlp.js';

export interface BlockOptions {
  dim: number;
  heads: number;
  mlpRatio: number;
  /** Initial LayerScale, or null for none. */
  layerScale: number | null;
  /** Probability of dropping a residual branch of a sample in training. */
  dropPath: number;
}

/** A pre-norm transformer block, `[B, N, D]` to `[B, N, D]` (dinov2/layers/block.py). */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: LayerScale | Identity;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly ls2: LayerScale | Identity;
  private readonly dropProbability: number;

  constructor({ dim, heads, mlpRatio, layerScale, dropPath: probability }: BlockOptions) {
    super();
    const scale = () => (layerScale === null ? new Identity() : new LayerScale(dim, layerScale));
    this.norm1 = new LayerNorm(dim, 1e-6);
    this.attn = new Attention(dim, heads);
    this.ls1 = scale();
    this.norm2 = new LayerNorm(dim, 1e-6);
    this.mlp = new Mlp(dim, dim * mlpRatio);
    this.ls2 = scale();
    this.dropProbability = probability;
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const attended = x.add(this.drop(this.ls1.forward(this.attn.forward(this.norm1.forward(x)))));
      return attended.add(this.drop(this.ls2.forward(this.mlp.forward(this.norm2.forward(attended)))));
    });
  }

  private drop(branch: Tensor): Tensor {
    return this.training && this.dropProbability > 0 ? dropPath(branch, this.dropProbability) : branch;
  }
}
