import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc, meanRocCurve, rocCurve } from './auroc.js';
import { type ClassificationCase, fixture, type MetricsReference } from './fixtures/load.js';

const cases = fixture<ClassificationCase[]>('classification');

/** Few distinct scores, so that ties are common; unknown labels too. */
const labelledScores = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, 1, NaN)), { maxLength: 40 })
  .map((rows) => ({ scores: rows.map(([score]) => score), labels: rows.map(([, label]) => label) }));

describe('auroc', () => {
  it.each(cases)('equals scikit-learn: $name', ({ scores, labels, positives, negatives, auroc: expected }) => {
    const result = auroc(scores, labels);
    expect(result).toMatchObject({ positives, negatives });
    if (Number.isNaN(expected)) expect(result.auroc).toBeNaN();
    else expect(Math.abs(result.auroc - expected)).toBeLessThan(1e-12);
  });

  it('is the share of pairs in order, ties one half', () => {
    fc.assert(
      fc.property(labelledScores, ({ scores, labels }) => {
        const of = (label: number) => scores.filter((_, i) => labels[i] === label);
        const pairs = of(1).flatMap((p) => of(0).map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
        const share = pairs.reduce<number>((total, win) => total + win, 0) / pairs.length;
        expect(auroc(scores, labels).auroc).toEqual(share);
      }),
    );
  });

  it('does not change under a monotone map, and is complemented by negation and by exchange of the classes', () => {
    fc.assert(
      fc.property(labelledScores, ({ scores, labels }) => {
        const value = auroc(scores, labels).auroc;
        expect(auroc(scores.map(Math.exp), labels).auroc).toBe(value);
        const negated = auroc(
          scores.map((s) => -s),
          labels,
        ).auroc;
        const exchanged = auroc(
          scores,
          labels.map((l) => 1 - l),
        ).auroc;
        if (Number.isNaN(value)) expect([negated, exchanged]).toEqual([NaN, NaN]);
        else for (const complement of [negated, exchanged]) expect(value + complement).toBeCloseTo(1, 12);
      }),
    );
  });

  it('takes infinite scores, and NaN scores where the label is unknown', () => {
    expect(auroc([-Infinity, Infinity, NaN], [0, 1, NaN]).auroc).toBe(1);
  });

  it('refuses what is no label, a NaN score and other lengths', () => {
    expect(() => auroc([0.1, 0.2], [0, -1])).toThrow('label 1: found -1; expected 1, 0 or NaN (unknown).');
    expect(() => auroc([0.1, NaN], [0, 1])).toThrow('score 1: found NaN; expected a number.');
    expect(() => auroc([0.1], [0, 1])).toThrow('1 scores for 2 labels');
  });
});

describe('rocCurve', () => {
  it.each(cases.filter(({ roc }) => roc))('equals scikit-learn: $name', ({ scores, labels, roc }) => {
    const [first, ...points] = rocCurve(scores, labels);
    expect(first).toEqual({ falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity });
    expect(points.map(({ threshold }) => threshold)).toEqual(roc!.thresholds);
    for (const [i, { falsePositiveRate, truePositiveRate }] of points.entries()) {
      expect(Math.abs(falsePositiveRate - roc!.fpr[i + 1]!)).toBeLessThan(1e-12);
      expect(Math.abs(truePositiveRate - roc!.tpr[i + 1]!)).toBeLessThan(1e-12);
    }
  });

  const { ranking } = fixture<MetricsReference>('metrics');
  it.each(cases.filter(({ name }) => ranking[name]!.roc))('keeps every point on request: $name', (reference) => {
    const points = rocCurve(reference.scores, reference.labels, { dropIntermediate: false });
    const { fpr, tpr } = ranking[reference.name]!.roc!;
    expect(points).toHaveLength(fpr.length);
    for (const [i, { falsePositiveRate, truePositiveRate }] of points.entries()) {
      expect(Math.abs(falsePositiveRate - fpr[i]!)).toBeLessThan(1e-12);
      expect(Math.abs(truePositiveRate - tpr[i]!)).toBeLessThan(1e-12);
    }
  });

  it('is empty where a class is missing', () => {
    expect(rocCurve([0.1, 0.2], [0, 0])).toEqual([]);
    expect(rocCurve([], [])).toEqual([]);
  });

  it('has the AUROC as its area', () => {
    fc.assert(
      fc.property(labelledScores, ({ scores, labels }) => {
        const { auroc: expected } = auroc(scores, labels);
        fc.pre(!Number.isNaN(expected));
        const points = rocCurve(scores, labels);
        let area = 0;
        for (const [i, { falsePositiveRate, truePositiveRate }] of points.entries()) {
          const before = points[i - 1];
          if (!before) continue;
          area += ((falsePositiveRate - before.falsePositiveRate) * (truePositiveRate + before.truePositiveRate)) / 2;
        }
        expect(area).toBeCloseTo(expected, 12);
        expect(points.at(-1)).toMatchObject({ falsePositiveRate: 1, truePositiveRate: 1 });
      }),
    );
  });
});

describe('meanRocCurve', () => {
  const perfect = rocCurve([1, 0], [1, 0]);
  const chance = rocCurve([1, 1], [1, 0]);

  it('averages true-positive rates, from (0, 0) to (1, 1)', () => {
    expect(meanRocCurve([perfect, chance], 2)).toEqual([
      { falsePositiveRate: 0, truePositiveRate: 0 },
      { falsePositiveRate: 0, truePositiveRate: 0.5 },
      { falsePositiveRate: 0.5, truePositiveRate: 0.75 },
      { falsePositiveRate: 1, truePositiveRate: 1 },
    ]);
  });

  it('interpolates one curve', () => {
    const curve = rocCurve([3, 3, 2, 1], [1, 0, 1, 0]);
    expect(meanRocCurve([curve], 4).map(({ truePositiveRate }) => truePositiveRate)).toEqual([0, 0, 0.25, 1, 1, 1]);
  });

  it('is empty where a curve is missing', () => {
    expect(meanRocCurve([perfect, []])).toEqual([]);
    expect(meanRocCurve([])).toEqual([]);
  });
});
