import { Linear, Module, scaledDotProductAttention, scope, type Tensor } from '../../torch/index.js';

/** Multi-head self-attention, `[B, N, D]` to `[B, N, D]` (dinov2/layers/attention.py). */
export class Attention extends Module {
  readonly qkv: Linear;
  readonly proj: Linear;

  constructor(
    readonly dim: number,
    readonly heads: number,
    qkvBias = true,
  ) {
    super();
    if (dim % heads !== 0) throw new RangeError(`attention: width ${dim} is no multiple of ${heads} heads`);
    this.qkv = new Linear(dim, 3 * dim, qkvBias);
    this.proj = new Linear(dim, dim);
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.proj.forward(this.attended(x)));
  }

  /** What each token takes of all, before the last layer. */
  attended(x: Tensor): Tensor {
    return scope(() => {
      const [q, k, v] = this.projected(x);
      return scaledDotProductAttention(q, k, v)
        .transpose(1, 2)
        .reshape([x.size(0), x.size(1), this.dim]);
    });
  }

  /** How much each token takes of each other, `[B, heads, N, N]`; rows sum to 1. */
  weights(x: Tensor): Tensor {
    return scope(() => {
      const [q, k] = this.projected(x);
      const similarity = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(this.dim / this.heads));
      return similarity.softmax(-1);
    });
  }

  /** Queries, keys and values, each `[B, heads, N, D/heads]`. */
  private projected(x: Tensor): [Tensor, Tensor, Tensor] {
    const qkv = this.qkv.forward(x).reshape([x.size(0), x.size(1), 3, this.heads, this.dim / this.heads]);
    return qkv.permute([2, 0, 3, 1, 4]).unbind() as [Tensor, Tensor, Tensor];
  }
}
