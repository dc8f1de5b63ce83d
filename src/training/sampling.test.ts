import { describe, expect, it } from 'vitest';
import { InputError } from '../base/index.js';
import { samplingWeights, weightedOrder } from './sampling.js';

const UNKNOWN = Number.NaN;
/** Two findings: the first with four positives, the second with one, which has both; three images with none. */
const LABELS = Float32Array.of(1, 0, 1, 0, 1, UNKNOWN, 1, 1, 0, 0, UNKNOWN, 0, 0, UNKNOWN);

describe('the weights of images', () => {
  it('give every class the same probability where classes are balanced', () => {
    // Classes of 4, 1 and 3 images, a third each.
    const expected = [1 / 12, 1 / 12, 1 / 12, 1 / 12 + 1 / 3, 1 / 9, 1 / 9, 1 / 9];
    const weights = samplingWeights(LABELS, 2, 'class-balanced')!;
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i]!, 12);
  });

  it('give a class a probability that grows with the root of its images', () => {
    const [a, b, c] = [Math.sqrt(4), Math.sqrt(1), Math.sqrt(3)];
    const weights = samplingWeights(LABELS, 2, 'square-root')!.map((weight) => weight * (a + b + c));
    const expected = [a / 4, a / 4, a / 4, a / 4 + b, c / 3, c / 3, c / 3];
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i]!, 12);
  });

  it('are those of the images, equal, where each class has one', () => {
    expect([...samplingWeights(Float32Array.of(1, 0, 0, 1, 0, 0), 2, 'class-balanced')!]).toEqual(
      [1 / 3, 1 / 3, 1 / 3].map((value) => expect.closeTo(value, 12)),
    );
    expect(samplingWeights(LABELS, 2, 'shuffled')).toBeNull();
  });

  it('do not mind a finding without a positive', () => {
    expect([...samplingWeights(Float32Array.of(0, 1, 0, 0), 2, 'class-balanced')!]).toEqual([0.5, 0.5]);
  });
});

describe('an order by weights', () => {
  it('draws as often as the weights say, and never what weighs nothing', () => {
    const weights = Float64Array.from({ length: 20_000 }, (_, i) => i % 4);
    const order = weightedOrder(weights, 1, 0);
    const counts = [0, 0, 0, 0];
    for (const i of order) counts[i % 4]!++;
    expect(order).toHaveLength(20_000);
    expect(counts[0]).toBe(0);
    for (const k of [1, 2, 3]) expect(counts[k]! / 20_000 / (k / 6)).toBeCloseTo(1, 1.5);
  });

  it('depends on seed and epoch alone', () => {
    const weights = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const order = (seed: number, epoch: number) => [...weightedOrder(weights, seed, epoch)];
    expect(order(1, 2)).toEqual(order(1, 2));
    expect(order(1, 2)).not.toEqual(order(1, 3));
    expect(order(1, 2)).not.toEqual(order(2, 2));
    expect(() => weightedOrder(new Float64Array(3), 1, 0)).toThrow(InputError);
  });
});
