import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { makeFolder } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import type { RadiographOptions } from './radiograph.js';
import { indexTbx11k } from './tbx11k.js';

const CATEGORIES = [
  { id: 1, name: 'ActiveTuberculosis', supercategory: 'Tuberculosis' },
  { id: 2, name: 'ObsoletePulmonaryTuberculosis', supercategory: 'Tuberculosis' },
  { id: 3, name: 'PulmonaryTuberculosis', supercategory: 'Tuberculosis' },
];

/** An annotation file of the files, with boxes as [file, category]. */
function coco(files: string[], boxes: [number, number][] = []) {
  return {
    categories: CATEGORIES,
    images: files.map((file_name, i) => ({ id: i + 1, file_name, width: 512, height: 512 })),
    annotations: boxes.map(([file, category_id], i) => ({
      id: i,
      image_id: file + 1,
      category_id,
      bbox: [10.5, 20, 30, 40.25],
      area: 1207.5,
    })),
  };
}

const TRAIN = ['health/h0001.png', 'sick/s0001.png', 'tb/tb0001.png', 'tb/tb0002.png', 'tb/tb1199.png'];
const VALIDATE = ['health/h3001.png', 'tb/tb0600.png'];
const BOXES: [number, number][] = [
  [2, 1],
  [3, 1],
  [3, 2],
];

function folder(train: unknown, validate?: unknown, images = [...TRAIN, ...VALIDATE]): string {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return makeFolder({
    'annotations/json/TBX11K_train.json': text(train),
    ...(validate === undefined ? {} : { 'annotations/json/TBX11K_val.json': text(validate) }),
    ...Object.fromEntries(images.map((file) => [`imgs/${file}`, ''])),
    'imgs/test/test_0001.png': '',
    'imgs/extra/da+db/train/p001.png': '',
  });
}

const index = (root: string, options: Partial<RadiographOptions> = {}) => indexTbx11k({ root, seed: 1, ...options });

