import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixtures/make-folder.js';
import { csvOf } from './fixtures/tables.js';
import { indexRadiographs, openRadiographs } from './registry.js';

/** The published columns; the test table has no `rad_id` and says `Other disease`. */
const LABELS = [
  'Aortic enlargement,Atelectasis,Calcification,Cardiomegaly,Clavicle fracture,Consolidation,Edema,Emphysema,Enlarged PA,ILD',
  'Infiltration,Lung Opacity,Lung cavity,Lung cyst,Mediastinal shift,Nodule/Mass,Pleural effusion,Pleural thickening',
  'Pneumothorax,Pulmonary fibrosis,Rib fracture,Other lesion,COPD,Lung tumor,Pneumonia,Tuberculosis,Other diseases,No finding',
].flatMap((line) => line.split(','));
const BOX = ['image_id', 'rad_id', 'class_name', 'x_min', 'y_min', 'x_max', 'y_max'];

type Cells = Record<string, string | number>;
const NEGATIVE = Object.fromEntries(LABELS.map((name) => [name, 0]));

const trainTable = (rows: Cells[]) =>
  csvOf(
    ['image_id', 'rad_id', ...LABELS],
    rows.map((row) => ({ ...NEGATIVE, ...row })),
  );
const testTable = (rows: Cells[]) =>
  csvOf(
    ['image_id', ...LABELS.map((name) => (name === 'Other diseases' ? 'Other disease' : name))],
    rows.map((row) => ({ ...NEGATIVE, 'Other disease': 0, ...row })),
  );

/** Three readers of each image; Cardiomegaly by two and Edema by one of image a. */
const read: Cells[] = ['a', 'b', 'c'].flatMap((id) => ['R1', 'R2', 'R3'].map((rad_id) => ({ image_id: id, rad_id })));
Object.assign(read[0]!, { Cardiomegaly: 1, Edema: 1 });
Object.assign(read[1]!, { Cardiomegaly: '1.0' });

const files = {
  'annotations/image_labels_train.csv': trainTable(read),
  'annotations/image_labels_test.csv': testTable([{ image_id: 't', Pneumonia: 1, 'Other disease': 1 }]),
  'annotations/annotations_train.csv': csvOf(BOX, [
    { image_id: 'a', rad_id: 'R1', class_name: 'Cardiomegaly', x_min: 10.5, y_min: 20, x_max: 110.5, y_max: 70 },
    { image_id: 'a', rad_id: 'R2', class_name: 'Cardiomegaly', x_min: 12, y_min: 20, x_max: 112, y_max: 71 },
    { image_id: 'b', rad_id: 'R1', class_name: 'No finding' },
  ]),
  'annotations/annotations_test.csv': csvOf(
    BOX.filter((name) => name !== 'rad_id'),
    [{ image_id: 't', class_name: 'ILD', x_min: 1, y_min: 2, x_max: 3, y_max: 5 }],
  ),
};
const images = { 'train/a.dicom': '', 'train/b.png': '', 'train/c.dcm': '', 'test/t.jpg': '', 'test/stray.dicom': '' };

const positive = (id: string, options: Parameters<typeof indexRadiographs>[1]) => {
  const { radiographs, findings } = indexRadiographs('vindr-cxr', options);
  const { labels } = radiographs.find((radiograph) => radiograph.id === id)!;
  return findings.filter((_, column) => labels[column] === 1).map(({ name }) => name);
};

