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
    expect(found).toEqual({ sensitivity: 0, specificity: 1, precision: NaN, f1: 0, accuracy: 0.5 });
  });

  it('refuses a NaN threshold and other lengths', () => {
    expect(() => confusion([0.5], [1], NaN)).toThrow('confusion: the threshold is NaN');
    expect(() => confusion([0.5], [1, 0], 0.5)).toThrow('1 scores for 2 labels');
  });
});