describe('TBX11K', () => {
  it('takes labels from folders and boxes, and boxes as published', () => {
    const root = folder(coco(TRAIN, BOXES), coco(VALIDATE, [[1, 2]]), [...TRAIN, ...VALIDATE, 'sick/s9999.png']);
    const dataset = index(root);
    expect(dataset.findings.map(({ name, shared }) => [name, shared])).toEqual([
      ['Healthy', 'no finding'],
      ['Sick', null],
      ['Tuberculosis', 'tuberculosis'],
      ['ActiveTuberculosis', null],
      ['ObsoletePulmonaryTuberculosis', null],
    ]);
    const labels = Object.fromEntries(dataset.radiographs.map(({ id, labels }) => [id, [...labels]]));
    expect(labels).toEqual({
      'health/h0001.png': [1, 0, 0, 0, 0],
      'sick/s0001.png': [0, 1, 0, 0, 0],
      'tb/tb0001.png': [0, 0, 1, 1, 0],
      'tb/tb0002.png': [0, 0, 1, 1, 1],
      'tb/tb1199.png': [0, 0, 1, Number.NaN, Number.NaN],
      'health/h3001.png': [1, 0, 0, 0, 0],
      'tb/tb0600.png': [0, 0, 1, 0, 1],
    });
    const boxed = dataset.radiographs.find(({ id }) => id === 'tb/tb0001.png')!;
    expect(boxed.boxes).toEqual([{ finding: 'ActiveTuberculosis', x: 10.5, y: 20, width: 30, height: 40.25 }]);
    expect(boxed.path).toBe(join(root, 'imgs', 'tb', 'tb0001.png'));
    expect(dataset.radiographs[0]!.boxes).toEqual([]);
    expect(dataset.imagesWithoutRow).toEqual(['sick/s9999.png']);
    expect(dataset.notes.join('\n')).toContain(
      '1 images of tuberculosis have no box: whether it is active is unknown: tb/tb1199.png',
    );
  });

  it('keeps the validation split and draws a test split from the training images', () => {
    const { radiographs } = index(folder(coco(TRAIN, BOXES), coco(VALIDATE)), { testFraction: 0.4 });
    const split = (name: string) => radiographs.filter((row) => row.split === name).map(({ id }) => id);
    expect(split('validate')).toEqual(VALIDATE);
    expect(split('test')).toHaveLength(2);
    expect([...split('train'), ...split('test')].sort()).toEqual(TRAIN);
  });

  it('reads one file for both, and rows without image', () => {
    const both = coco([...TRAIN, ...VALIDATE], BOXES);
    const root = makeFolder({
      'annotations/json/TBX11K_trainval.json': JSON.stringify(both),
      'imgs/tb/tb0001.png': '',
      'imgs/tb/tb0002.png': '',
    });
    const dataset = index(root);
    expect(dataset.radiographs.map(({ id }) => id)).toEqual(['tb/tb0001.png', 'tb/tb0002.png']);
    expect(dataset.rowsWithoutImage).toHaveLength(5);
    expect(index(root, { requireImages: false }).radiographs).toHaveLength(7);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'the document: found []; expected a mapping of keys to values.'],
    ['no images', { categories: [], annotations: [] }, 'images: found nothing; expected a list.'],
    [
      'a path out of the folder',
      coco(['tb/../../etc/passwd.png']),
      'images[0].file_name: found "tb/../../etc/passwd.png"',
    ],
    [
      'an absolute path',
      coco(['/etc/passwd']),
      'images[0].file_name: found "/etc/passwd"; expected a path such as tb/tb0001.png',
    ],
    [
      'a number for a path',
      { ...coco([]), images: [{ id: 1, file_name: 5 }] },
      'images[0].file_name: found 5; expected text.',
    ],
    [
      'a box of three',
      { ...coco(TRAIN), annotations: [{ image_id: 1, category_id: 1, bbox: [1, 2, 3] }] },
      'annotations[0].bbox',
    ],
    [
      'an unknown category',
      coco(TRAIN, [[2, 9]]),
      'annotations[0]: found category 9; expected one that the file lists',
    ],
    ['an unknown image', coco(TRAIN, [[90, 1]]), 'annotations[0]: found image 91; expected one that the file lists'],
    ['an image twice', coco([...TRAIN, TRAIN[0]!]), 'found health/h0001.png again'],
    ['half a file', JSON.stringify(coco(TRAIN)).slice(0, 300), 'invalid JSON'],
    ['nothing', '', 'invalid JSON'],
    ['a depth of a million', '['.repeat(1_000_000), 'TBX11K_train.json: found'],
    [
      'a closed depth of a million',
      `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`,
      'TBX11K_train.json: the document: found',
    ],
  ])('refuses %s', (_, train, message) => {
    expect(messageFrom(() => index(folder(train)))).toContain(message);
  });

  it('refuses an image in both splits, and names what is missing', () => {
    expect(messageFrom(() => index(folder(coco(TRAIN), coco(VALIDATE.concat(TRAIN[0]!)))))).toContain(
      'health/h0001.png again',
    );
    expect(messageFrom(() => index(makeFolder({})))).toContain('no folder of images');
    const root = folder(coco(TRAIN));
    rmSync(join(root, 'annotations'), { recursive: true });
    expect(messageFrom(() => index(root))).toContain('found no annotations');
  });
});

const real = sharedData('native', 'tbx11k');
describe.skipIf(!real)('TBX11K, three published images (skipped where ../shared/data is absent)', () => {
  it('reads the published annotations', () => {
    const { radiographs } = index(real!);
    expect(radiographs.map(({ id, labels, boxes }) => [id, [...labels], boxes!.length])).toEqual([
      ['tb/tb0005.png', [0, 0, 1, 1, 0], 1],
      ['tb/tb0007.png', [0, 0, 1, 0, 1], 2],
      ['health/h0001.png', [1, 0, 0, 0, 0], 0],
    ]);
    expect(radiographs[0]!.boxes![0]).toEqual({
      finding: 'ActiveTuberculosis',
      x: 381.8337097167969,
      y: 126.8733901977539,
      width: 40.236907958984375,
      height: 44.565773010253906,
    });
  });
});
