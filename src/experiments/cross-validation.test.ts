import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, experiment, random, Workbench } from '../../test/tiny-experiment.js';
import { checkExperiment } from './config/config.js';
import { runExperiment } from './experiment.js';
import { ofSplitOnly, readPredictions } from './finetuning/predictions.js';
import { experimentGraph } from './parts/graph.js';
import { planExperiment } from './planning/plan.js';
import type { ExperimentResult } from './result/index.js';
import { experimentStatus } from './status.js';

const bench = new Workbench();
afterAll(() => bench.remove());

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

const document = (change?: (it: Document) => void): Document =>
  experiment([random, { ...random, name: 'other' }], (it) => {
    it.crossValidation = { folds: 3 };
    it.datasets[0].findings = ['Cardiomegaly', 'Effusion'];
    it.finetuning.epochs = 1;
    delete it.statistics.degraded;
    change?.(it);
  });

const folder = bench.path('run');
let result: ExperimentResult;

beforeAll(async () => {
  await bench.draw();
  const config = checkExperiment(document(), 'test');
  result = (await runExperiment({ config, dataRoot: bench.folder, folder, progress: silent }).done).result;
}, 120_000);

const tests = () => {
  const { runs } = result.cells[0]!;
  return runs.map((run) => readPredictions(join(folder, run.folder, 'predictions.csv')));
};

describe('cross-validation', () => {
  it('is a run for each fold, and is refused beside what needs one test split', () => {
    const graph = experimentGraph(checkExperiment(document(), 'test'));
    expect(graph.filter(({ kind }) => kind === 'finetuning').map(({ id }) => id)).toContain(
      'finetune/phantoms/random/fold-3/seed-1',
    );
    const check = (change: (it: Document) => void) => () => checkExperiment(document(change), 'test');
    expect(check((it) => (it.finetuning.learningRate = [0.1, 0.2]))).toThrow(
      /learningRate.*one, with crossValidation/s,
    );
    expect(check((it) => (it.externalValidation = true))).toThrow(/externalValidation.*none, with crossValidation/s);
    expect(check((it) => (it.matrix = { labelFraction: [0.5] }))).toThrow(/matrix.*none, with crossValidation/s);
    expect(check((it) => (it.statistics.degraded = ['border']))).toThrow(/degraded.*none, with crossValidation/s);
    expect(check((it) => (it.statistics.permutations = 100))).toThrow(/permutations.*none, with crossValidation/s);
    expect(check((it) => (it.crossValidation.folds = 1))).toThrow(/crossValidation\.folds/);
  });

  it('tests every radiograph once, by a model that never saw its patient', () => {
    const tested = tests().map((it) => ofSplitOnly(it, 'test'));
    const ids = tested.flatMap((it) => it.ids);
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
    for (const [k, { patients }] of tested.entries()) {
      const validating = new Set(ofSplitOnly(tests()[k]!, 'validate').patients);
      expect(validating.size).toBeGreaterThan(0);
      const elsewhere = new Set(tested.filter((_, other) => other !== k).flatMap((it) => it.patients));
      for (const patient of patients) expect([validating.has(patient), elsewhere.has(patient)]).toEqual([false, false]);
    }
    expect(result.datasets[0]!.splits.test.images).toBe(60);
  });

  it('is planned part by part, and known to be finished', async () => {
    const config = checkExperiment(document(), 'test');
    const plan = await planExperiment({ config, dataRoot: bench.folder, folder, probe: false });
    const parts = plan.nodes.filter(({ kind }) => kind !== 'test');
    expect(parts.map(({ finished, disk }) => finished && disk >= 0)).not.toContain(false);
    expect(experimentStatus(folder).nodes.map(({ state }) => state)).not.toContain('waiting');
  });

  it('estimates the mean over folds', () => {
    const [cell, other] = result.cells;
    expect(cell!.runs.map(({ fold }) => fold)).toEqual([1, 2, 3]);
    const mean = cell!.runs.reduce((sum, { testMeanAuroc }) => sum + testMeanAuroc! / 3, 0);
    expect(cell!.meanAuroc!.estimate).toBeCloseTo(mean, 12);
    expect(other!.meanAuroc!.estimate).toBeCloseTo(mean, 12);
    expect(result.comparisons[0]!.mean.difference!.estimate).toBe(0);
    expect(result.crossValidation).toEqual({ folds: 3 });
    expect([result.shortcuts, result.degraded, result.subgroups]).toEqual([[], [], []]);
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
    expect(markdown).toContain('In 3-fold cross-validation every patient was tested once');
    expect(markdown).not.toMatch(/NaN|undefined/);
  });
});
