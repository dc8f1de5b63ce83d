import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readText } from '../base/index.js';
import { checkRadiographs } from './check.js';
import { indexChexpert } from './chexpert.js';
import { makeFolder } from './fixtures/make-folder.js';
import { type ChexpertRow, chexpertTable, makeImages, testLabels } from './fixtures/make-stanford-mit.js';
import { openRadiographs } from './registry.js';

const train: ChexpertRow[] = [
  {
    path: 'train/patient00001/study2/view1_frontal.jpg',
    sex: 'Female',
    age: '68',
    labels: { 'No Finding': '1.0', Edema: '0.0' },
  },
  {
    path: 'train/patient00002/study1/view1_frontal.jpg',
    position: 'PA',
    labels: { Cardiomegaly: '-1.0', 'Pleural Effusion': '1.0' },
  },
  { path: 'train/patient00002/study1/view2_lateral.jpg', labels: { Cardiomegaly: '-1.0', 'Pleural Effusion': '1.0' } },
  { path: 'train/patient00003/study1/view1_frontal.jpg', sex: 'Unknown', age: '0', position: 'LL' },
];
const valid = [{ path: 'valid/patient64541/study1/view1_frontal.jpg', labels: { Fracture: '1.0' } }];
const test = [{ path: 'test/patient64741/study1/view1_frontal.jpg', labels: { 'Lung Opacity': '1.0' } }];
const pathsOf = (rows: { path: string }[]) => rows.map(({ path }) => path);
const SMALL = 'CheXpert-v1.0-small';
const tables = { [`${SMALL}/train.csv`]: chexpertTable(train), [`${SMALL}/valid.csv`]: chexpertTable(valid) };
const images = [...pathsOf(train), ...pathsOf(valid)].map((path) => `${SMALL}/${path}`);
const labelsOf = ({ radiographs, findings }: ReturnType<typeof indexChexpert>, finding: string) =>
  radiographs.map(({ labels }) => labels[findings.findIndex(({ name }) => name === finding)]);

