import { noGrad } from '../autograd.js';
import type { Tensor } from '../tensor.js';

let skipping = false;

/**
 * Runs `work` without filling the parameters that it makes: their memory stays untouched, so that a network of any size
 * is built at once. For networks whose weights are loaded right after.
 */
export function withoutInitialization<T>(work: () => T): T {
  const before = skipping;
  skipping = true;
  try {
    return work();
  } finally {
    skipping = before;
  }
}

/** Fills parameters, unless `withoutInitialization` is at work; nothing of it is recorded for gradients. */
export function initialize(fill: () => unknown): void {
  if (!skipping) noGrad(fill);
}

/** `tensor`, filled by `fill` unless `withoutInitialization` is at work. */
export function initialized(tensor: Tensor, fill: (tensor: Tensor) => unknown): Tensor {
  initialize(() => fill(tensor));
  return tensor;
}
