import { empty, randperm, scope, type Tensor } from '../torch/index.js';

/** Some rows of a batch of `whole` rows, from row `first` on. */
export interface Rows {
  first: number;
  whole: number;
}

let rows: Rows | undefined;

/**
 * Runs `work`, in which a network sees some rows of a batch: stochastic depth then draws for the whole batch and keeps to these
 * rows, so that parts of a batch in several threads, begun with the same state of the generator, drop what one would.
 */
export function withRows<T>(of: Rows, work: () => T): T {
  const before = rows;
  rows = of;
  try {
    return work();
  } finally {
    rows = before;
  }
}

/**
 * Stochastic depth (Huang et al., 2016): zeroes whole samples of a residual branch `[B, ...]` with `probability` and
 * scales the others so that the expectation stays (dinov2/layers/drop_path.py, timm/layers/drop.py).
 */
export function dropPath(x: Tensor, probability: number): Tensor {
  return scope(() => {
    const factors = dropFactors(x, probability);
    return x.mul(factors.reshape([x.size(0), ...x.shape.slice(1).map(() => 1)]));
  });
}

/** The factors of `dropPath`, one for each sample of x: `[B]`. */
export function dropFactors(x: Tensor, probability: number): Tensor {
  return scope(() => {
    const kept = 1 - probability;
    const { first, whole } = rows ?? { first: 0, whole: x.size(0) };
    const mask = empty([whole], x.dtype, x.device).bernoulli_(kept).narrow(0, first, x.size(0));
    return kept > 0 ? mask.div_(kept) : mask;
  });
}

/**
 * Stochastic depth that saves work: `branch` sees `floor(B (1 - probability))` random samples of x `[B, ...]`, at least
 * one, and is added to these, scaled so that the expectation stays (dinov2/layers/block.py,
 * drop_add_residual_stochastic_depth).
 */
export function addToSubset(x: Tensor, branch: (part: Tensor) => Tensor, probability: number): Tensor {
  return scope(() => {
    const { chosen, scale } = chooseSamples(x, probability);
    if (chosen.size(0) === 0) return x.alias();
    const residual = branch(x.indexSelect(0, chosen));
    return x.indexAdd(0, chosen, residual.to(x.dtype), scale);
  });
}

/** Which samples of x `addToSubset` chooses, `[kept]`, int64, and how it scales what it adds to them. */
export function chooseSamples(x: Tensor, probability: number): { chosen: Tensor; scale: number } {
  return scope(() => {
    const { first, whole } = rows ?? { first: 0, whole: x.size(0) };
    const kept = Math.max(Math.floor(whole * (1 - probability)), 1);
    const drawn = randperm(whole, 'int64', x.device).narrow(0, 0, kept);
    const chosen = x.size(0) === whole ? drawn : between(drawn.sub(first), x.size(0));
    return { chosen, scale: whole / kept };
  });
}

/** Those of `numbers` that are 0 to `end` - 1, in their order. */
const between = (numbers: Tensor, end: number): Tensor =>
  numbers.maskedSelect(numbers.ge(0).logicalAnd(numbers.lt(end)));
