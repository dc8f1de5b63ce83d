import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.js';
import { averagePrecision } from './average-precision.js';
import { confusion, operatingMetrics } from './confusion.js';
import { fixture } from './fixtures/load.js';
import { LANES, Multiplicities, type RankedScores, RedrawCounter, rankScores } from './ranked-scores.js';
import type { Metric } from './replicates.js';
import { findingColumn } from './scores.js';

interface Redraws {
  findings: number;
  labels: number[];
  scores: number[];
  thresholds: number[];
  redraws: { rows: number[]; findings: Record<Metric, number>[] }[];
}

const counter = new RedrawCounter();

/** What is counted in each lane, given how often each unit occurs in it. */
function countLanes(ranked: RankedScores, redraws: Uint16Array[]) {
  const multiplicities = new Multiplicities(redraws[0]!.length);
  for (const [lane, times] of redraws.entries()) multiplicities.set(lane, times);
  counter.count(ranked, multiplicities);
  return redraws.map((_, lane) => {
    const positives = counter.positives[lane]!;
    const negatives = counter.negatives[lane]!;
    const truePositives = counter.truePositives[lane]!;
    const falsePositives = counter.falsePositives[lane]!;
    return {
      auroc: (positives * negatives - counter.losses[lane]!) / (positives * negatives),
      averagePrecision: counter.precisions[lane]! / positives,
      truePositives,
      falsePositives,
      trueNegatives: negatives - falsePositives,
      falseNegatives: positives - truePositives,
    };
  });
}

describe('rankScores and RedrawCounter', () => {
  it('count a redraw as scikit-learn does the repeated rows', () => {
    const { findings, labels, scores, thresholds, redraws } = fixture<Redraws>('redraws');
    const ranked = thresholds.map((threshold, f) => {
      const column = (matrix: number[]) => findingColumn(Float32Array.from(matrix), findings, f);
      return rankScores(column(scores), column(labels), threshold);
    });
    let undefinedAurocs = 0;
    for (const { rows, findings: expected } of redraws) {
      const multiplicity = new Uint16Array(labels.length / findings);
      for (const row of rows) multiplicity[row]!++;
      for (const [f, reference] of expected.entries()) {
        const [counts] = countLanes(ranked[f]!, [multiplicity]);
        const found = { ...counts!, ...operatingMetrics(counts!) };
        if (Number.isNaN(reference.auroc)) undefinedAurocs++;
        for (const name of Object.keys(reference) as Metric[]) {
          if (Number.isNaN(reference[name])) expect(found[name]).toBeNaN();
          else expect(Math.abs(found[name] - reference[name])).toBeLessThan(1e-12);
        }
      }
    }
    expect(undefinedAurocs).toBeGreaterThan(0);
  });

  it('count eight redraws as scikit-learn does rows with weights', () => {
    const { weighted } = fixture<{
      weighted: { labels: number[]; scores: number[]; times: number[][]; auroc: number[]; averagePrecision: number[] };
    }>('bootstrap');
    const ranked = rankScores(Float32Array.from(weighted.scores), Float32Array.from(weighted.labels), NaN);
    const lanes = weighted.times.map((times) => Uint16Array.from(times));
    expect(lanes).toHaveLength(LANES);
    for (const [lane, found] of countLanes(ranked, lanes).entries()) {
      expect(Math.abs(found.auroc - weighted.auroc[lane]!)).toBeLessThan(1e-12);
      expect(Math.abs(found.averagePrecision - weighted.averagePrecision[lane]!)).toBeLessThan(1e-12);
    }
  });

  it('count as the repeated rows, whatever the ties, labels, threshold, units and multiplicities', () => {
    const row = fc.record({
      score: fc.constantFrom(-Infinity, -2, -0.5, -0, 0, 0.25, 0.5, 0.75, 1),
      label: fc.constantFrom(0, 1, NaN),
      unit: fc.nat(20),
    });
    const times = fc.array(fc.nat(4), { minLength: 21, maxLength: 21 });
    const redraws = fc.array(times, { minLength: 1, maxLength: LANES });
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 40 }),
        fc.constantFrom(-1, 0, 0.3, 0.5, 1, 2),
        redraws,
        (rows, threshold, lanes) => {
          const ranked = rankScores(
            Float32Array.from(rows, ({ score }) => score),
            Float32Array.from(rows, ({ label }) => label),
            threshold,
            Int32Array.from(rows, ({ unit }) => unit),
          );
          const found = countLanes(
            ranked,
            lanes.map((of) => Uint16Array.from(of)),
          );
          for (const [lane, of] of lanes.entries()) {
            const repeated = rows.flatMap((r) => Array<typeof r>(of[r.unit]!).fill(r));
            const scores = repeated.map(({ score }) => score);
            const labels = repeated.map(({ label }) => label);
            const { averagePrecision: precision, ...exact } = found[lane]!;
            expect(exact).toEqual({ ...confusion(scores, labels, threshold), auroc: auroc(scores, labels).auroc });
            const expected = averagePrecision(scores, labels);
            if (Number.isNaN(expected)) expect(precision).toBeNaN();
            else expect(precision).toBeCloseTo(expected, 12);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('count long runs and large multiplicities', () => {
    const rows = 3000;
    const labels = new Float32Array(rows).map((_, i) => (i < 1200 ? 0 : i < 2400 ? 1 : i % 2));
    const scores = labels.map((_, i) => (i < 2400 ? i / rows : 0.9));
    const ranked = rankScores(scores, labels, 0.5);
    const lanes = Array.from({ length: LANES }, (_, lane) => new Uint16Array(rows).fill(255 - lane));
    const [once] = countLanes(ranked, [new Uint16Array(rows).fill(1)]);
    expect(once).toMatchObject({ auroc: auroc(scores, labels).auroc, ...confusion(scores, labels, 0.5) });
    for (const [lane, counts] of countLanes(ranked, lanes).entries()) {
      const times = 255 - lane;
      expect(counts.auroc).toBe(once!.auroc);
      expect(counts.averagePrecision).toBeCloseTo(once!.averagePrecision, 12);
      expect(counts.truePositives).toBe(times * once!.truePositives);
      expect(counts.falsePositives).toBe(times * once!.falsePositives);
    }
  });
});
