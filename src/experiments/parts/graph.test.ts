import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Document, dinov2, experiment, phantoms, random, ssl, supervised } from '../../../test/tiny-experiment.js';
import { checkExperiment } from '../config/config.js';
import { experimentGraph } from './graph.js';

const graphOf = (starts: object[], change?: (it: Document) => void) =>
  experimentGraph(checkExperiment(structuredClone(experiment(starts, change)), 'test'));

const seedList = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 3 });

describe('the graph of an experiment', () => {
  it('has every node after those that it needs, and none twice', () => {
    fc.assert(
      fc.property(
        fc.subarray([random, ssl, dinov2, supervised] as Document[], { minLength: 1 }),
        fc.uniqueArray(fc.constantFrom('a', 'a b', 'a-b', 'a/b', 'ä'), { minLength: 1 }),
        seedList,
        seedList,
        fc.uniqueArray(fc.constantFrom(1e-5, 1e-4, 0.001), { minLength: 1 }),
        (starts, datasets, seeds, pretrainingSeeds, learningRate) => {
          const own = starts.map((start) => (start === random ? start : { ...start, seeds: pretrainingSeeds }));
          const nodes = graphOf(own, (it) => {
            it.datasets = datasets.map((name) => ({ ...phantoms, name }));
            Object.assign(it.finetuning, { seeds, learningRate });
          });
          const before = new Set<string>();
          for (const { id, needs } of nodes) {
            expect(id).toMatch(/^[\w./-]+$/);
            expect(before.has(id), id).toBe(false);
            for (const need of needs) expect(before.has(need), `${id} needs ${need}`).toBe(true);
            before.add(id);
          }
          const runs = starts.reduce(
            (sum, start) =>
              sum + seeds.length * (start === random ? 1 : pretrainingSeeds.length) + learningRate.length - 1,
            0,
          );
          const count = (kind: string) => nodes.filter((node) => node.kind === kind).length;
          expect(count('finetuning')).toBe(runs * datasets.length);
          expect(count('test')).toBe(datasets.length);
          expect(count('pretraining data')).toBe(starts.filter((start) => start !== random).length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('lets what is searched come before what uses it, and the tested radiographs before a pretraining on radiographs', () => {
    const own = { ...ssl, radiographs: { type: 'chestxray14', root: 'radiographs' } };
    const nodes = graphOf([own], (it) => {
      it.datasets.push({ ...phantoms, name: 'other' });
      Object.assign(it.finetuning, { seeds: [1, 2], learningRate: [0.001, 0.01] });
    });
    const needs = new Map(nodes.map((node) => [node.id, node.needs]));
    expect(needs.get('data/ssl')).toEqual(['dataset/phantoms', 'dataset/other']);
    expect(needs.get('pretrain/ssl/seed-1')).toEqual(['data/ssl']);
    expect(needs.get('finetune/phantoms/ssl/pretraining-1/seed-2')).toEqual([
      'dataset/phantoms',
      'pretrain/ssl/seed-1',
      'finetune/phantoms/ssl/pretraining-1/seed-1/rate-0.001',
      'finetune/phantoms/ssl/pretraining-1/seed-1/rate-0.01',
    ]);
  });

  it('gives a node another key exactly where something that it depends on is changed', () => {
    const keys = (change?: (it: Document) => void) =>
      new Map(graphOf([random, ssl], change).map(({ id, key }) => [id, key]));
    const plain = keys();
    const changed = (change: (it: Document) => void) => {
      const now = keys(change);
      return [...plain.keys()].filter((id) => now.has(id) && now.get(id) !== plain.get(id));
    };
    const finetunings = ['finetune/phantoms/random/seed-1', 'finetune/phantoms/ssl/pretraining-1/seed-1'];
    expect(changed((it) => (it.finetuning.epochs = 3))).toEqual([...finetunings, 'test/phantoms']);
    expect(changed((it) => (it.statistics.redraws = 200))).toEqual(['test/phantoms']);
    expect(changed((it) => (it.initializations[1].training.epochs = 4))).toEqual([
      'data/ssl',
      'pretrain/ssl/seed-1',
      finetunings[1],
      'test/phantoms',
    ]);
    expect(changed((it) => it.datasets.push({ ...phantoms, name: 'other' }))).toEqual([]);
    expect(changed((it) => (it.finetuning.seeds = [1, 2]))).toEqual(['test/phantoms']);
    expect(changed((it) => (it.seed = 7)).length).toBeGreaterThan(3);
  });

  it('takes milliseconds for a study', () => {
    const starts = [random, ssl, supervised].map((start) => ({ ...start }));
    const config = checkExperiment(
      structuredClone(
        experiment(starts, (it) => {
          it.datasets = Array.from({ length: 6 }, (_, i) => ({ ...phantoms, name: `data ${i}` }));
          Object.assign(it.finetuning, { seeds: [1, 2, 3, 4, 5], learningRate: [1e-5, 1e-4, 1e-3] });
        }),
      ),
      'test',
    );
    const at = performance.now();
    expect(experimentGraph(config)).toHaveLength(6 + 4 + 3 * 6 * 7 + 6);
    expect(performance.now() - at).toBeLessThan(250);
  });
});
