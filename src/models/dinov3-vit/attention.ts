import {
  cat,
  Linear,
  Module,
  ModuleBuffer,
  ones,
  scaledDotProductAttention,
  scope,
  type Tensor,
  zeros,
} from '../../torch/index.js';
import { type Rotation, rotate } from './rotary-position-embedding.js';

/** A linear layer for queries, keys and values in which a mask can take the keys' bias out (dinov3's LinearKMaskedBias). */
class QueryKeyValue extends Linear {
  readonly bias_mask: ModuleBuffer | null; // [3 D]

  constructor(dim: number, bias: boolean, keyBias: boolean) {
    super(dim, 3 * dim, bias);
    const kept = () => ones([dim], 'float32');
    this.bias_mask =
      bias && !keyBias ? scope(() => ModuleBuffer.of(cat([kept(), zeros([dim], 'float32'), kept()], 0))) : null;
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, bias_mask } = this;
    return bias && bias_mask ? scope(() => x.linear(weight, bias.mul(bias_mask))) : super.forward(x);
  }
}

/** Multi-head self-attention with rotary positions, `[B, N, D]` to `[B, N, D]` (dinov3/layers/attention.py). */
export class Attention extends Module {
  readonly qkv: QueryKeyValue;
  readonly proj: Linear;

  constructor(
    readonly dim: number,
    readonly heads: number,
    bias: boolean,
    keyBias: boolean,
  ) {
    super();
    this.qkv = new QueryKeyValue(dim, bias, keyBias);
    this.proj = new Linear(dim, dim);
  }

  forward(x: Tensor, { sin, cos }: Rotation): Tensor {
    return scope(() => {
      const [B, N] = [x.size(0), x.size(1)];
      const qkv = this.qkv.forward(x).reshape([B, N, 3, this.heads, this.dim / this.heads]);
      const angles = [N, 1, 1, sin.size(-1)];
      const rotation = { sin: sin.reshape(angles), cos: cos.reshape(angles) };
      const [q, k] = rotate(qkv.narrow(2, 0, 2), rotation)
        .permute([2, 0, 3, 1, 4])
        .unbind() as [Tensor, Tensor];
      const v = qkv.select(2, 2).transpose(1, 2); // [B, heads, N, D/heads], as q and k
      const attended = scaledDotProductAttention(q, k, v);
      return this.proj.forward(attended.transpose(1, 2).reshape([B, N, this.dim]));
    });
  }
}
