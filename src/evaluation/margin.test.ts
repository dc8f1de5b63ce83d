import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { bootstrapPValues, quantile } from './estimate.js';
import { concludeFrom, marginPValues } from './margin.js';

describe('concludeFrom', () => {
  const words = (low: number, high: number, margin?: number) =>
    Object.entries(concludeFrom({ low, high }, margin))
      .filter(([, holds]) => holds)
      .map(([name]) => name);

  it.each([
    [0.01, 0.05, 0.02, ['superior', 'nonInferior']],
    [-0.01, 0.05, 0.02, ['nonInferior']],
    [-0.01, 0.01, 0.02, ['nonInferior', 'equivalent']],
    [0.005, 0.015, 0.02, ['superior', 'nonInferior', 'equivalent']],
    [-0.015, -0.005, 0.02, ['inferior', 'nonInferior', 'equivalent']],
    [-0.05, -0.03, 0.02, ['inferior']],
    [-0.05, 0.05, 0.02, []],
    [-0.02, 0.01, 0.02, []],
    [0, 0.1, 0.02, ['nonInferior']],
    [0.01, 0.05, undefined, ['superior']],
    [NaN, NaN, 0.02, []],
  ] as const)('%d to %d, margin %d: %j', (low, high, margin, expected) => {
    expect(words(low, high, margin)).toEqual(expected);
  });

  it('refuses a margin of 0', () => {
    expect(() => concludeFrom({ low: 0, high: 1 }, 0)).toThrow('margin 0 is not above 0');
    expect(() => marginPValues(Float64Array.of(1), -0.1)).toThrow('margin -0.1 is not above 0');
  });
});

describe('marginPValues', () => {
  it('counts redraws on the wrong side of the margin, or on it', () => {
    const draws = Float64Array.of(-0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04, NaN);
    expect(marginPValues(draws, 0.02)).toEqual({ pNonInferior: 3 / 9, pEquivalent: 4 / 9 });
    expect(marginPValues(Float64Array.of(NaN), 0.02)).toEqual({ pNonInferior: NaN, pEquivalent: NaN });
  });

  it('is never 0, and with a margin near 0 the p of superiority', () => {
    const draws = Float64Array.from({ length: 999 }, (_, i) => (i - 20) / 1000);
    expect(marginPValues(draws, 5).pEquivalent).toBe(1 / 1000);
    expect(marginPValues(draws, 1e-9).pNonInferior).toBeCloseTo(bootstrapPValues(draws).pGreater, 2);
  });

  it('agrees with the percentile interval about non-inferiority and equivalence, but for one redraw', () => {
    const random = new Random(2);
    for (let i = 0; i < 50; i++) {
      const [center, margin] = [random.between(-0.5, 0.5), random.between(0.1, 1)];
      const ascending = Float64Array.from({ length: 999 }, () => center + 0.1 * random.normal()).sort();
      const interval = { low: quantile(ascending, 0.025), high: quantile(ascending, 0.975) };
      const { nonInferior, equivalent } = concludeFrom(interval, margin);
      const { pNonInferior, pEquivalent } = marginPValues(ascending, margin);
      expect(pNonInferior < (nonInferior ? 0.027 : 0.023)).toBe(nonInferior);
      expect(pEquivalent < (equivalent ? 0.027 : 0.023)).toBe(equivalent);
    }
  });
});