describe('VinDr-CXR', () => {
  it('decides by the majority of the readers, keeps the test split, and says what is not published', () => {
    const root = makeFolder({ ...files, ...images });
    const dataset = openRadiographs('vindr-cxr', { root, seed: 1 });
    expect(dataset.findings).toHaveLength(28);
    expect(dataset.radiographs.map(({ id }) => id)).toEqual(['a', 'b', 'c', 't']);
    expect(dataset.radiographs.map(({ path }) => path)).toEqual(
      ['train/a.dicom', 'train/b.png', 'train/c.dcm', 'test/t.jpg'].map((path) => join(root, path)),
    );
    expect(dataset.radiographs[0]).toMatchObject({ patient: 'a', view: 'PA', sex: null, ageYears: Number.NaN });
    expect(dataset.radiographs.filter(({ split }) => split === 'test').map(({ id }) => id)).toEqual(['t']);
    expect(dataset.radiographs.filter(({ split }) => split === 'validate')).toHaveLength(1);
    expect(positive('a', { root, seed: 1 })).toEqual(['Cardiomegaly']);
    expect(positive('a', { root, seed: 1, labels: 'any' })).toEqual(['Cardiomegaly', 'Edema']);
    expect(positive('t', { root, seed: 1 })).toEqual(['Pneumonia', 'Other diseases']);
    expect(positive('t', { root, seed: 1, findings: ['lung opacity', 'pneumonia'] })).toEqual(['Pneumonia']);
    expect(dataset.imagesWithoutRow).toEqual(['stray']);
    expect(dataset.notes.join('\n')).toContain('no patient ids are published: each image counts as a patient');
    expect(dataset.notes.join('\n')).not.toContain('radiologists');
  });

  it('reads the boxes of every reader, corners as corner and size', () => {
    const { radiographs } = indexRadiographs('vindr-cxr', { root: makeFolder(files), seed: 1, requireImages: false });
    expect(radiographs.map(({ boxes }) => boxes)).toEqual([
      [
        { finding: 'Cardiomegaly', x: 10.5, y: 20, width: 100, height: 50 },
        { finding: 'Cardiomegaly', x: 12, y: 20, width: 100, height: 51 },
      ],
      [],
      [],
      [{ finding: 'ILD', x: 1, y: 2, width: 2, height: 3 }],
    ]);
  });

  it('knows no label where half of the readers saw it, and says that others than three read', () => {
    const two = [...read.filter(({ image_id }) => image_id !== 'b'), { image_id: 'b', rad_id: 'R1', ILD: 1 }];
    two.push({ image_id: 'b', rad_id: 'R2' });
    const root = makeFolder({ ...files, 'annotations/image_labels_train.csv': trainTable(two) });
    const { radiographs, notes } = indexRadiographs('vindr-cxr', {
      root,
      seed: 1,
      requireImages: false,
      findings: ['ILD', 'Edema'],
    });
    expect([...radiographs.find(({ id }) => id === 'b')!.labels]).toEqual([Number.NaN, 0]);
    expect(notes).toContain('1 images were read by other than 3 radiologists: b');
  });

  it('accepts tables beside the image folders, and does without boxes', () => {
    const root = makeFolder({
      'image_labels_train.csv': files['annotations/image_labels_train.csv'],
      'image_labels_test.csv': files['annotations/image_labels_test.csv'],
      ...images,
    });
    const { radiographs } = openRadiographs('vindr-cxr', { root, seed: 1 });
    expect(radiographs).toHaveLength(4);
    expect(radiographs[0]!.boxes).toBeUndefined();
  });

  const TRAIN = 'annotations/image_labels_train.csv';
  const TEST = 'annotations/image_labels_test.csv';
  it.each([
    ['a reader twice', TRAIN, trainTable([...read, read[0]!]), 'row 11: found a again; expected one row per image and'],
    ['a consensus twice', TEST, testTable([{ image_id: 't' }, { image_id: 't' }]), 'row 3: found t again'],
    ['an image in both tables', TEST, testTable([{ image_id: 'a' }]), 'found 1 image(s) of train, e.g. a'],
    [
      'another label',
      TRAIN,
      trainTable([{ image_id: 'a', rad_id: 'R1', Edema: 2 }]),
      'row 2, Edema: found "2"; expected 1 or 0',
    ],
    ['a missing finding', TEST, testTable([]).replace('Pneumonia', 'Pneumonya'), 'expected a column "Pneumonia"'],
  ])('refuses %s', (_, file, content, message) => {
    const root = makeFolder({ ...files, [file]: content });
    expect(() => indexRadiographs('vindr-cxr', { root, seed: 1, requireImages: false })).toThrow(message);
  });

  it('names what is missing, and the rules there are', () => {
    const root = makeFolder(files);
    expect(() => indexRadiographs('vindr-cxr', { root, seed: 1 })).toThrow('found no folder of images');
    expect(() => indexRadiographs('vindr-cxr', { root, seed: 1, labels: 'most' })).toThrow(
      'vindr-cxr: labels: found "most"; expected majority or any',
    );
    rmSync(join(root, TEST));
    expect(() => indexRadiographs('vindr-cxr', { root, seed: 1 })).toThrow('no annotations/image_labels_test.csv or');
  });
});
