import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import type { Predictions } from '../finetuning/predictions.js';
import { assertFinite } from '../result/index.js';
import { calibrationOf } from './calibration.js';
import { meansOf, precisionRecallOf } from './precision-recall.js';

const FINDINGS = ['Edema', 'Effusion', 'Hernia'];

/** Probabilities whose log-odds are `shift` too high, and labels drawn from the right ones; nobody has a hernia. */
function predictions(seed: number, rows: number, shift: number): Predictions {
  const random = new Random(seed);
  const truth = Array.from({ length: rows * FINDINGS.length }, () => 4 * random.uniform() - 3);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  return {
    ids: Array.from({ length: rows }, (_, row) => `${row}.png`),
    patients: Array.from({ length: rows }, (_, row) => `${row}`),
    splits: Array<string>(rows).fill('test'),
    findings: FINDINGS,
    labels: Float32Array.from(truth, (z, i) =>
      i % 3 < 2 && random.uniform() < sigmoid(z) ? 1 : i % 17 === 5 ? NaN : 0,
    ),
    probabilities: Float32Array.from(truth, (z) => sigmoid(z + shift)),
  };
}

const runs = [1, 2].map((seed) => ({ validate: predictions(10 + seed, 900, 2), test: predictions(seed, 600, 2) }));
const estimable = FINDINGS.slice(0, 2);

describe('calibrationOf', () => {
  const results = calibrationOf(runs, FINDINGS, estimable);

  it('fits on validation and measures on test: Platt scaling takes a shift away, and a temperature cannot', () => {
    expect(results.map(({ finding }) => finding)).toEqual(estimable);
    for (const { raw, temperature, platt } of results) {
      expect(raw.brier).toBeCloseTo(raw.miscalibration - raw.discrimination + raw.uncertainty, 12);
      expect(raw.miscalibration).toBeGreaterThan(0.05);
      expect(platt!.miscalibration).toBeLessThan(0.03);
      expect(platt!.miscalibration).toBeLessThan(temperature!.miscalibration);
      expect(platt!.ece.equalMass).toBeLessThan(raw.ece.equalMass / 2);
      expect(platt!.discrimination).toBeCloseTo(raw.discrimination, 9);
      expect(temperature!.temperatures).toHaveLength(2);
      for (const { slope, intercept } of platt!.scalings) {
        expect(Math.abs(slope - 1)).toBeLessThan(0.4);
        expect(Math.abs(intercept + 2)).toBeLessThan(0.8);
      }
    }
  });

  it('has reliability curves of the rows of all runs, and nothing that JSON cannot hold', () => {
    assertFinite(results);
    const known = runs.reduce(
      (sum, { test }) => sum + test.labels.filter((label, i) => i % 3 === 0 && !Number.isNaN(label)).length,
      0,
    );
    for (const measure of [results[0]!.raw, results[0]!.temperature!, results[0]!.platt!]) {
      expect(measure.reliability).toHaveLength(10);
      expect(measure.reliability.reduce((sum, [, , rows]) => sum + rows, 0)).toBe(known);
    }
  });

  it('has null where a run has no fit', () => {
    const without = { ...runs[1]!.validate, labels: runs[1]!.validate.labels.map((label) => Math.min(label, 0)) };
    const [edema] = calibrationOf([runs[0]!, { ...runs[1]!, validate: without }], FINDINGS, estimable);
    expect(edema).toMatchObject({ raw: results[0]!.raw, temperature: null, platt: null });
  });
});

describe('precisionRecallOf and meansOf', () => {
  const tests = runs.map(({ test }) => test);

  it('are means over runs of what is estimable', () => {
    const both = precisionRecallOf(tests, FINDINGS, estimable);
    const each = tests.map((test) => precisionRecallOf([test], FINDINGS, estimable));
    for (const [f, { averagePrecision, points }] of both.entries()) {
      expect(averagePrecision).toBeCloseTo((each[0]![f]!.averagePrecision + each[1]![f]!.averagePrecision) / 2, 12);
      expect(points.at(-1)![0]).toBe(1);
    }
    const means = meansOf(tests)!;
    expect(means.averagePrecision.macro).toBeCloseTo((both[0]!.averagePrecision + both[1]!.averagePrecision) / 2, 12);
    const [first, second] = tests.map((test) => meansOf([test])!.auroc.micro);
    expect(means.auroc.micro).toBeCloseTo((first! + second!) / 2, 12);
  });

  it('are null and empty where no finding is estimable', () => {
    const none = tests.map((test) => ({ ...test, labels: test.labels.map(() => 0) }));
    expect(meansOf(none)).toBeNull();
    expect(precisionRecallOf(none, FINDINGS, [])).toEqual([]);
  });
});
