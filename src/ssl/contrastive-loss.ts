import { arange, cat, eye, noGrad, scope, type Tensor } from '../torch/index.js';

/**
 * NT-Xent, the loss of SimCLR (Chen et al., 2020, equation 1): every embedding must find its other view among all
 * others of the batch. `first` and `second` `[B, D]` are the two views; returns a scalar.
 */
export function contrastiveLoss(first: Tensor, second: Tensor, temperature: number): Tensor {
  return scope(() => {
    const B = first.size(0);
    const both = cat([first, second]); // [2B, D]
    const unit = both.div(both.vectorNorm(2, [1], true).clamp(1e-12));
    const similarities = unit.matmul(unit.transpose(0, 1)).div(temperature); // [2B, 2B]
    const self = noGrad(() => eye(2 * B, 'bool', first.device));
    const partner = noGrad(() =>
      cat([arange(B, 2 * B, 1, 'int64', first.device), arange(0, B, 1, 'int64', first.device)]),
    );
    return similarities.maskedFill(self, Number.NEGATIVE_INFINITY).crossEntropyLoss(partner);
  });
}

/** Collapse shows as a standard deviation near 0: the mean over dimensions of unit embeddings `[B, D]`, times sqrt(D). */
export function embeddingSpread(embeddings: Tensor): number {
  return scope(() =>
    noGrad(() => {
      const unit = embeddings.div(embeddings.vectorNorm(2, [1], true).clamp(1e-12));
      return unit.std([0]).mean().item() * Math.sqrt(embeddings.size(1));
    }),
  );
}
