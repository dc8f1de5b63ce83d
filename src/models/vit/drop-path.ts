import { empty, scope, type Tensor } from '../../torch/index.js';

/**
 * Stochastic depth (Huang et al., 2016): zeroes whole samples of a residual branch `[B, N, D]` with `probability` and
 * scales the others so that the expectation stays (dinov2/layers/drop_path.py).
 */
export function dropPath(x: Tensor, probability: number): Tensor {
  return scope(() => {
    const kept = 1 - probability;
    const mask = empty([x.size(0), 1, 1], x.dtype, x.device)
      .bernoulli_(kept)
      .div_(kept);
    return x.mul(mask);
  });
}
