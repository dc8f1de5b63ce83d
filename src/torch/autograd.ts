/** Gradients: recorded by default; `backward` accumulates them into the leaves' `grad`. */
import { native } from './binding.js';
import { Tensor } from './tensor.js';
import { adopt } from './tensor-base.js';

/** Adds d(loss)/d(leaf) to the gradient of every leaf that asks for one. The loss has one element. */
export function backward(loss: Tensor): void {
  loss.backwardFrom([]);
}

/** A leaf's accumulated gradient, or null. */
export function gradOf(tensor: Tensor): Tensor | null {
  const handle = native().grad(tensor.handle);
  return handle === null ? null : adopt(new Tensor(handle));
}

/** Replaces a leaf's gradient; null drops it. */
export function setGrad(tensor: Tensor, gradient: Tensor | null): void {
  native().setGrad(tensor.handle, gradient === null ? null : gradient.handle);
}

/** Runs `work` without recording for gradients. */
export function noGrad<T>(work: () => T): T {
  const before = native().setGradEnabled(false);
  try {
    return work();
  } finally {
    native().setGradEnabled(before);
  }
}
