import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import { writePredictions } from '../finetuning/predictions.js';
import type { ExperimentContext } from '../parts/context.js';
import { Scheduler } from '../parts/scheduler.js';
import type { DatasetTest } from './analyses.js';
import type { TestedCell } from './evaluate.js';
import { runTest } from './run-test.js';
import type { TestingInput } from './testing-input.js';
import { ThreadedTest } from './threaded-test.js';

const FINDINGS = ['Effusion', 'Mass'];
const N = 500;
const random = new Random(4);
const noise = (length: number) => Float32Array.from({ length }, () => random.uniform());

const radiographs = Array.from({ length: N }, (_, i): Radiograph => {
  const labels = Float32Array.from(FINDINGS, () => (random.uniform() < 0.3 ? 1 : 0));
  const split = (['train', 'validate', 'test', 'test'] as const)[i % 4]!;
  const [sex, view] = [random.integer(2) ? 'F' : 'M', random.integer(2) ? 'AP' : 'PA'] as const;
  return { id: `${i}`, patient: `p${i >> 3}`, split, labels, path: '', view, sex, ageYears: random.integer(90) };
});
const tested = radiographs.filter(({ split }) => split === 'test');
const dataset = {
  name: 'A',
  dataset: { name: 'A', radiographs },
  findings: FINDINGS,
  radiographs,
  labels: Float32Array.from(radiographs.flatMap(({ labels }) => [...labels])),
  pixels: { thumbnails: noise(N * 256), statistics: noise(N * 2), borders: noise(N * 60) },
} as unknown as TestedDataset;
const config = {
  seed: 1,
  statistics: {
    redraws: 30,
    unit: 'patient',
    stratified: true,
    confidence: 0.95,
    interval: 'percentile',
    threshold: 'youden',
    correction: 'holm',
    permutations: 30,
    margin: 0.1,
    ageBands: [40],
    smallestGroup: 5,
  },
} as unknown as ExperimentConfig;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-threaded-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function predicted(name: string, rows = radiographs.filter(({ split }) => split !== 'train')): string {
  mkdirSync(join(folder, name), { recursive: true });
  const probabilities = ({ labels }: Radiograph) => labels.map((label) => (label + 2 * random.uniform()) / 3);
  writePredictions(
    join(folder, name, 'predictions.csv'),
    FINDINGS,
    rows.map((radiograph) => ({ radiograph, probabilities: probabilities(radiograph) })),
  );
  return join(folder, name);
}

function inputOf(): TestingInput {
  const run = (seed: number, folder: string) => ({ seed, folder, curve: [], bestEpoch: 1, seconds: 1 });
  const cells = ['random', 'imagenet'].map((name) => {
    const runs = [1, 2].map((seed) => run(seed, predicted(`${name} ${seed}`)));
    return { dataset, start: { summary: { name } }, learningRate: 1, search: [], runs } as unknown as TestedCell;
  });
  const degraded = cells.map(({ start, runs: [first] }) => ({
    initialization: start.summary.name,
    degradation: 'border' as const,
    description: '',
    run: { seed: 1 },
    plain: join(first!.folder, 'predictions.csv'),
    predictions: join(predicted(`border ${start.summary.name}`, tested), 'predictions.csv'),
  }));
  const external = ['B', 'C'].flatMap((trainedOn) =>
    ['random', 'imagenet'].map((initialization) => ({
      initialization,
      trainedOn,
      runs: [{ seed: 1, predictions: join(predicted(`${trainedOn} ${initialization}`, tested), 'predictions.csv') }],
      shared: [[0, 1] as [number, number]],
      seen: tested.map((_, i) => i < 20),
    })),
  );
  return { config, folder, threads: 1, test: 'dataset', dataset, cells, degraded, external, isReference: true };
}

/** What a test needs of a running experiment, with what it says of its progress. */
function running(cores: number) {
  const scheduler = new Scheduler(cores);
  const said: string[] = [];
  const context = {
    onCores: <T>(threads: number, work: () => Promise<T>) => scheduler.run({ threads }, work),
    spareCores: (most: number) => scheduler.takeSpare(most),
    stoppable: <T>(_: () => void, work: Promise<T>) => work,
    all: <T>(work: Promise<T>[]) => Promise.all(work),
  } as unknown as ExperimentContext;
  const progress = {
    start: ({ name, total, unit }: { name: string; total: number; unit: string }) => {
      said.push(`${name}: ${total} ${unit}`);
      return {
        update: (done: number, note?: string) => said.push(`${done} ${note}`),
        end: (note?: string) => said.push(`${note}`),
      };
    },
    print: () => {},
  };
  return { context, progress, said, scheduler };
}

describe('a test in threads', () => {
  it('tells the same in one thread, side by side, and without any; and how far it is', async () => {
    const input = inputOf();
    const expected = runTest(input, () => {}) as DatasetTest;
    const sizes = Object.values(expected).map((own) => (Array.isArray(own) ? own.length : 1));
    expect(sizes.every((size) => size > 0)).toBe(true);
    expect(expected.cells[0]!.roc).toHaveLength(2);
    expect(expected.comparisons[0]!.permutation?.p).toBeGreaterThan(0);
    const { context, progress, said, scheduler } = running(2);
    const together = new ThreadedTest(context, input, 'together', progress);
    expect(await together.result(together.analyse(together.all, true))).toEqual(expected);
    const aside = new ThreadedTest(context, input, 'aside', progress);
    expect(await aside.result(aside.sideBySide())).toEqual(expected);
    expect(scheduler.takeSpare(9).count).toBe(2);
    const analyses = together.all.length;
    expect(analyses).toBe(1 + 1 + 2 + 2 + 1 + 1 + 2 + 2);
    expect(said.slice(0, 2)).toEqual([`together: ${analyses} analyses`, '1 models']);
    expect(said[analyses + 1]).toBe('done');
    expect(said.slice(analyses + 2).map((text) => text.split(' ')[0])).toEqual([
      'aside:',
      ...together.all.map((number) => `${number + 1}`),
      'done',
    ]);
  }, 60_000);

  it('fails with what an analysis throws', async () => {
    const input = inputOf() as TestingInput & { test: 'dataset' };
    const external = input.external.map((cell) => ({ ...cell, runs: [{ seed: 1, predictions: 'not there.csv' }] }));
    const { context, progress, said, scheduler } = running(2);
    const test = new ThreadedTest(context, { ...input, external }, 'a test', progress);
    await expect(test.result(test.sideBySide())).rejects.toThrow('not there.csv: found no such file');
    expect(said.at(-1)).toBe('failed');
    expect(scheduler.cores).toBe(2);
  }, 60_000);
});
