/** What is counted for each kind of node, with a machine whose speed is known; and what the probes measure, on this one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Document, dinov2, experiment, phantoms, random, ssl, supervised } from '../../../test/tiny-experiment.js';
import { writePhantomSet, writePictureSet } from '../../phantoms/index.js';
import { checkExperiment } from '../config/config.js';
import type { GraphNode } from '../parts/graph.js';
import { Estimate } from './estimate.js';
import type { Measured } from './measure.js';
import { planExperiment } from './plan.js';
import type { TrainingCost } from './probe.js';
import { type Survey, survey } from './survey.js';
import { measureTest, type TestCost } from './test-probe.js';

vi.setConfig({ testTimeout: 180_000 });

const dataRoot = mkdtempSync(join(tmpdir(), 'hilum-estimate-'));
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(dataRoot, 'cache');
  await writePhantomSet(join(dataRoot, 'radiographs'), { images: 60, size: 32, seed: 1, masks: true });
  await writePictureSet(join(dataRoot, 'pictures'), { images: 40, size: 32, seed: 1 });
});
afterAll(() => rmSync(dataRoot, { recursive: true }));

let folders = 0;
const look = (starts: object[], change?: (it: Document) => void) => {
  const config = checkExperiment(structuredClone(experiment(starts, change)), 'test');
  return survey({ config, dataRoot, folder: join(dataRoot, `out-${folders++}`) });
};

/** A machine on which everything takes what is easy to count. */
const cost: TrainingCost = {
  secondsPerImage: 100,
  secondsPerPrediction: 1,
  startSeconds: 10_000,
  memory: 1,
  uncertainty: 0.25,
};
const everything = <T>(value: T) => ({ get: () => value }) as unknown as ReadonlyMap<string, T>;
const machine = (change: Partial<Measured> = {}): Measured => ({
  trainings: everything(cost),
  radiographs: everything(0.01),
  pictures: everything(0.02),
  crops: everything(0),
  tests: everything<TestCost>({ models: 1000, rest: 500 }),
  ...change,
});

const secondsOf = (found: Survey, measured = machine(), cores = 4) => {
  const estimate = new Estimate(found, measured, cores);
  return Object.fromEntries(found.context.graph.map((node) => [node.id, estimate.of(node).seconds!]));
};

const rowsOf = ({ context }: Survey, split: string) =>
  context.tables.get('dataset/phantoms')!.radiographs.filter((radiograph) => radiograph.split === split).length;

