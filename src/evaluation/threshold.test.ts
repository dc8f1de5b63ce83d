import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confusion } from './confusion.js';
import { type ClassificationCase, fixture } from './fixtures/load.js';
import { chooseThreshold } from './threshold.js';

describe('chooseThreshold', () => {
  it.each(fixture<ClassificationCase[]>('classification'))(
    'equals scikit-learn: $name',
    ({ scores, labels, youden }) => {
      expect(chooseThreshold('youden', scores, labels)).toBe(youden);
    },
  );

  it('reaches the largest index of all scores, at the highest score that does', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 1)), { minLength: 2 });
    fc.assert(
      fc.property(rows, (pairs) => {
        const scores = pairs.map(([score]) => score);
        const labels = pairs.map(([, label]) => label);
        fc.pre(labels.includes(0) && labels.includes(1));
        const indexAt = (threshold: number) => {
          const {
            truePositives: tp,
            falsePositives: fp,
            trueNegatives,
            falseNegatives,
          } = confusion(scores, labels, threshold);
          return tp * (fp + trueNegatives) - fp * (tp + falseNegatives);
        };
        const chosen = chooseThreshold('youden', scores, labels);
        expect(scores).toContain(chosen);
        for (const score of scores) {
          if (score > chosen) expect(indexAt(score)).toBeLessThan(indexAt(chosen));
          else expect(indexAt(score)).toBeLessThanOrEqual(indexAt(chosen));
        }
      }),
    );
  });

  it('takes the highest of tied thresholds', () => {
    expect(chooseThreshold('youden', [4, 3, 2, 1], [1, 0, 1, 0])).toBe(4);
  });
});
