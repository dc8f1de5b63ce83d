/** Which images an epoch shows: rare findings more often than they are. */
import { InputError, Random } from '../base/index.js';

export const SAMPLINGS = ['shuffled', 'square-root', 'class-balanced'] as const;
/** 'shuffled': each image once. The others draw as many images with replacement. */
export type Sampling = (typeof SAMPLINGS)[number];

/** q: a class of n images is drawn with a probability proportional to n^q (Kang et al., 2020, equation 1). */
const EXPONENT = { 'square-root': 0.5, 'class-balanced': 0 } as const;

/**
 * Probability of each image, `[N]`, of labels `[N * F]` (1, 0, NaN for unknown): a class is drawn with a probability proportional to n^q, then one
 * of its n images. The classes are the findings, each with its known positives, and the images without any positive. An image of several
 * findings comes with each of them: p = sum over its classes of n^(q - 1), divided by the sum of all (for q = 0 class-aware sampling as in
 * Wu et al., "Distribution-balanced loss", 2020, equation 1). Null for 'shuffled'.
 */
export function samplingWeights(labels: Float32Array, findings: number, sampling: Sampling): Float64Array | null {
  if (sampling === 'shuffled') return null;
  const images = labels.length / findings;
  const counts = new Float64Array(findings + 1);
  const classesOf = (image: number): number[] => {
    const positive = [];
    for (let f = 0; f < findings; f++) if (labels[image * findings + f] === 1) positive.push(f);
    return positive.length > 0 ? positive : [findings];
  };
  for (let image = 0; image < images; image++) for (const each of classesOf(image)) counts[each]!++;
  const share = counts.map((count) => count ** (EXPONENT[sampling] - 1));
  const weights = Float64Array.from({ length: images }, (_, image) =>
    classesOf(image).reduce((sum, each) => sum + share[each]!, 0),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * As many images as there are weights, drawn with replacement with probabilities proportional to them (as torch.utils.data.WeightedRandomSampler).
 * The draws depend on seed and epoch alone. Throws an InputError where no weight is positive.
 */
export function weightedOrder(weights: Float64Array, seed: number, epoch: number): Int32Array {
  const random = Random.of(seed, 'sample', epoch);
  let total = 0;
  const sums = weights.map((weight) => {
    total += weight;
    return total;
  });
  if (!(total > 0)) throw new InputError(`sampling: found weights that sum to ${total}; expected a positive sum`);
  return Int32Array.from(weights, () => firstAbove(sums, random.uniform() * total));
}

/** Index of the first of the ascending values that is more than `value`. */
function firstAbove(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
