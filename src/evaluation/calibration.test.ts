import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brierDecomposition, brierScore, expectedCalibrationError, reliabilityCurve } from './calibration.js';
import { fixture, type MetricsReference } from './fixtures/load.js';

const cases = fixture<MetricsReference>('metrics').calibration;
const PARTS = ['brier', 'miscalibration', 'discrimination', 'uncertainty'] as const;

const forecasts = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 1, NaN)), { minLength: 1, maxLength: 40 })
  .map((rows) => ({ probabilities: rows.map(([p]) => p / 12), labels: rows.map(([, label]) => label) }))
  .filter(({ labels }) => labels.some((label) => !Number.isNaN(label)));

describe('brierScore and brierDecomposition', () => {
  it.each(cases)('equal scikit-learn with its isotonic regression: $name', ({ probabilities, labels, ...expected }) => {
    const found = brierDecomposition(probabilities, labels);
    for (const part of PARTS) expect(Math.abs(found[part] - expected[part])).toBeLessThan(1e-12);
    expect(brierScore(probabilities, labels)).toBe(found.brier);
  });

  it('has parts that are not negative and make up the score', () => {
    fc.assert(
      fc.property(forecasts, ({ probabilities, labels }) => {
        const { brier, miscalibration, discrimination, uncertainty } = brierDecomposition(probabilities, labels);
        for (const part of [miscalibration, discrimination, uncertainty]) expect(part).toBeGreaterThan(-1e-15);
        expect(miscalibration - discrimination + uncertainty).toBeCloseTo(brier, 14);
        expect(discrimination).toBeLessThanOrEqual(uncertainty);
      }),
    );
  });

  it('is NaN without rows', () => {
    expect(brierScore([0.5], [NaN])).toBeNaN();
    expect(Object.values(brierDecomposition([], []))).toEqual([NaN, NaN, NaN, NaN]);
  });
});

describe('reliabilityCurve', () => {
  it.each(cases)('equals scikit-learn, equal width and equal mass: $name', ({ probabilities, labels, ...expected }) => {
    for (const equal of ['width', 'mass'] as const) {
      const curve = reliabilityCurve(probabilities, labels, { equal });
      const { mean, share, rows, ece } = expected[equal];
      expect(curve.map((bin) => bin.rows)).toEqual(rows);
      for (const [i, bin] of curve.entries()) {
        expect(Math.abs(bin.meanProbability - mean[i]!)).toBeLessThan(1e-12);
        expect(Math.abs(bin.positiveShare - share[i]!)).toBeLessThan(1e-12);
      }
      expect(Math.abs(expectedCalibrationError(curve) - ece)).toBeLessThan(1e-12);
    }
  });

  it('holds every labelled row once, with equal probabilities together', () => {
    fc.assert(
      fc.property(forecasts, fc.integer({ min: 1, max: 15 }), ({ probabilities, labels }, bins) => {
        for (const equal of ['width', 'mass'] as const) {
          const curve = reliabilityCurve(probabilities, labels, { bins, equal });
          const known = labels.filter((label) => !Number.isNaN(label));
          expect(curve.reduce((sum, { rows }) => sum + rows, 0)).toBe(known.length);
          expect(curve.length).toBeLessThanOrEqual(bins);
          const means = curve.map(({ meanProbability }) => meanProbability);
          expect(means).toEqual(means.toSorted((a, b) => a - b));
          // Averaging over a bin hides errors of opposite sign: never above the mean |p - y|, never below the error of one bin.
          const ece = expectedCalibrationError(curve);
          expect(ece).toBeGreaterThanOrEqual(
            expectedCalibrationError(reliabilityCurve(probabilities, labels, { bins: 1 })) - 1e-12,
          );
        }
      }),
    );
  });

  it('puts an edge into the bin below it, and 0 into the first', () => {
    expect(reliabilityCurve([0, 0.5, 0.75, 1], [0, 1, 0, 1], { bins: 2 })).toEqual([
      { rows: 2, meanProbability: 0.25, positiveShare: 0.5 },
      { rows: 2, meanProbability: 0.875, positiveShare: 0.5 },
    ]);
  });

  it('is empty without rows, with a NaN error', () => {
    expect(reliabilityCurve([0.5], [NaN])).toEqual([]);
    expect(reliabilityCurve([], [], { equal: 'mass' })).toEqual([]);
    expect(expectedCalibrationError([])).toBeNaN();
  });

  it('refuses what is no probability or label, other lengths and no bins', () => {
    const expected = 'expected a number from 0 to 1';
    expect(() => reliabilityCurve([0.1, 1.5], [0, 1])).toThrow(`probability 1: found 1.5; ${expected}`);
    expect(() => brierScore([0.1, NaN], [0, 1])).toThrow(`probability 1: found NaN; ${expected}`);
    expect(() => brierScore([0.1, NaN], [0, 2])).toThrow('label 1: found 2');
    expect(() => brierScore([0.1], [0, 1])).toThrow('1 probabilities for 2 labels');
    expect(() => reliabilityCurve([0.1], [0], { bins: 0 })).toThrow('reliabilityCurve: 0 bins');
    expect(brierScore([1.5, 0], [NaN, 0])).toBe(0);
  });
});
