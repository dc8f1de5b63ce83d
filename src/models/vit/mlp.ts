import { Linear, Module, scope, type Tensor } from '../../torch/index.js';

/** Two linear layers with GELU between, `[B, N, D]` to `[B, N, D]` (dinov2/layers/mlp.py). */
export class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(dim: number, hidden: number) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.fc2 = new Linear(hidden, dim);
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.fc2.forward(this.fc1.forward(x).gelu()));
  }
}