describe('CheXpert', () => {
  it('reads paths, persons, views and labels of v1.0-small, from its folder or from the one above', async () => {
    const root = await makeImages(tables, images);
    const dataset = openRadiographs('chexpert', { root, seed: 1, testFraction: 0.34 });
    const [first, second, third, fourth] = dataset.radiographs;
    expect(dataset.radiographs).toHaveLength(4);
    expect(first).toMatchObject({
      id: `${SMALL}/${train[0]!.path}`,
      path: join(root, SMALL, train[0]!.path),
      patient: 'patient00001',
      view: 'AP',
      sex: 'F',
      ageYears: 68,
    });
    expect(second).toMatchObject({ patient: 'patient00002', view: 'PA', sex: 'M', ageYears: 58 });
    expect(third).toMatchObject({ patient: 'patient00003', view: 'LL', sex: null, ageYears: Number.NaN });
    expect(fourth).toMatchObject({ patient: 'patient64541', split: 'validate' });
    expect(dataset.findings).toHaveLength(14);
    expect(dataset.findings.find(({ name }) => name === 'Pleural Effusion')!.shared).toBe('pleural effusion');
    expect(labelsOf(dataset, 'No Finding')).toEqual([1, 0, 0, 0]);
    expect(labelsOf(dataset, 'Cardiomegaly')).toEqual([0, 0, 0, 0]);
    expect(labelsOf(dataset, 'Pleural Effusion')).toEqual([0, 1, 0, 0]);
    expect(dataset.radiographs.filter(({ split }) => split === 'test')).toHaveLength(1);
    expect(dataset.notes).toEqual([
      'test split: 1 patients drawn from all (fraction 0.34, seed 1)',
      `1 lateral images are left out: ${SMALL}/train/patient00002/study1/view2_lateral.jpg`,
      `1 ages are 0 and count as unknown: ${SMALL}/train/patient00003/study1/view1_frontal.jpg`,
      'images without a row were not looked for',
    ]);
    const inside = openRadiographs('chexpert', { root: join(root, SMALL), seed: 1, testFraction: 0.34 });
    expect(inside.radiographs).toEqual(dataset.radiographs);
    expect((await checkRadiographs(dataset)).unreadable).toEqual([]);
  });

  it('keeps lateral views and turns uncertain labels as asked', async () => {
    const root = await makeImages(tables, images);
    const ones = indexChexpert({
      root,
      seed: 1,
      views: 'all',
      uncertain: 'ones',
      findings: ['Fracture', 'cardiomegaly'],
    });
    expect(ones.radiographs.map(({ view }) => view)).toEqual(['AP', 'PA', 'Lateral', 'LL', 'AP']);
    expect(ones.radiographs.map(({ labels }) => [...labels])).toEqual([
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(ones.radiographs[1]!.labels).toBe(ones.radiographs[2]!.labels);
    const ignored = indexChexpert({ root, seed: 1, uncertain: 'ignore' });
    expect(labelsOf(ignored, 'Cardiomegaly')).toEqual([0, Number.NaN, 0, 0]);
  });

  it.each([
    ['beside train.csv', `${SMALL}/test_labels.csv`, `${SMALL}/`],
    ['as released with CheXlocalize', 'chexlocalize/CheXpert/test_labels.csv', 'chexlocalize/CheXpert/'],
  ])('takes the released test set, %s', async (_, table, folder) => {
    const path = test[0]!.path;
    const root = await makeImages({ ...tables, [table]: testLabels(test) }, [...images, `${folder}${path}`]);
    const dataset = openRadiographs('chexpert', { root, seed: 1 });
    expect(dataset.radiographs.filter(({ split }) => split === 'test')).toMatchObject([
      {
        id: path,
        path: join(root, folder, path),
        patient: 'patient64741',
        view: null,
        sex: null,
        ageYears: Number.NaN,
      },
    ]);
    expect(labelsOf(dataset, 'Lung Opacity')).toEqual([0, 0, 0, 0, 1]);
    expect(dataset.radiographs.filter(({ split }) => split === 'train')).toHaveLength(3);
    expect(dataset.rowsWithoutImage).toEqual([]);
    writeFileSync(join(root, table), testLabels(test).replace('Lung Opacity', 'Airspace Opacity'));
    expect(labelsOf(indexChexpert({ root, seed: 1 }), 'Lung Opacity')).toEqual([0, 0, 0, 0, 1]);
  });

  it('finds the images of v1.0 in the batches of the download', async () => {
    const batch = (name: string) => `CheXpert-v1.0 batch ${name}`;
    const inBatch = { patient00001: '2 (train 1)', patient00002: '3 (train 2)', patient00003: '4 (train 3)' };
    const root = await makeImages(
      {
        [`${batch('1 (validate & csv)')}/train.csv`]: chexpertTable(train, 'CheXpert-v1.0'),
        [`${batch('1 (validate & csv)')}/valid.csv`]: chexpertTable(valid, 'CheXpert-v1.0'),
      },
      [
        `${batch('1 (validate & csv)')}/${valid[0]!.path}`,
        ...pathsOf(train).map((path) => {
          const [, patient, ...rest] = path.split('/') as [string, keyof typeof inBatch];
          return [batch(inBatch[patient]), patient, ...rest].join('/');
        }),
      ],
    );
    const { radiographs, rowsWithoutImage } = openRadiographs('chexpert', { root, seed: 1 });
    expect(rowsWithoutImage).toEqual([]);
    expect(radiographs[1]).toMatchObject({
      id: 'CheXpert-v1.0/train/patient00002/study1/view1_frontal.jpg',
      path: join(root, 'CheXpert-v1.0 batch 3 (train 2)/patient00002/study1/view1_frontal.jpg'),
    });
    rmSync(join(root, batch('3 (train 2)')), { recursive: true });
    expect(indexChexpert({ root, seed: 1 }).rowsWithoutImage).toEqual([radiographs[1]!.id]);
  });

  it('lists rows without image, or does not look for them', async () => {
    const root = await makeImages(tables, images.slice(1));
    expect(indexChexpert({ root, seed: 1 }).rowsWithoutImage).toEqual([`${SMALL}/${train[0]!.path}`]);
    const all = indexChexpert({ root: makeFolder(tables), seed: 1, requireImages: false });
    expect(all.radiographs).toHaveLength(4);
  });

  it.each([
    [
      'a path of another form',
      { path: 'train/patient1.jpg' },
      'row 6, Path: found "CheXpert-v1.0-small/train/patient1.jpg"',
    ],
    [
      'a path that leaves the folder',
      { path: 'train/patient00009/study1/../../../../x.jpg' },
      'row 6, Path: found "CheXpert-v1.0-small/train/patient00009/study1/../../../../x.jpg"',
    ],
    ['an unknown sex', { sex: 'X' }, 'row 6, Sex: found "X"'],
    ['an unknown age', { age: 'old' }, 'row 6, Age: found "old"'],
    ['an unknown view', { view: 'Oblique' }, 'row 6, Frontal/Lateral: found "Oblique"'],
    ['an unknown label', { labels: { Edema: '2.0' } }, 'row 6, Edema: found "2.0"; expected 1 (positive), 0'],
    ['a second row of an image', { path: train[0]!.path }, `row 6: found ${SMALL}/${train[0]!.path} again`],
  ])('refuses %s', (_, wrong, message) => {
    const row = { path: 'train/patient00009/study1/view1_frontal.jpg', ...wrong };
    const root = makeFolder({ ...tables, [`${SMALL}/train.csv`]: chexpertTable([...train, row]) });
    expect(() => indexChexpert({ root, seed: 1, requireImages: false })).toThrow(message);
  });

  it('names what is missing, cut off, or there twice', async () => {
    const root = await makeImages(tables, images);
    const table = join(root, SMALL, 'train.csv');
    const open = () => indexChexpert({ root, seed: 1 });
    writeFileSync(table, chexpertTable(train).replace('Pneumonia', 'Pneumonic'));
    expect(open).toThrow(`${table}: header: found Path, Sex,`);
    expect(open).toThrow('expected a column "Pneumonia"');
    writeFileSync(table, chexpertTable(train).replace('AP/PA', 'View'));
    expect(open).toThrow('expected a column "AP/PA"');
    writeFileSync(table, chexpertTable(train).slice(0, -8));
    expect(open).toThrow('row 5: found 12 fields; expected 19');
    const packed = gzipSync(chexpertTable(train));
    writeFileSync(table, packed.subarray(0, packed.length - 12));
    expect(open).toThrow(`${table}: found damaged or oversized gzip data`);
    writeFileSync(table, chexpertTable(train));
    rmSync(join(root, SMALL, 'valid.csv'));
    expect(open).toThrow('valid.csv: found no such file');
    expect(() => indexChexpert({ root: makeFolder(tables), seed: 1 })).toThrow('found no folder of images');
    expect(() => indexChexpert({ root: makeFolder({ x: '' }), seed: 1 })).toThrow('found no train.csv, nor one in');
    const both = makeFolder({ ...tables, 'CheXpert-v1.0/train.csv': chexpertTable(train) });
    expect(() => indexChexpert({ root: both, seed: 1 })).toThrow('expected one edition');
  });

  it('stops where a patient is in two splits', async () => {
    const root = await makeImages(
      { ...tables, [`${SMALL}/valid.csv`]: chexpertTable([train[0]!]).replaceAll('view1', 'view3') },
      [...images, `${SMALL}/train/patient00001/study2/view3_frontal.jpg`],
    );
    const open = () => openRadiographs('chexpert', { root, seed: 1, testFraction: 0.34 });
    expect(open).toThrow('1 patient(s) in two splits, with 2 image(s)');
  });
});

const published = sharedData('tables', 'chexpert_train.csv');
describe.skipIf(!published)('the excerpt of the published train.csv (skipped where ../shared/data is absent)', () => {
  it('has the counts that its columns have', () => {
    const text = readText(published!);
    const root = makeFolder({ 'train.csv': text, 'valid.csv': chexpertTable(valid) });
    const open = (views: 'all' | 'frontal') =>
      openRadiographs('chexpert', { root, seed: 1, requireImages: false, views });
    const cells = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const [all, frontal] = [open('all'), open('frontal')];
    expect(all.radiographs).toHaveLength(cells.length + 1);
    expect(frontal.radiographs).toHaveLength(cells.filter((row) => row[3] === 'Frontal').length + 1);
    for (const [i, { name }] of all.findings.entries()) {
      const positive = cells.filter((row) => row[5 + i] === '1.0').length;
      const count = all.radiographs.filter(({ split, labels }) => split !== 'validate' && labels[i] === 1).length;
      expect([name, count]).toEqual([name, positive]);
    }
    const patients = new Set(all.radiographs.map(({ patient }) => patient));
    expect(patients.size).toBe(80 + 1);
    const inTest = new Set(all.radiographs.filter(({ split }) => split === 'test').map(({ patient }) => patient));
    expect(inTest.size).toBe(16);
  });
});
