import { describe, expect, it } from 'vitest';
import { bootstrapPValues, summarize } from './estimate.js';
import { fixture } from './fixtures/load.js';

describe('summarize', () => {
  it('equals NumPy', () => {
    for (const { values, ...expected } of fixture<{ values: number[]; [name: string]: number[] | number }[]>(
      'summaries',
    )) {
      const found = summarize(0.5, Float64Array.from(values), 0.95);
      for (const name of ['mean', 'sd', 'low', 'high'] as const) {
        expect(Math.abs(found[name] - (expected[name] as number))).toBeLessThan(1e-12);
      }
      expect(found).toMatchObject({ estimate: 0.5, undefinedRedraws: 0 });
    }
  });

  it('leaves undefined redraws out and counts them', () => {
    expect(summarize(2, Float64Array.of(1, NaN, 3, NaN), 0.5)).toEqual({
      estimate: 2,
      mean: 2,
      sd: Math.SQRT2,
      low: 1.5,
      high: 2.5,
      undefinedRedraws: 2,
    });
    expect(summarize(NaN, Float64Array.of(NaN), 0.95)).toMatchObject({ mean: NaN, sd: NaN, low: NaN, high: NaN });
  });
});

describe('bootstrapPValues', () => {
  it('is never 0', () => {
    const p = bootstrapPValues(new Float64Array(999).fill(0.1));
    expect(p).toEqual({ pGreater: 1 / 1000, pTwoSided: 2 / 1000 });
  });

  it('counts a redraw without a difference against both directions', () => {
    expect(bootstrapPValues(Float64Array.of(0, 0, 0))).toEqual({ pGreater: 1, pTwoSided: 1 });
    expect(bootstrapPValues(Float64Array.of(-1, 0, 1, 2))).toEqual({ pGreater: 3 / 5, pTwoSided: 1 });
  });

  it('leaves undefined redraws out', () => {
    expect(bootstrapPValues(Float64Array.of(NaN, 1, 1, 1))).toEqual({ pGreater: 1 / 4, pTwoSided: 1 / 2 });
    expect(bootstrapPValues(Float64Array.of(NaN))).toEqual({ pGreater: NaN, pTwoSided: NaN });
  });
});
