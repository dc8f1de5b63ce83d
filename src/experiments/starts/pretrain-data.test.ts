import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { experiment, ssl, supervised } from '../../../test/tiny-experiment.js';
import { writePictureSet } from '../../phantoms/index.js';
import { checkExperiment } from '../config/config.js';
import type { SimclrInitialization, SupervisedInitialization } from '../config/schema.js';
import { ExperimentContext } from '../parts/context.js';
import { labelledPictures, openMixed } from './pretrain-data.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-pictures-'));
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  await writePictureSet(join(folder, 'pictures'), { images: 20, size: 24, seed: 1 });
  const { status } = spawnSync('tar', ['-cf', join(folder, 'pictures.tar'), '-C', join(folder, 'pictures'), '.']);
  expect(status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const progress = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

it('the pictures of a tar are those of its folder, with and without labels', async () => {
  const opened = ['folder', 'tar'].map(async (type) => {
    const pictures = [{ type, root: type === 'tar' ? 'pictures.tar' : 'pictures' }];
    const config = checkExperiment(experiment([ssl, supervised].map((start) => ({ ...start, pictures }))), 'test');
    const context = new ExperimentContext({ config, dataRoot: folder, folder: join(folder, `runs ${type}`), progress });
    const [simclr, labels] = config.initializations as [SimclrInitialization, SupervisedInitialization];
    const mixed = await openMixed(context, simclr, 16);
    const labelled = await labelledPictures(context, labels);
    const pixels = await Promise.all(Array.from(mixed.indices, (i) => mixed.store.read(i)));
    return {
      pixels: pixels.map((image) => Buffer.from(image).toString('base64')).sort(),
      classes: 'outputs' in labelled.target ? labelled.target.outputs : 0,
      train: labelled.train.length,
    };
  });
  const [loose, packed] = await Promise.all(opened);
  expect(loose!.pixels).toHaveLength(20);
  expect(loose!.classes).toBeGreaterThan(1);
  expect(packed).toEqual(loose);
});
