import { empty, scope, type Tensor } from '../torch/index.js';

/**
 * Stochastic depth (Huang et al., 2016): zeroes whole samples of a residual branch `[B, ...]` with `probability` and
 * scales the others so that the expectation stays (dinov2/layers/drop_path.py, timm/layers/drop.py).
 */
export function dropPath(x: Tensor, probability: number): Tensor {
  return scope(() => {
    const kept = 1 - probability;
    const perSample = x.shape.map((size, dimension) => (dimension === 0 ? size : 1));
    const mask = empty(perSample, x.dtype, x.device).bernoulli_(kept).div_(kept);
    return x.mul(mask);
  });
}
