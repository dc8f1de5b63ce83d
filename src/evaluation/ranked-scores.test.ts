import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.js';
import { confusion, OPERATING_METRICS, type OperatingMetric, operatingMetrics } from './confusion.js';
import { fixture } from './fixtures/load.js';
import { RankedScores } from './ranked-scores.js';
import { findingColumn } from './scores.js';

interface Redraws {
  findings: number;
  labels: number[];
  scores: number[];
  thresholds: number[];
  redraws: { rows: number[]; findings: Record<'auroc' | OperatingMetric, number>[] }[];
}

describe('RankedScores', () => {
  it('counts a redraw as scikit-learn does the repeated rows', () => {
    const { findings, labels, scores, thresholds, redraws } = fixture<Redraws>('redraws');
    const ranked = thresholds.map((threshold, f) => {
      const column = (matrix: number[]) => findingColumn(Float32Array.from(matrix), findings, f);
      return new RankedScores(column(scores), column(labels), threshold);
    });
    let undefinedAurocs = 0;
    for (const { rows, findings: expected } of redraws) {
      const multiplicity = new Uint16Array(labels.length / findings);
      for (const row of rows) multiplicity[row]!++;
      for (const [f, reference] of expected.entries()) {
        const counts = ranked[f]!.count(multiplicity);
        const positives = counts.truePositives + counts.falseNegatives;
        const negatives = counts.trueNegatives + counts.falsePositives;
        const found = { auroc: counts.wins / (positives * negatives), ...operatingMetrics(counts) };
        if (Number.isNaN(reference.auroc)) undefinedAurocs++;
        for (const name of ['auroc', ...OPERATING_METRICS] as const) {
          if (Number.isNaN(reference[name])) expect(found[name]).toBeNaN();
          else expect(Math.abs(found[name] - reference[name])).toBeLessThan(1e-12);
        }
      }
    }
    expect(undefinedAurocs).toBeGreaterThan(0);
  });

  it('counts as the repeated rows, whatever the ties, labels, threshold and multiplicities', () => {
    const row = fc.record({
      score: fc.constantFrom(-Infinity, 0, 0.25, 0.5, 0.75, 1),
      label: fc.constantFrom(0, 1, NaN),
      times: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.constantFrom(-1, 0, 0.3, 0.5, 1, 2), (rows, threshold) => {
        const repeated = rows.flatMap((r) => Array<typeof r>(r.times).fill(r));
        const ranked = new RankedScores(
          rows.map(({ score }) => score),
          rows.map(({ label }) => label),
          threshold,
        );
        const { wins, ...counts } = ranked.count(Uint16Array.from(rows, ({ times }) => times));
        const scores = repeated.map(({ score }) => score);
        const labels = repeated.map(({ label }) => label);
        expect(counts).toEqual(confusion(scores, labels, threshold));
        const { auroc: expected, positives, negatives } = auroc(scores, labels);
        expect(wins / (positives * negatives)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
