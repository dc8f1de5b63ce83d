import { Linear, Module, scope, type Tensor } from '../../torch/index.js';

/** SwiGLU in three linear layers, `[B, N, D]` to `[B, N, D]` (Shazeer, 2020; dinov3/layers/ffn_layers.py). */
export class SwiGlu extends Module {
  readonly w1: Linear;
  readonly w2: Linear;
  readonly w3: Linear;

  constructor(dim: number, hidden: number) {
    super();
    this.w1 = new Linear(dim, hidden);
    this.w2 = new Linear(dim, hidden);
    this.w3 = new Linear(hidden, dim);
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.w3.forward(this.w1.forward(x).silu().mul(this.w2.forward(x))));
  }
}
