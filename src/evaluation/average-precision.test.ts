import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision, meanPrecisionRecallCurve, precisionRecallCurve } from './average-precision.js';
import { type ClassificationCase, fixture, type MetricsReference } from './fixtures/load.js';

const cases = fixture<ClassificationCase[]>('classification');
const { ranking } = fixture<MetricsReference>('metrics');

const labelledScores = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, 1, NaN)), { maxLength: 40 })
  .map((rows) => ({ scores: rows.map(([score]) => score), labels: rows.map(([, label]) => label) }));

describe('averagePrecision', () => {
  it.each(cases)('equals scikit-learn: $name', ({ name, scores, labels }) => {
    const expected = ranking[name]!.averagePrecision;
    const found = averagePrecision(scores, labels);
    if (Number.isNaN(expected)) expect(found).toBeNaN();
    else expect(Math.abs(found - expected)).toBeLessThan(1e-12);
  });

  it('is the mean over positives of the precision where their score is the threshold', () => {
    fc.assert(
      fc.property(labelledScores, ({ scores, labels }) => {
        const called = (threshold: number) => labels.filter((_, i) => scores[i]! >= threshold && labels[i]! >= 0);
        const precisions = scores
          .filter((_, i) => labels[i] === 1)
          .map((score) => called(score).filter((label) => label === 1).length / called(score).length);
        const mean = precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length;
        const found = averagePrecision(scores, labels);
        if (precisions.length === 0) expect(found).toBeNaN();
        else expect(found).toBeCloseTo(mean, 12);
        expect(averagePrecision(scores.map(Math.exp), labels)).toBe(found);
      }),
    );
  });

  it('is the prevalence where all scores are tied, and 1 where every positive is above', () => {
    expect(averagePrecision([2, 2, 2, 2], [1, 0, 0, 0])).toBe(0.25);
    expect(averagePrecision([4, 3, 2, 1], [1, 1, 0, 0])).toBe(1);
    expect(averagePrecision([2, 1], [1, 1])).toBe(1);
  });
});

describe('precisionRecallCurve', () => {
  it.each(cases.filter(({ name }) => ranking[name]!.precisionRecall))('equals scikit-learn: $name', (reference) => {
    const { precision, recall, thresholds } = ranking[reference.name]!.precisionRecall!;
    const [first, ...points] = precisionRecallCurve(reference.scores, reference.labels);
    expect(first).toEqual({ recall: 0, precision: 1, threshold: Infinity });
    expect(points.map(({ threshold }) => threshold)).toEqual(thresholds);
    for (const [i, point] of points.entries()) {
      expect(Math.abs(point.precision - precision[i + 1]!)).toBeLessThan(1e-12);
      expect(Math.abs(point.recall - recall[i + 1]!)).toBeLessThan(1e-12);
    }
  });

  it('is empty without a positive', () => {
    expect(precisionRecallCurve([1, 2], [0, NaN])).toEqual([]);
  });
});

describe('meanPrecisionRecallCurve', () => {
  it('takes the precision of the first point that reaches a recall', () => {
    const curve = precisionRecallCurve([4, 3, 2, 1], [1, 0, 1, 0]);
    const precisions = meanPrecisionRecallCurve([curve], 4).map(({ precision }) => precision);
    expect(precisions).toEqual([1, 1, 2 / 3, 2 / 3]);
    const perfect = precisionRecallCurve([4, 3, 2, 1], [1, 1, 0, 0]);
    expect(meanPrecisionRecallCurve([curve, perfect], 2)).toEqual([
      { recall: 0.5, precision: 1 },
      { recall: 1, precision: (2 / 3 + 1) / 2 },
    ]);
  });

  it('has the mean average precision as its mean, where its recalls are among the steps', () => {
    fc.assert(
      fc.property(labelledScores, ({ scores, labels }) => {
        const positives = labels.filter((label) => label === 1).length;
        fc.pre(positives > 0);
        const curve = meanPrecisionRecallCurve([precisionRecallCurve(scores, labels)], positives * 7);
        const mean = curve.reduce((sum, { precision }) => sum + precision, 0) / curve.length;
        expect(mean).toBeCloseTo(averagePrecision(scores, labels), 12);
      }),
    );
  });

  it('is empty where a curve is missing', () => {
    expect(meanPrecisionRecallCurve([precisionRecallCurve([2, 1], [1, 0]), []])).toEqual([]);
    expect(meanPrecisionRecallCurve([])).toEqual([]);
  });
});
