import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { checkRadiographs } from './check.js';
import { makeChestXray14, makeFolder } from './fixtures/make-folder.js';
import { indexRadiographs } from './registry.js';

describe('checkRadiographs', () => {
  it('lists broken images, and reports a patient in two splits without stopping', async () => {
    const root = await makeChestXray14({
      rows: ['a', 'b', 'c', 'd', 'e', 'gone'].map((name, i) => {
        return { id: `${name}.png`, patient: Math.floor(i / 2), labels: i % 2 === 0 ? 'Mass' : 'No Finding' };
      }),
      trainVal: ['a.png', 'b.png', 'c.png'],
      test: ['d.png', 'e.png', 'gone.png'],
      images: ['a.png', 'b.png', 'c.png', 'd.png', 'e.png', 'stranger.png'],
    });
    writeFileSync(join(root, 'images/b.png'), '');
    writeFileSync(join(root, 'images/d.png'), 'not an image at all');
    writeFileSync(join(root, 'images/e.png'), readFileSync(join(root, 'images/a.png')).subarray(0, 60));
    const dataset = indexRadiographs('chestxray14', { root, seed: 1, findings: ['Mass'] });
    const progress: number[] = [];
    const check = await checkRadiographs(dataset, { concurrency: 2, onProgress: (done) => progress.push(done) });
    expect(check.unreadable.map(({ id }) => id)).toEqual(['b.png', 'd.png', 'e.png']);
    for (const { reason } of check.unreadable) expect(reason).toMatch(/\w/);
    expect(check).toMatchObject({
      name: 'chestxray14',
      root,
      rowsWithoutImage: ['gone.png'],
      imagesWithoutRow: ['stranger.png'],
      patientsInTwoSplits: { patients: 1, images: ['c.png', 'd.png'] },
      splits: { test: { images: 2, patients: 2, findings: { Mass: { positive: 1, negative: 1, unknown: 0 } } } },
    });
    expect(progress).toEqual([1, 2, 3, 4, 5]);
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
  });

  const mini = sharedData('chestxray14-mini');
  it.skipIf(!mini)('finds nothing wrong with the real radiographs, and one that is cut off', async () => {
    const clean = await checkRadiographs(indexRadiographs('chestxray14', { root: mini!, seed: 1 }));
    expect(clean.unreadable).toEqual([]);
    expect(clean.patientsInTwoSplits.patients).toBe(0);
    expect(clean.splits.train.images + clean.splits.validate.images).toBe(531);

    const copy = makeFolder({});
    for (const file of ['Data_Entry_2017_v2020.csv', 'train_val_list.txt', 'test_list.txt']) {
      copyFileSync(join(mini!, file), join(copy, file));
    }
    const dataset = indexRadiographs('chestxray14', { root: mini!, seed: 1 });
    mkdirSync(join(copy, 'images'));
    for (const { id, path } of dataset.radiographs.slice(0, 20)) symlinkSync(path, join(copy, 'images', id));
    const { id, path } = dataset.radiographs[20]!;
    writeFileSync(join(copy, 'images', id), readFileSync(path).subarray(0, 20_000));
    const check = await checkRadiographs(indexRadiographs('chestxray14', { root: copy, seed: 1 }));
    expect(check.unreadable.map((image) => image.id)).toEqual([id]);
    expect(check.rowsWithoutImage).toHaveLength(700 - 21);
  });
});
