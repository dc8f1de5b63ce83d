import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { PreparedDataset } from '../data/prepare.js';
import type { CellRuns } from '../finetuning/finetune.js';
import { writePredictions } from '../finetuning/predictions.js';
import type { ExperimentContext } from '../parts/context.js';
import { Scheduler } from '../parts/scheduler.js';
import { testDataset } from './testing.js';

const FINDINGS = ['Effusion', 'Mass'];
const random = new Random(3);

const radiographs = Array.from({ length: 4100 }, (_, i): Radiograph => {
  const labels = Float32Array.from(FINDINGS, () => (random.uniform() < 0.2 ? 1 : 0));
  const split = i < 100 ? 'validate' : 'test';
  return { id: `${i}`, patient: `p${i}`, split, labels, path: '', view: null, sex: null, ageYears: Number.NaN };
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-testing-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function cellOf(name: string, signal: number): CellRuns {
  const run = join(folder, name);
  mkdirSync(run, { recursive: true });
  const rows = radiographs.map((radiograph) => ({
    radiograph,
    probabilities: radiograph.labels.map((label) => (signal * label + random.uniform()) / (signal + 1)),
  }));
  writePredictions(join(run, 'predictions.csv'), FINDINGS, rows);
  const done = { seed: 1, folder: run, curve: [], bestEpoch: 1, seconds: 1, imagesPerSecond: 1 };
  return { start: { summary: { name } }, learningRate: 1, search: [], runs: [done] } as unknown as CellRuns;
}

/** What a test of a data set needs of a running experiment, on a machine with so many cores. */
function contextOf(cores: number, redraws: number) {
  const scheduler = new Scheduler(cores);
  const spare: number[] = [];
  const statistics = { redraws, unit: 'image', confidence: 0.95, interval: 'percentile', threshold: 'youden' };
  const context = {
    config: {
      seed: 1,
      statistics: { ...statistics, stratified: false, permutations: 0, margin: null, correction: 'holm' },
    },
    folder,
    progress: { start: () => ({ update: () => {}, end: () => {} }), print: () => {} },
    onCores: <T>(threads: number, work: () => Promise<T>) => scheduler.run({ threads }, work),
    spareCores: (most: number) => {
      const taken = scheduler.takeSpare(most);
      spare.push(taken.count);
      return taken;
    },
    stoppable: <T>(_: () => void, work: Promise<T>) => work,
  } as unknown as ExperimentContext;
  return { context, scheduler, spare };
}

it('redraws a large data set on all free cores, a small one on one, and gives them back', async () => {
  const dataset = { name: 'A', findings: FINDINGS, radiographs } as unknown as PreparedDataset;
  const cells = [cellOf('weak', 0.3), cellOf('strong', 0.6)].map((cell) => ({ ...cell, dataset }));
  const test = async (redraws: number) => {
    const { context, scheduler, spare } = contextOf(3, redraws);
    const { comparisons } = await testDataset(context, { dataset, cells, external: [], isReference: false });
    expect(scheduler.takeSpare(Number.POSITIVE_INFINITY).count).toBe(3);
    return { comparisons, spare };
  };
  const large = await test(2e8 / (4000 * FINDINGS.length * cells.length));
  const small = await test(100);
  expect([large.spare, small.spare]).toEqual([[2], [0]]);
  const [of, same] = [large, small].map(({ comparisons }) => comparisons[0]!.mean.difference!);
  expect(of!.estimate).toBeLessThan(0);
  expect(of!.estimate).toBe(same!.estimate);
}, 60_000);
