import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confusion, operatingMetrics } from './confusion.js';
import { type ClassificationCase, fixture, type MetricsReference } from './fixtures/load.js';
import { chooseThreshold, type ThresholdRule } from './threshold.js';

const cases = fixture<ClassificationCase[]>('classification');

const bothClasses = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 1)), { minLength: 2 })
  .map((rows) => ({ scores: rows.map(([score]) => score), labels: rows.map(([, label]) => label) }))
  .filter(({ labels }) => labels.includes(0) && labels.includes(1));

describe('chooseThreshold', () => {
  it.each(cases)('equals scikit-learn: $name', ({ scores, labels, youden }) => {
    expect(chooseThreshold('youden', scores, labels)).toBe(youden);
  });

  it('reaches the largest index of all scores, at the highest score that does', () => {
    fc.assert(
      fc.property(bothClasses, ({ scores, labels }) => {
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

  const ranking = Object.entries(fixture<MetricsReference>('metrics').ranking).filter(([, it]) => it.thresholds);
  it.each(ranking)("equals the best of all of scikit-learn's confusion matrices: %s", (name, { thresholds }) => {
    const { scores, labels } = cases.find((it) => it.name === name)!;
    // Without the sign of 0, which does not count.
    const chosen = (rule: ThresholdRule) => chooseThreshold(rule, scores, labels) + 0;
    expect(chosen('f1')).toBe(thresholds!.f1 + 0);
    for (const [i, share] of [0.9, 1].entries()) {
      expect(chosen({ sensitivity: share })).toBe(thresholds!.sensitivity[i]! + 0);
      expect(chosen({ specificity: share })).toBe(thresholds!.specificity[i]! + 0);
    }
  });

  it('finds or spares at least the share wanted, and would not a step further', () => {
    const share = fc.integer({ min: 0, max: 20 }).map((twentieths) => twentieths / 20);
    fc.assert(
      fc.property(bothClasses, share, ({ scores, labels }, wanted) => {
        const at = (threshold: number) => operatingMetrics(confusion(scores, labels, threshold));
        const finding = chooseThreshold({ sensitivity: wanted }, scores, labels);
        expect(at(finding).sensitivity).toBeGreaterThanOrEqual(wanted);
        const sparing = chooseThreshold({ specificity: wanted }, scores, labels);
        expect(at(sparing).specificity).toBeGreaterThanOrEqual(wanted);
        for (const score of scores) {
          if (score > finding) expect(at(score).sensitivity).toBeLessThan(wanted);
          if (score < sparing) expect(at(score).specificity).toBeLessThan(wanted);
        }
      }),
    );
  });

  it('reaches the largest F1 of all scores', () => {
    fc.assert(
      fc.property(bothClasses, ({ scores, labels }) => {
        const at = (threshold: number) => operatingMetrics(confusion(scores, labels, threshold)).f1;
        const chosen = at(chooseThreshold('f1', scores, labels));
        for (const score of scores) expect(at(score)).toBeLessThanOrEqual(chosen + 1e-15);
      }),
    );
  });

  it('takes the highest of tied thresholds', () => {
    expect(chooseThreshold('youden', [4, 3, 2, 1], [1, 0, 1, 0])).toBe(4);
    expect(chooseThreshold('f1', [4, 3, 2, 1], [1, 0, 0, 1])).toBe(4);
  });

  it('goes just above the highest score where it must call nothing', () => {
    for (const highest of [0.75, 0, -0.75]) {
      const chosen = chooseThreshold({ specificity: 1 }, [highest, -1], [0, 1]);
      expect(chosen).toBeGreaterThan(highest);
      expect(chosen - highest).toBeLessThan(1e-15);
    }
    expect(chooseThreshold({ specificity: 1 }, [Infinity, -1], [0, 1])).toBeNaN();
  });

  it('needs both classes unless the threshold is given', () => {
    for (const rule of ['youden', 'f1', { sensitivity: 0.9 }, { specificity: 0.9 }] as const) {
      expect(chooseThreshold(rule, [0.1, 0.2], [1, NaN])).toBeNaN();
      expect(chooseThreshold(rule, [0.1, 0.2], [0, 0])).toBeNaN();
    }
    expect(chooseThreshold({ value: 0.5 }, [0.1, 0.2], [0, 0])).toBe(0.5);
  });

  it('refuses shares outside 0..1 and a NaN', () => {
    expect(() => chooseThreshold({ sensitivity: 1.1 }, [1, 2], [0, 1])).toThrow('{"sensitivity":1.1} is no share 0..1');
    expect(() => chooseThreshold({ specificity: NaN }, [1, 2], [0, 1])).toThrow('no share 0..1');
    expect(() => chooseThreshold({ value: NaN }, [1, 2], [0, 1])).toThrow('chooseThreshold');
  });
});
