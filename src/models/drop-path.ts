import { empty, randperm, scope, type Tensor } from '../torch/index.js';

/**
 * Stochastic depth (Huang et al., 2016): zeroes whole samples of a residual branch `[B, ...]` with `probability` and
 * scales the others so that the expectation stays (dinov2/layers/drop_path.py, timm/layers/drop.py).
 */
export function dropPath(x: Tensor, probability: number): Tensor {
  return scope(() => {
    const kept = 1 - probability;
    const perSample = x.shape.map((size, dimension) => (dimension === 0 ? size : 1));
    const mask = empty(perSample, x.dtype, x.device).bernoulli_(kept);
    return x.mul(kept > 0 ? mask.div_(kept) : mask);
  });
}

/**
 * Stochastic depth that saves work: `branch` sees `floor(B (1 - probability))` random samples of x `[B, ...]`, at least
 * one, and is added to these, scaled so that the expectation stays (dinov2/layers/block.py,
 * drop_add_residual_stochastic_depth).
 */
export function addToSubset(x: Tensor, branch: (part: Tensor) => Tensor, probability: number): Tensor {
  return scope(() => {
    const samples = x.size(0);
    const kept = Math.max(Math.floor(samples * (1 - probability)), 1);
    const chosen = randperm(samples, 'int64', x.device).narrow(0, 0, kept); // [kept]
    const residual = branch(x.indexSelect(0, chosen));
    return x.indexAdd(0, chosen, residual.to(x.dtype), samples / kept);
  });
}
