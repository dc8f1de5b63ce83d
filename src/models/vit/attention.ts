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
    return scope(() => {
      const [B, N] = [x.size(0), x.size(1)];
      const qkv = this.qkv.forward(x).reshape([B, N, 3, this.heads, this.dim / this.heads]);
      const [q, k, v] = qkv.permute([2, 0, 3, 1, 4]).unbind() as [Tensor, Tensor, Tensor]; // each [B, heads, N, D/heads]
      const attended = scaledDotProductAttention(q, k, v);
      return this.proj.forward(attended.transpose(1, 2).reshape([B, N, this.dim]));
    });
  }
}
