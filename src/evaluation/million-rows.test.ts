import { describe, expect, it } from 'vitest';
import { auroc, rocCurve } from './auroc.js';
import { averagePrecision, precisionRecallCurve } from './average-precision.js';
import { brierDecomposition, expectedCalibrationError, reliabilityCurve } from './calibration.js';
import { fitPlatt, fitTemperature } from './calibration-scaling.js';
import { fixture, type MetricsReference } from './fixtures/load.js';
import { chooseThreshold } from './threshold.js';

const { million } = fixture<MetricsReference>('metrics');
const { rows } = million;

/** Uniform in [0, 1): MurmurHash3's finalizer of the row's number. make-metrics.py has the same. */
function hashed(salt: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let h = Math.imul(row + 1, 0x9e3779b1) ^ salt;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}

const probabilities = hashed(1);
const [label, known] = [hashed(2), hashed(3)];
const labels = probabilities.map((p, i) => (known[i]! < 0.1 ? NaN : label[i]! < p * p ? 1 : 0));
const sum = <T>(items: T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);

/** Sums over a million terms differ by their rounding. */
const near = (found: number, expected: number, tolerance: number) =>
  expect(Math.abs(found - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(tolerance);

// Seconds of a quiet core; far more where the others are busy.
describe('a million rows', { timeout: 300_000 }, () => {
  it.each(['distinct', 'tied'] as const)('rank as in scikit-learn, %s scores', (name) => {
    const scores = name === 'tied' ? probabilities.map((p) => Math.floor(p * 1000) / 1000) : probabilities;
    const expected = million[name];
    const area = auroc(scores, labels);
    expect([area.positives, area.positives + area.negatives]).toEqual([million.positives, million.known]);
    near(area.auroc, expected.auroc, 1e-12);
    near(averagePrecision(scores, labels), expected.averagePrecision, 1e-12);
    const roc = rocCurve(scores, labels);
    expect(roc).toHaveLength(expected.roc.points);
    near(
      sum(roc, (point) => point.falsePositiveRate),
      expected.roc.fpr,
      1e-11,
    );
    near(
      sum(roc, (point) => point.truePositiveRate),
      expected.roc.tpr,
      1e-11,
    );
    const curve = precisionRecallCurve(scores, labels);
    expect(curve).toHaveLength(expected.precisionRecall.points);
    near(
      sum(curve, ({ precision }) => precision),
      expected.precisionRecall.precision,
      1e-11,
    );
    near(
      sum(curve, ({ recall }) => recall),
      expected.precisionRecall.recall,
      1e-11,
    );
    for (const rule of ['sensitivity', 'specificity'] as const) {
      expect(chooseThreshold({ [rule]: 0.9 } as { sensitivity: number }, scores, labels)).toBe(expected[rule]);
    }
  });

  it('are calibrated as in scikit-learn and scipy', () => {
    const expected = million.distinct;
    const parts = brierDecomposition(probabilities, labels);
    for (const part of ['brier', 'miscalibration', 'discrimination', 'uncertainty'] as const) {
      near(parts[part], expected[part], 1e-11);
    }
    for (const equal of ['width', 'mass'] as const) {
      const curve = reliabilityCurve(probabilities, labels, { equal });
      expect(curve.map((bin) => bin.rows)).toEqual(expected[equal].rows);
      near(expectedCalibrationError(curve), expected[equal].ece, 1e-11);
    }
    near(fitTemperature(probabilities, labels), expected.temperature, 1e-11);
    const { slope, intercept } = fitPlatt(probabilities, labels);
    near(slope, expected.platt!.slope, 1e-8);
    near(intercept, expected.platt!.intercept, 1e-8);
  });
});
