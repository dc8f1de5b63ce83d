/** An experiment's tests of a pair are those of `hilum compare`, from the same files of predictions. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/index.js';
import { type CompareOptions, compareModels } from '../src/compare/index.js';
import type { Radiograph } from '../src/datasets/index.js';
import type { ExperimentConfig } from '../src/experiments/config/schema.js';
import type { TestedDataset } from '../src/experiments/data/prepare.js';
import { writePredictions } from '../src/experiments/finetuning/predictions.js';
import type { PairComparison } from '../src/experiments/result/index.js';
import type { TestedCell } from '../src/experiments/testing/evaluate.js';
import { type DatasetTest, runTest } from '../src/experiments/testing/run-test.js';

const FINDINGS = ['Effusion', 'Mass', 'Hernia'];
const folder = mkdtempSync(join(tmpdir(), 'hilum-pairs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(5);
const radiographs = Array.from({ length: 300 }, (_, i): Radiograph => {
  const labels = Float32Array.from([0.3, 0.2, 0], (share) => (random.uniform() < share ? 1 : 0));
  if (i % 10 === 0) labels[1] = Number.NaN;
  const split = i < 30 ? 'train' : i < 60 ? 'validate' : 'test';
  return { id: `${i}`, patient: `p${i >> 1}`, split, labels, path: '', view: null, sex: null, ageYears: Number.NaN };
});

const noise = (length: number) => Float32Array.from({ length }, () => random.uniform());
const dataset = {
  name: 'A',
  dataset: { name: 'A', radiographs },
  findings: FINDINGS,
  radiographs,
  labels: Float32Array.from(radiographs.flatMap(({ labels }) => [...labels])),
  pixels: { thumbnails: noise(300 * 256), statistics: noise(300 * 2), borders: noise(300 * 60) },
} as unknown as TestedDataset;

/** Of `signal` and a noise that both models share, so that they hardly differ. */
function cellOf(name: string, signal: number, seeds: number[]): TestedCell {
  const shared = new Random(6);
  const common = radiographs.map(() => FINDINGS.map(() => shared.uniform()));
  const runs = seeds.map((seed) => {
    const run = join(folder, `${name}-${seed}`);
    mkdirSync(run, { recursive: true });
    const predicted = radiographs.filter(({ split }) => split !== 'train');
    const rows = predicted.map((radiograph, i) => ({
      radiograph,
      probabilities: Float32Array.from(
        radiograph.labels,
        (label, f) => (signal * (label || 0) + 2 * common[i]![f]! + random.uniform() / 4) / 4,
      ),
    }));
    writePredictions(join(run, 'predictions.csv'), FINDINGS, rows);
    return { seed, folder: run, curve: [], bestEpoch: 1, seconds: 1, imagesPerSecond: 1 };
  });
  return { dataset, start: { summary: { name } }, learningRate: 1, search: [], runs } as unknown as TestedCell;
}

const [one, two, more] = [cellOf('one', 1, [1, 2]), cellOf('two', 1.02, [1, 2]), cellOf('more', 1, [1, 2, 3])] as const;

const statistics = {
  redraws: 200,
  unit: 'patient',
  stratified: false,
  confidence: 0.95,
  interval: 'percentile',
  threshold: 'youden',
  correction: 'holm',
  ageBands: [40],
  smallestGroup: 5,
  permutations: 200,
  margin: 0.05,
};

function tested(cells: TestedCell[], change: object = {}): PairComparison {
  const config = { seed: 3, statistics: { ...statistics, ...change } } as unknown as ExperimentConfig;
  const about = { config, folder, threads: 1, dataset, cells, degraded: [], external: [], isReference: true };
  return (runTest({ ...about, test: 'dataset' }, () => {}) as DatasetTest).comparisons[0]!;
}

const filesOf = ({ runs }: TestedCell) => runs.map((run) => join(run.folder, 'predictions.csv'));
const compared = (first: TestedCell, second: TestedCell, change: Partial<CompareOptions> = {}) =>
  compareModels({
    ...{ first: filesOf(first), second: filesOf(second), redraws: 200, seed: 3, correction: 'holm', margin: 0.05 },
    ...{ firstName: first.start.summary.name, secondName: second.start.summary.name },
    ...change,
  });

describe("an experiment's pair", () => {
  it.each(['patient', 'image'] as const)('has the tests of hilum compare, by %s', (unit) => {
    const pair = tested([one, two], { unit });
    const { mean, findings, conclusions } = compared(one, two, { unit });
    for (const [f, finding] of findings.entries()) {
      const { delong, pPermutation, p, pAdjusted } = pair.findings[f]!;
      expect([p, pAdjusted, pPermutation]).toEqual([finding.p, finding.pAdjusted, finding.pPermutation]);
      if (finding.delong === null) expect(delong).toBeUndefined();
      else {
        const { first: _, second: __, ...ours } = finding.delong;
        expect(delong).toEqual(ours);
        expect(delong!.patients !== undefined).toBe(unit === 'patient');
      }
    }
    expect(findings.map(({ delong }) => delong === null)).toEqual([false, false, true]);
    expect(pair.mean.p).toBe(mean.p);
    expect(pair.permutation).toEqual({ permutations: 200, p: mean.pPermutation });
    const { firstNonInferior, equivalent, pFirstNonInferior, pEquivalent } = pair.margin!;
    expect({
      nonInferior: firstNonInferior,
      equivalent,
      pNonInferior: pFirstNonInferior,
      pEquivalent,
    }).toEqual((({ superior: _, inferior: __, ...rest }) => rest)(conclusions));
  });

  it('is judged by the margin in both directions', () => {
    const at = (margin: number) => {
      const { margin: said } = tested([one, two], { margin });
      const back = compared(two, one, { margin }).conclusions;
      expect([said!.secondNonInferior, said!.pSecondNonInferior]).toEqual([back.nonInferior, back.pNonInferior]);
      return [said!.firstNonInferior, said!.secondNonInferior, said!.equivalent];
    };
    expect(at(0.3)).toEqual([true, true, true]);
    const { low, high } = tested([one, two]).mean.difference!;
    const [worse, better] = [Math.max(-low, 0), Math.max(high, 0)];
    expect(worse).not.toBe(better);
    expect(at((worse + better) / 2)).toEqual(worse < better ? [true, false, false] : [false, true, false]);
    expect(at(1e-9)).toEqual([low > 0, high < 0, false]);
  });

  it('has no permutation test where the runs do not go in pairs, and says why', () => {
    const { permutation, findings } = tested([one, more]);
    expect(permutation).toEqual({
      permutations: 200,
      p: null,
      reason: '2 and 3 runs, which cannot be exchanged in pairs',
    });
    expect(findings.map(({ pPermutation }) => pPermutation)).toEqual([null, null, null]);
    expect(findings[0]!.delong!.p).toBe(compared(one, more).findings[0]!.delong!.p);
  });

  it('keeps its redraws, and has neither test nor verdict, where none was asked for', () => {
    const { permutation, margin, ...plain } = tested([one, two], { permutations: 0, margin: null });
    expect([permutation, margin]).toEqual([undefined, undefined]);
    const { permutation: _, margin: __, ...rest } = tested([one, two]);
    expect({ ...rest, findings: rest.findings.map(({ pPermutation, ...finding }) => finding) }).toEqual(plain);
  });
});
