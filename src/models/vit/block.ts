import { Identity, LayerNorm, Module, scope, type Tensor } from '../../torch/index.js';
import { addToSubset, dropPath } from '../drop-path.js';
import { Attention } from './attention.js';
import { LayerScale } from './layer-scale.js';
import { Mlp } from './mlp.js';
import { SwiGlu } from './swiglu.js';

export interface BlockOptions {
  dim: number;
  heads: number;
  qkvBias: boolean;
  feedForward: 'mlp' | 'swiglu';
  /** Width inside the feed-forward layer. */
  hidden: number;
  normEpsilon: number;
  /** Initial LayerScale, or null for none. */
  layerScale: number | null;
  /** Probability of dropping a residual branch of a sample in training. */
  dropPath: number;
}

/** Above it, choosing samples costs less than the branches that it saves (dinov2/layers/block.py). */
const WORTH_SKIPPING = 0.1;

/** A pre-norm transformer block, `[B, N, D]` to `[B, N, D]` (dinov2/layers/block.py). */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: LayerScale | Identity;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp | SwiGlu;
  readonly ls2: LayerScale | Identity;
  private readonly dropProbability: number;

  constructor(options: BlockOptions) {
    super();
    const { dim, hidden, normEpsilon, layerScale } = options;
    const scale = () => (layerScale === null ? new Identity() : new LayerScale(dim, layerScale));
    this.norm1 = new LayerNorm(dim, normEpsilon);
    this.attn = new Attention(dim, options.heads, options.qkvBias);
    this.ls1 = scale();
    this.norm2 = new LayerNorm(dim, normEpsilon);
    this.mlp = options.feedForward === 'swiglu' ? new SwiGlu(dim, hidden) : new Mlp(dim, hidden);
    this.ls2 = scale();
    this.dropProbability = options.dropPath;
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const attended = this.residual(x, (part) => this.ls1.forward(this.attn.forward(this.norm1.forward(part))));
      return this.residual(attended, (part) => this.ls2.forward(this.mlp.forward(this.norm2.forward(part))));
    });
  }

  /** x + branch(x), with the branch of some samples dropped in training. */
  private residual(x: Tensor, branch: (part: Tensor) => Tensor): Tensor {
    const dropped = this.training ? this.dropProbability : 0;
    if (dropped > WORTH_SKIPPING) return addToSubset(x, branch, dropped);
    return x.add(dropped > 0 ? dropPath(branch(x), dropped) : branch(x));
  }
}
