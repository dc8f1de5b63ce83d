/** Mixup (Zhang et al., 2018): training on weighted sums of two images and of their labels. */
import type { Random } from '../base/index.js';
import { fromArray, noGrad, scope, type Tensor } from '../torch/index.js';

/** How the images of one batch are mixed: `share` of each with 1 - `share` of its partner. */
export interface Mixup {
  /** Row of each image's partner, `[B]`: a permutation. */
  partners: Int32Array;
  share: number;
}

/** Draws one share of the whole batch from Beta(alpha, alpha), and the partners, as the paper's code (mixup-cifar10, `mixup_data`). */
export function drawMixup(images: number, alpha: number, random: Random): Mixup {
  return { share: symmetricBeta(alpha, random), partners: random.permutation(images) };
}

/** The images `[B, C, H, W]`, mixed; a tensor of its own. */
export function mixImages(x: Tensor, { partners, share }: Mixup): Tensor {
  return noGrad(() =>
    scope(() => {
      const index = fromArray(BigInt64Array.from(partners, BigInt), [partners.length], x.device);
      return x.mul(share).add_(x.indexSelect(0, index).mul_(1 - share));
    }),
  );
}

/** A draw from Beta(alpha, alpha), within 0..1: the share of one of two draws from Gamma(alpha). */
export function symmetricBeta(alpha: number, random: Random): number {
  const [one, other] = [logGamma(alpha, random), logGamma(alpha, random)];
  return 1 / (1 + Math.exp(other - one));
}

/**
 * Logarithm of a draw from Gamma(shape, 1) (Marsaglia and Tsang, 2000; below a shape of 1 by Gamma(shape + 1) U^(1 / shape)), as the draw
 * itself may be too small for a number.
 */
function logGamma(shape: number, random: Random): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}
