import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, dinov2, experiment, phantoms } from '../../../test/tiny-experiment.js';
import { openRadiographs } from '../../datasets/index.js';
import { writePhantomSet, writePictureSet } from '../../phantoms/index.js';
import { checkPretraining, PRESETS } from '../../pretraining/index.js';
import { checkExperiment } from '../config/config.js';
import type { Dinov2Initialization, ExperimentConfig } from '../config/schema.js';
import { ExperimentContext } from '../parts/context.js';
import { pretrainingOf, requireDinov2 } from './pretrain-dinov2.js';
import { openUnlabelled } from './pretrain-images.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-dinov2-start-'));
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  await writePhantomSet(join(folder, 'radiographs'), { images: 40, size: 32, seed: 1 });
  await writePictureSet(join(folder, 'pictures'), { images: 12, size: 24, seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const radiographs = { ...phantoms, name: undefined };

function checked(
  start: object,
  change?: (it: Document) => void,
): { config: ExperimentConfig; start: Dinov2Initialization } {
  const document = JSON.parse(JSON.stringify(experiment([{ ...dinov2, ...start }], change)));
  const config = checkExperiment(document, 'test');
  return { config, start: config.initializations[0] as Dinov2Initialization };
}

const pretraining = (start: object, change?: (it: Document) => void) => {
  const it = checked(start, change);
  return pretrainingOf(it.config, folder, it.start, 7);
};

describe('the pretraining of a DINOv2 start', () => {
  it('is what a file of its own would be, with the network and the seed of the experiment', () => {
    const own = checkPretraining(
      {
        ...dinov2.pretraining,
        seed: 7,
        precision: 'fp32',
        threads: 1,
        model: { patchSize: 8, dim: 32, depth: 2, heads: 2, input: 'half' },
      },
      'test',
    );
    expect(pretraining({}, (it) => (it.model.input = 'half'))).toEqual(own);
  });

  it('is the preset that is named, and what is changed of it', () => {
    const paper = pretraining({ pretraining: { preset: 'paper', training: { batchSize: 64 } } });
    expect(paper).toMatchObject({ objective: PRESETS.paper.objective, crops: PRESETS.paper.crops });
    expect(paper.training).toEqual({ ...PRESETS.paper.training, batchSize: 64 });
    expect(pretraining({ pretraining: undefined }).training).toEqual(PRESETS.small.training);
  });

  it('spreads the levels of radiographs as the experiment does, of pictures as the recipe does', () => {
    const alone = pretraining({ pictures: undefined, radiographs }, (it) => (it.preprocessing = { minMax: false }));
    expect(alone.crops.intensity).toEqual({ minMax: false, equalize: true });
    expect(pretraining({ radiographs }).crops.intensity).toBe(null);
    const own = { crops: { intensity: { minMax: true, equalize: false } } };
    expect(pretraining({ pictures: undefined, radiographs, pretraining: own }).crops.intensity).toEqual(
      own.crops.intensity,
    );
  });

  it('goes on from weights with their network, by the preset for that', () => {
    const from = { weights: 'dinov2-small' };
    const further = pretraining({ pretraining: { from } });
    expect(further).toMatchObject({ model: null, from: { ...from, allow: [], input: null } });
    expect(further.training).toEqual(PRESETS.continue.training);
    expect(pretraining({ pretraining: { from } }, (it) => (it.model.input = 'half')).from?.input).toBe('half');
  });
});

it('refuses crops that do not fit the patches, before anything is read', () => {
  const { config, start } = checked({ pretraining: { crops: { globalSize: 20, localSize: 8 } } });
  expect(() => requireDinov2(config, folder, start)).toThrow(
    "initialization 'dinov2': crops.globalSize: found 20; expected a multiple of the network's patch size 8, 16 at least.",
  );
});

describe('the images of a DINOv2 start', () => {
  const line = { update: () => {}, end: () => {} };
  const printed: string[] = [];
  const open = (start: object, tested: string[] = []) => {
    const it = checked(start);
    const progress = { start: () => line, print: (text: string) => void printed.push(text) };
    const runs = join(folder, 'runs');
    const context = new ExperimentContext({ config: it.config, dataRoot: folder, folder: runs, progress });
    for (const path of tested) context.testImages.add(path);
    return openUnlabelled(context, it.start);
  };

  it('are the training radiographs alone, beside all pictures', async () => {
    const { images, description } = await open({ radiographs });
    const [pictures, own] = images;
    const root = join(folder, 'radiographs');
    const published = openRadiographs('chestxray14', { root, seed: 1, findings: phantoms.findings });
    const train = published.radiographs.filter(({ split }) => split === 'train').map(({ id }) => id);
    expect(pictures!.length).toBe(12);
    expect(Array.from({ length: own!.length }, (_, i) => own!.id(i))).toEqual(train);
    expect(train.length).toBeLessThan(published.radiographs.length);
    expect(description).toBe(`${12 + train.length} images (pictures, radiographs)`);
  });

  it('are none that the experiment tests on, of whichever data set', async () => {
    const only = { pictures: undefined, radiographs };
    const all = await open(only);
    const { path } = all.images[0]!.at(3) as { path: string };
    const rest = await open(only, [path]);
    expect(rest.images[0]!.length).toBe(all.images[0]!.length - 1);
    const ids = Array.from({ length: rest.images[0]!.length }, (_, i) => rest.images[0]!.id(i));
    expect(ids).not.toContain(all.images[0]!.id(3));
    expect(rest.fingerprint).not.toBe(all.fingerprint);
    expect(printed).toEqual(['note: dinov2: 1 radiographs are left out, since the experiment tests on them']);
  });

  it('have another fingerprint when there are others', async () => {
    const prints = [
      await open({}),
      await open({ radiographs }),
      await open({ pictures: [{ type: 'folder', root: 'pictures', limit: 10 }] }),
    ].map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(3);
  });

  it('do not come from a cache, nor from a split that a folder does not have', async () => {
    await expect(open({ radiographs: { ...radiographs, cache: 'cache' } })).rejects.toThrow(
      "initialization 'dinov2': radiographs.cache: found cache; expected no cache: its crops are cut out of the whole",
    );
    await expect(open({ pictures: [{ type: 'folder', root: 'pictures', split: 'train' }] })).rejects.toThrow(
      'pictures: split: found train; expected no split, which of pictures CIFAR-10 alone has.',
    );
  });
});
