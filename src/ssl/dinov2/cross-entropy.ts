import { scope, type Tensor } from '../../torch/index.js';

/**
 * Cross-entropy of softmax(scores / temperature) under the targets, both `[..., K]` and broadcast against each other;
 * returns `[...]`.
 */
export function crossEntropy(scores: Tensor, targets: Tensor, temperature: number): Tensor {
  return scope(() => scores.div(temperature).logSoftmax(-1).mul(targets).sum([-1]).neg());
}
