import { Linear, Module, scope, type Tensor } from '../../torch/index.js';

/**
 * A feed-forward layer whose hidden values are gated by SiLU, `[B, N, D]` to `[B, N, D]` (Shazeer, 2020;
 * dinov2/layers/swiglu_ffn.py): w3(silu(a) b), with a and b the halves of w12(x).
 */
export class SwiGlu extends Module {
  readonly w12: Linear;
  readonly w3: Linear;

  constructor(dim: number, hidden: number) {
    super();
    this.w12 = new Linear(dim, 2 * hidden);
    this.w3 = new Linear(hidden, dim);
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const [gate, value] = this.w12.forward(x).chunk(2, -1) as [Tensor, Tensor]; // each [B, N, hidden]
      return this.w3.forward(gate.silu().mul(value));
    });
  }
}
