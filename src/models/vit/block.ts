import { fromArray, Identity, LayerNorm, Module, scope, type Tensor, toBytes } from '../../torch/index.js';
import { addToSubset, chooseSamples, dropFactors, dropPath } from '../drop-path.js';
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

  /**
   * As `forward`, of some tokens alone: `which` numbers them among the B * N. `[B, N, D]` to `[which.length, D]`. All tokens are
   * attended to; the layers after it see these alone.
   */
  forwardTokens(x: Tensor, which: readonly number[]): Tensor {
    return scope(() => {
      const N = x.size(1);
      const samples = which.map((token) => Math.floor(token / N));
      const first = x.flatten(0, 1).indexSelect(0, indices(which, x));
      const attend = (part: Tensor) => this.attn.attended(this.norm1.forward(part)).flatten(0, 1);
      const second = this.residualOfTokens(x, first, samples, (chosen, kept) => {
        const place = new Map(chosen?.map((sample, i) => [sample, i]));
        const within = kept.map((i) => (chosen ? place.get(samples[i]!)! * N + (which[i]! % N) : which[i]!));
        const part = chosen ? x.indexSelect(0, indices(chosen, x)) : x;
        return this.ls1.forward(this.attn.proj.forward(attend(part).indexSelect(0, indices(within, x))));
      });
      return this.residualOfTokens(x, second, samples, (chosen, kept) => {
        const part = chosen ? second.indexSelect(0, indices(kept, x)) : second;
        return this.ls2.forward(this.mlp.forward(this.norm2.forward(part)));
      });
    });
  }

  /**
   * As `residual`, of tokens `[M, D]` of the `samples` (one each) of x. The branch is given the samples that are chosen, null for all,
   * and which of the M tokens are theirs; it returns a row for each of these.
   */
  private residualOfTokens(
    x: Tensor,
    tokens: Tensor,
    samples: readonly number[],
    branch: (chosen: number[] | null, kept: number[]) => Tensor,
  ): Tensor {
    return scope(() => {
      const all = [...samples.keys()];
      const dropped = this.training ? this.dropProbability : 0;
      if (dropped === 0) return tokens.add(branch(null, all));
      if (dropped <= WORTH_SKIPPING) {
        const factors = dropFactors(x, dropped).indexSelect(0, indices(samples, x)).unsqueeze(1); // [M, 1]
        return tokens.add(branch(null, all).mul(factors));
      }
      const { chosen, scale } = chooseSamples(x, dropped);
      const listed = Array.from(new BigInt64Array(toBytes(chosen).buffer), Number);
      const set = new Set(listed);
      const kept = all.filter((i) => set.has(samples[i]!));
      if (kept.length === 0) return tokens.alias();
      return tokens.indexAdd(0, indices(kept, x), branch(listed, kept).to(tokens.dtype), scale);
    });
  }

  /** x + branch(x), with the branch of some samples dropped in training. */
  private residual(x: Tensor, branch: (part: Tensor) => Tensor): Tensor {
    const dropped = this.training ? this.dropProbability : 0;
    if (dropped > WORTH_SKIPPING) return addToSubset(x, branch, dropped);
    return x.add(dropped > 0 ? dropPath(branch(x), dropped) : branch(x));
  }
}

const indices = (values: readonly number[], { device }: Tensor): Tensor =>
  fromArray(BigInt64Array.from(values, BigInt), [values.length], device);
