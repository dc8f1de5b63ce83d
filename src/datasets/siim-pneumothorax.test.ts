import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { Random, readBytes, readText } from '../base/index.js';
import { checkRadiographs } from './check.js';
import { makeFolder } from './fixtures/make-folder.js';
import { indexRadiographs, openRadiographs } from './registry.js';
import { boxOfMask } from './siim-pneumothorax.js';

const HEADER = 'ImageId, EncodedPixels\n';
const options = { seed: 1, requireImages: false };

/** The box of the pixels that are set, as torchxrayvision's decoder sets them: relative offsets, column by column. */
function boxByPainting(mask: string) {
  const painted = new Uint8Array(1024 * 1024);
  let end = 0;
  for (const [, offset, length] of mask.matchAll(/(\d+) (\d+)/g)) {
    painted.fill(1, end + Number(offset), end + Number(offset) + Number(length));
    end += Number(offset) + Number(length);
  }
  const set = [...painted.keys()].filter((pixel) => painted[pixel]);
  const columns = set.map((pixel) => Math.floor(pixel / 1024));
  const rows = set.map((pixel) => pixel % 1024);
  const span = (values: number[]) => {
    const first = values.reduce((a, b) => Math.min(a, b));
    return [first, values.reduce((a, b) => Math.max(a, b)) - first + 1] as const;
  };
  const [x, width] = span(columns);
  const [y, height] = span(rows);
  return { finding: 'Pneumothorax', x, y, width, height };
}

describe('SIIM-ACR Pneumothorax', () => {
  it('reads masks as boxes, and finds images at any depth', () => {
    const root = makeFolder({
      'train-rle.csv': `${HEADER}a,-1\nb, 2049 3 1021 2\nb,0 1\nc,-1\nd, -1\n`,
      'dicom-images-train/1.2/3.4/a.dcm': '',
      'dicom-images-train/b.png': '',
      'dicom-images-train/1.5/3.4/c.dcm': '',
      'dicom-images-train/1.5/3.4/x.dcm': '',
    });
    const dataset = openRadiographs('siim-pneumothorax', { root, seed: 1 });
    expect(dataset.radiographs.map(({ id, path, labels }) => [id, path, labels[0]])).toEqual([
      ['a', join(root, 'dicom-images-train/1.2/3.4/a.dcm'), 0],
      ['b', join(root, 'dicom-images-train/b.png'), 1],
      ['c', join(root, 'dicom-images-train/1.5/3.4/c.dcm'), 0],
    ]);
    expect(dataset.radiographs[1]!.boxes).toEqual([
      { finding: 'Pneumothorax', x: 2, y: 1, width: 2, height: 3 },
      { finding: 'Pneumothorax', x: 0, y: 0, width: 1, height: 1 },
    ]);
    expect([dataset.rowsWithoutImage, dataset.imagesWithoutRow]).toEqual([['d'], ['x']]);
    expect(dataset.notes.join('\n')).toContain('no patient ids are published');
  });

  it('bounds a mask like the pixels that it paints', () => {
    const random = Random.of(5, 'masks');
    const where = () => 'here';
    for (let round = 0; round < 10; round++) {
      const runs = Array.from({ length: 1 + random.integer(6) }, () => [
        random.integer(90_000),
        1 + random.integer(2500),
      ]);
      const mask = runs.flat().join(' ');
      expect(boxOfMask(mask, where)).toEqual(boxByPainting(mask));
    }
  });

  it.each([
    ['an odd count', 'a,12 3 4', 'row 2, EncodedPixels: found 3 numbers'],
    ['words', 'a,12 three', 'found offset 12 and length NaN'],
    ['an empty run', 'a,12 0', 'found offset 12 and length 0'],
    ['a mask beyond the image', 'a,1048570 7', 'found a run that ends at pixel 1048577'],
    ['nothing', 'a,', 'row 2, EncodedPixels: found 1 numbers'],
    ['both', 'a,-1\na,1 2', 'row 3: found a with and without mask'],
  ])('refuses %s', (_, rows, message) => {
    const root = makeFolder({ 'train-rle.csv': `${HEADER}${rows}\n` });
    expect(() => indexRadiographs('siim-pneumothorax', { ...options, root })).toThrow(message);
  });

  const excerpt = sharedData('tables', 'siim-pneumothorax-train-rle.csv');
  it.skipIf(!excerpt)('decodes its DICOM file (skipped where ../shared/data is absent)', async () => {
    const id = '1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819';
    const root = makeFolder({
      'train-rle.csv': readText(excerpt!),
      [`dicom-images-train/study/series/${id}.dcm`]: readBytes(sharedData('native', 'dicom', `${id}.dcm`)!),
      'dicom-images-train/study/series/broken.dcm': 'not DICOM',
    });
    const check = await checkRadiographs(openRadiographs('siim-pneumothorax', { root, seed: 1 }));
    expect(check).toMatchObject({ unreadable: [], imagesWithoutRow: ['broken'] });
    expect(check.rowsWithoutImage).toHaveLength(299);
  });

  it.skipIf(!excerpt)('reads the excerpt of the published table (skipped where ../shared/data is absent)', () => {
    const table = readText(excerpt!);
    const root = makeFolder({ 'siim-pneumothorax-train-rle.csv': table });
    const { radiographs } = indexRadiographs('siim-pneumothorax', { ...options, root });
    expect(radiographs.filter((radiograph) => radiograph.labels[0] === 0)).toHaveLength(205);
    const masked = radiographs.filter((radiograph) => radiograph.labels[0] === 1);
    expect(masked).toHaveLength(95);
    for (const { id, boxes } of masked.slice(0, 5)) {
      const [, mask] = new RegExp(`^${id},(.*)$`, 'm').exec(table)!;
      expect(boxes).toEqual([boxByPainting(mask!)]);
    }
  });
});
