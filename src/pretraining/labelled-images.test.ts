/** Radiographs with findings judge a teacher: which of them, and by what. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRadiographs, SPLITS } from '../datasets/index.js';
import { auroc } from '../evaluation/index.js';
import { writePhantomSet } from '../phantoms/index.js';
import { openEvaluation } from './evaluation-data.js';
import { PretrainingBench } from './fixtures/tiny-pretraining.js';
import { openLabelled } from './labelled-images.js';
import { alike, type Labels, labelsOf, labelText, rowsOf, scoreLinear, scoreNeighbors } from './labels.js';

const bench = new PretrainingBench();
const source = bench.path('radiographs');
beforeAll(() => writePhantomSet(source, { images: 120, size: 16, seed: 1 }));
afterAll(() => bench.remove());

const evaluation = (more: object = {}) =>
  bench.config((it) => {
    it.evaluation = { ...it.evaluation, source, kind: 'chestxray14', limit: null, ...more };
  }).evaluation;

describe('radiographs with findings', () => {
  it('leave the test split unseen, and no patient is in two of the others', async () => {
    const { splits } = (await openLabelled(evaluation()))!.inSplits(1);
    const published = openRadiographs('chestxray14', { root: source, seed: 1 });
    const splitOf = new Map(published.radiographs.map(({ id, split }) => [id, split]));
    const patients = SPLITS.map((split) => new Set(splits[split].map(({ group }) => group)));
    for (const [i, own] of patients.entries()) {
      expect(own.size).toBeGreaterThan(0);
      for (const other of patients.slice(i + 1)) expect([...own].filter((patient) => other.has(patient))).toEqual([]);
    }
    expect(new Set(splits.test.map(({ id }) => splitOf.get(id)))).toEqual(new Set(['validate']));
    for (const part of [splits.train, splits.validate]) {
      expect(new Set(part.map(({ id }) => splitOf.get(id)))).toEqual(new Set(['train']));
    }
    const tested = readFileSync(`${source}/test_list.txt`, 'utf8').trim().split('\n');
    expect(SPLITS.flatMap((split) => splits[split]).filter(({ id }) => tested.includes(id))).toEqual([]);
  });

  it('are the same whatever the seed of the pretraining, and change with findings and limit', async () => {
    const [all, again, one, few] = await Promise.all(
      [{}, {}, { findings: ['Cardiomegaly'] }, { limit: 50 }].map((more) => openLabelled(evaluation(more))),
    );
    expect(again!.fingerprint()).toBe(all!.fingerprint());
    expect(new Set([all, one, few].map((it) => it!.fingerprint())).size).toBe(3);
    expect(few!.length).toBe(50);
    const ids = (seed: number) => all!.inSplits(seed).splits.test.map(({ id }) => id);
    expect(ids(2)).toEqual(ids(1));
  });

  it('are refused where they tell nothing apart', async () => {
    const config = bench.config((it) => {
      it.evaluation = { ...it.evaluation, source, kind: 'chestxray14', findings: ['Hernia'] };
    });
    await expect(openEvaluation(config, { recipe: 'radiographs' })).rejects.toThrow(
      'found no finding with positives and negatives in each of its splits; expected one at least',
    );
    const classes = bench.config((it) => {
      it.evaluation = { ...it.evaluation, source, findings: ['Hernia'] };
    });
    await expect(openLabelled(classes.evaluation)).rejects.toThrow('evaluation.findings: found Hernia; expected none');
  });
});

describe('the score of findings', () => {
  const image = (...labels: number[]) => ({
    id: '',
    source: { kind: 'file' as const, path: '' },
    labels: Float32Array.from(labels),
    group: '',
  });
  // The first finding is positive right of zero; the second is unknown in training, so that nothing is said of it.
  const train = [-3, -2, -1, 1, 2, 3];
  const test = [-2, 1.5, -0.5, 0.4];
  const features = { dimensions: 2, ...parts({ train, validate: [-1.5, 2.5], test }) };
  const truth = [0, 1, 1, 0];
  const labels: Labels = labelsOf(
    {
      name: 'made',
      kind: 'findings',
      names: ['first', 'second'],
      splits: { train: [], validate: [], test: [] },
      notes: [],
    },
    {
      train: train.map((x) => image(x > 0 ? 1 : 0, NaN)),
      validate: [image(0, NaN), image(1, NaN)],
      test: truth.map((label, i) => image(label, i % 2)),
    },
  );

  function parts(of: Record<'train' | 'validate' | 'test', number[]>) {
    const rows = (xs: number[]) => Float32Array.from(xs.flatMap((x) => [x, 1]));
    return { train: rows(of.train), validate: rows(of.validate), test: rows(of.test) };
  }

  it('is the mean AUROC of those that can be learned, by neighbours and by a linear probe', () => {
    const near = { ks: [1], count: 1, rows: Int32Array.of(0, 5, 2, 3), weights: Float32Array.of(1, 1, 1, 1) };
    expect(scoreNeighbors(labels, near)).toBeCloseTo(auroc([0, 1, 0, 1], truth).auroc, 12);
    expect(scoreLinear(labels, features)).toBeCloseTo(auroc(test, truth).auroc, 12);
  });

  it('names what a picture has, and what two have in common', () => {
    expect(rowsOf(labels, 'test')).toBe(4);
    expect([0, 1].map((row) => labelText(labels, 'test', row))).toEqual(['no finding', 'first, second']);
    expect([alike(labels, 0, 0), alike(labels, 0, 5), alike(labels, 1, 5)]).toEqual([true, false, true]);
  });
});
