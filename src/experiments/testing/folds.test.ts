import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Radiograph } from '../../datasets/index.js';
import { auroc } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { foldsOfPatients } from '../data/folds.js';
import type { Predictions } from '../finetuning/predictions.js';
import { type FoldedModel, foldedBootstrap } from './evaluate-folds.js';

/** Patients with one to three radiographs and findings of different frequency. */
function radiographsOf(patients: number): Radiograph[] {
  const other = { path: '', split: 'train', view: null, sex: null, ageYears: Number.NaN } as const;
  return Array.from({ length: patients }, (_, p) =>
    Array.from({ length: 1 + (p % 3) }, (_, i): Radiograph => {
      const labels = Float32Array.of(p % 2, p % 9 === 0 && i === 0 ? 1 : 0, p % 20 === 1 ? 1 : 0);
      return { ...other, id: `${p}-${i}`, patient: `p${p}`, labels };
    }),
  ).flat();
}

describe('folds of patients', () => {
  it('hold every patient once, about as many patients, and of every finding about as many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 150 }), fc.integer({ min: 2, max: 10 }), fc.nat(100), (n, folds, seed) => {
        const radiographs = radiographsOf(n);
        const foldOf = foldsOfPatients(radiographs, 3, { folds, seed });
        expect(foldOf.size).toBe(n);
        const sizes = (having: (it: Radiograph) => boolean) => {
          const patients = new Set(radiographs.filter(having).map(({ patient }) => patient));
          const counts = new Array<number>(folds).fill(0);
          for (const patient of patients) counts[foldOf.get(patient)!]!++;
          return counts;
        };
        const spread = (counts: number[]) => Math.max(...counts) - Math.min(...counts);
        expect(spread(sizes(() => true))).toBeLessThanOrEqual(2);
        for (const f of [0, 1, 2]) expect(spread(sizes(({ labels }) => labels[f] === 1))).toBeLessThanOrEqual(2);
      }),
      { numRuns: 30 },
    );
  });

  it('are others with another seed, and do not depend on the order of the table', () => {
    const radiographs = radiographsOf(60);
    const folds = (rows: Radiograph[], seed: number) => [...foldsOfPatients(rows, 3, { folds: 5, seed })].sort();
    expect(folds([...radiographs].reverse(), 1)).toEqual(folds(radiographs, 1));
    expect(folds(radiographs, 2)).not.toEqual(folds(radiographs, 1));
  });
});

describe('estimates of a cross-validation', () => {
  const statistics = { redraws: 200, unit: 'patient', stratified: false, confidence: 0.95, interval: 'percentile' };
  const config = { seed: 1, statistics } as unknown as ExperimentConfig;
  const findings = ['a', 'b', 'c'];

  /** 40 rows of one fold; `shift` moves all scores of the fold, `skill` those of positives. The last finding lacks positives in fold 1. */
  function foldOf(k: number, skill: number, shift: number): FoldedModel['trainings'][number]['folds'][number] {
    const rows = Array.from({ length: 40 }, (_, row) => row);
    const label = (row: number, f: number) =>
      f === 2 ? (k === 1 ? 0 : row % 4 === 0 ? 1 : 0) : (row * (2 * f + 3) + k) % 4 === 0 ? 1 : 0;
    const labels = Float32Array.from(rows.flatMap((row) => findings.map((_, f) => label(row, f))));
    const noise = (row: number, f: number) => ((row * 37 + f * 11 + k * 5) % 41) / 1024;
    const probabilities = Float32Array.from(
      rows.flatMap((row) => findings.map((_, f) => shift + skill * label(row, f) + noise(row, f))),
    );
    const test: Predictions = {
      ids: rows.map((row) => `${k}-${row}`),
      patients: rows.map((row) => `${k}-${row >> 1}`),
      splits: rows.map(() => 'test'),
      findings,
      labels,
      probabilities,
    };
    return { test, validate: test, thresholds: Float64Array.of(0.02, 0.02, 0.02) };
  }

  const model = (name: string, skill: number, shifts: number[]): FoldedModel => ({
    name,
    trainings: [{ folds: shifts.map((shift, k) => foldOf(k, skill, shift)) }],
  });
  const good = model('good', 16 / 1024, [0, 0.25, 0.125]);
  const poor = model('poor', 4 / 1024, [0, 0, 0]);
  const { models, comparisons } = foldedBootstrap([good, poor], findings, config);

  it('are means over folds of the value within each, whatever the level of a fold', () => {
    const expected = [0, 1].map((f) => {
      const folds = good.trainings[0]!.folds.map(({ test: { probabilities, labels } }) => {
        const column = (values: Float32Array) => values.filter((_, i) => i % 3 === f);
        return auroc(column(probabilities), column(labels)).auroc;
      });
      return folds.reduce((sum, value) => sum + value, 0) / 3;
    });
    const [own] = models;
    expect(own!.findings.slice(0, 2).map((it) => it.auroc.estimate)).toEqual(
      expected.map((it) => expect.closeTo(it, 12)),
    );
    expect(own!.meanAuroc.estimate).toBeCloseTo((expected[0]! + expected[1]!) / 2, 12);
    expect(own!.meanAuroc.low).toBeLessThan(own!.meanAuroc.estimate);
    const level = foldedBootstrap([model('good', 16 / 1024, [0, 0, 0]), poor], findings, config);
    expect(level.models[0]!.meanAuroc).toEqual(own!.meanAuroc);
  });

  it('leave out findings that a fold cannot estimate', () => {
    const [, , last] = models[0]!.findings;
    expect(last).toMatchObject({ estimable: false, positives: 20, negatives: 100 });
    expect(last!.auroc.estimate).toBeNaN();
  });

  it('compare models on the same redraws of the patients of each fold', () => {
    const pair = comparisons.find(({ first }) => first === 'good')!;
    const [a, b] = models;
    expect(pair.meanAuroc.estimate).toBeCloseTo(a!.meanAuroc.estimate - b!.meanAuroc.estimate, 12);
    expect(pair.meanAuroc.mean).toBeCloseTo(a!.meanAuroc.mean - b!.meanAuroc.mean, 12);
    expect(pair.findings[0]!.mean).toBeCloseTo(a!.findings[0]!.auroc.mean - b!.findings[0]!.auroc.mean, 12);
    expect(pair.meanAuroc.pTwoSided).toBeLessThan(0.05);
  });
});
