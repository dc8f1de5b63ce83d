import { describe, expect, it } from 'vitest';
import { confusion, OPERATING_METRICS, operatingMetrics } from './confusion.js';
import { type ClassificationCase, fixture } from './fixtures/load.js';

describe('operatingMetrics', () => {
  it.each(fixture<ClassificationCase[]>('classification'))('equals scikit-learn: $name', (reference) => {
    const { scores, labels, threshold, metrics, positives, negatives } = reference;
    const counts = confusion(scores, labels, threshold);
    expect(counts.truePositives + counts.falseNegatives).toBe(positives);
    expect(counts.trueNegatives + counts.falsePositives).toBe(negatives);
    const found = operatingMetrics(counts);
    for (const name of OPERATING_METRICS) {
      if (Number.isNaN(metrics[name])) expect(found[name]).toBeNaN();
      else expect(Math.abs(found[name] - metrics[name])).toBeLessThan(1e-12);
    }
  });

  it('calls a score at the threshold positive', () => {
    expect(confusion([0.5], [1], 0.5).truePositives).toBe(1);
  });

  it('has no precision where nothing is called positive', () => {
    const found = operatingMetrics(confusion([0.1, 0.2], [0, 1], 0.5));
    const rates = { sensitivity: 0, specificity: 1, accuracy: 0.5, balancedAccuracy: 0.5 };
    expect(found).toEqual({ ...rates, precision: NaN, f1: 0, mcc: 0 });
  });

  it('has an MCC of exactly 1 where all is right, and -1 where all is wrong', () => {
    const wrong = { truePositives: 0, falsePositives: 999_983, trueNegatives: 0, falseNegatives: 999_979 };
    const right = { truePositives: 999_979, falsePositives: 0, trueNegatives: 999_983, falseNegatives: 0 };
    expect([right, wrong].map((counts) => operatingMetrics(counts).mcc)).toEqual([1, -1]);
  });

  it('refuses a NaN threshold and other lengths', () => {
    expect(() => confusion([0.5], [1], NaN)).toThrow('confusion: the threshold is NaN');
    expect(() => confusion([0.5], [1, 0], 0.5)).toThrow('1 scores for 2 labels');
  });
});