describe('what is counted', () => {
  it('of a fine-tuning: steps of whole batches, validation after each epoch, predictions, its start', async () => {
    const found = await look([random]);
    const [train, validate, test] = ['train', 'validate', 'test'].map((split) => rowsOf(found, split));
    const seconds = secondsOf(found);
    const seen = Math.floor(train! / 8) * 8;
    expect(seconds['finetune/phantoms/random/seed-1']).toBe(10_000 + 100 * 2 * seen + (3 * validate! + test!));
    expect(seconds['dataset/phantoms']).toBeCloseTo(0.6, 9);
    expect(seconds['test/phantoms']).toBe(1500);
  });

  it('of a test: a pass over every degraded image for each initialization, with what starts it', async () => {
    const other = { ...random, name: 'other' };
    const found = await look([random, other], (it) => {
      it.datasets[0] = { ...phantoms, masks: 'radiographs/masks' };
      it.statistics.degraded = ['border', 'lung-free', 'shuffled'];
    });
    const test = rowsOf(found, 'test');
    expect(secondsOf(found)['test/phantoms']).toBe(1500 + 6 * (10_000 + test));
    const node = found.context.graph.find(({ kind }) => kind === 'test') as GraphNode;
    const { beside } = new Estimate(found, machine(), 4).of(node);
    expect(beside).toEqual({ pieces: 6, seconds: 6 * (10_000 + test) });
    // Every radiograph, and the masks of those of training and test.
    const read = 60 + (60 - rowsOf(found, 'validate'));
    expect(secondsOf(found)['dataset/phantoms']).toBeCloseTo(0.01 * read, 9);
  });

  it('of external validation: every run, on the test split of the other data set', async () => {
    const found = await look([random], (it) => {
      it.datasets = [phantoms, { ...phantoms, name: 'other', role: 'external' }];
      it.externalValidation = true;
      it.finetuning.seeds = [1, 2];
    });
    expect(secondsOf(found)['external/phantoms/random/other']).toBe(2 * (10_000 + rowsOf(found, 'test')));
  });

  it('of pretrainings, before one of their pictures was read', async () => {
    const found = await look([ssl, dinov2, supervised]);
    const seconds = secondsOf(found);
    for (const name of ['ssl', 'dinov2', 'supervised']) expect(seconds[`data/${name}`]).toBeCloseTo(0.8, 9);
    expect(seconds['pretrain/ssl/seed-1']).toBe(10_000 + 100 * 3 * 32);
    // The teacher is judged by 40 pictures before the first epoch and after the second.
    expect(seconds['pretrain/dinov2/seed-1']).toBe(10_000 + 100 * 2 * 40 + 2 * 40);
    expect(seconds['pretrain/supervised/seed-1']).toBe(10_000 + 100 * 2 * 32 + 2 * 4);
  });

  it('of DINOv2 what its steps wait for crops: nothing where other cores make them, all where none is left', async () => {
    const found = await look([dinov2]);
    const crops = machine({ crops: everything(50) });
    const waiting = (cores: number) => secondsOf(found, crops, cores)['pretrain/dinov2/seed-1']! - (10_000 + 8080);
    expect(waiting(4)).toBe(0);
    expect(waiting(1)).toBe(80 * 50);
  });

  it('of redraws on several cores a share each, where they are worth threads', async () => {
    const many = await look([random], (it) => (it.statistics.redraws = 1_000_000));
    const looks = rowsOf(many, 'test') * 3 * 1_000_000;
    expect(looks).toBeLessThan(2e8);
    expect(secondsOf(many)['test/phantoms']).toBe(1500);
    const more = await look([random], (it) => {
      it.statistics.redraws = 1_000_000;
      it.finetuning.seeds = Array.from({ length: 8 }, (_, i) => i + 1);
    });
    expect(secondsOf(more)['test/phantoms']).toBe(1000 / 4 + 500);
  });

  it('of settings: their tests without what looks into models, and the comparison of all', async () => {
    const found = await look([random], (it) => (it.matrix = { labelFraction: [0.5, 1] }));
    const seconds = secondsOf(found);
    expect(seconds['test/phantoms/labels-1']).toBe(1500);
    expect(seconds['test/phantoms/labels-0.5']).toBe(1000);
    expect(seconds['test/phantoms/between-settings']).toBe(2000);
  });
});

describe('the probes', () => {
  it('measure every kind of training by its own steps: no part is left without a time', async () => {
    const starts = [random, ssl, dinov2, supervised];
    const config = checkExperiment(structuredClone(experiment(starts)), 'test');
    const { nodes } = await planExperiment({ config, dataRoot, folder: join(dataRoot, 'all'), cores: 2 });
    for (const { id, seconds, memory } of nodes) {
      expect(seconds, id).toBeGreaterThan(0);
      expect(memory, id).toBeGreaterThan(2 ** 26);
    }
  });

  it.each<[string, (it: Document) => void]>([
    ['a cross-validation', (it) => (it.crossValidation = { folds: 2 })],
    [
      'other data sets and all that looks into models',
      (it) => {
        it.datasets = [
          { ...phantoms, masks: 'radiographs/masks' },
          { ...phantoms, name: 'other' },
        ];
        it.externalValidation = true;
        it.statistics.degraded = undefined;
        it.finetuning.learningRate = [0.001, 0.01];
        it.finetuning.seeds = [1, 2];
      },
    ],
  ])('measure the test of %s', async (_, change) => {
    const { context } = await look([random, { ...random, name: 'other' }], change);
    const node = context.graph.find((it) => it.kind === 'test')!;
    if (node.kind !== 'test') throw new Error(node.kind);
    const { models, rest } = await measureTest(context, node, 0.2);
    expect(models + rest).toBeGreaterThan(0);
    expect(models + rest).toBeLessThan(600);
  });
});
