import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readText } from '../base/index.js';
import { indexChestXray14 } from './chestxray14.js';
import { HEADER, makeChestXray14, makeFolder, tableOf } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import { indexRadiographs, openRadiographs } from './registry.js';
import { patientsInTwoSplits } from './split.js';
import { summarize } from './summary.js';

const rows = [
  { id: 'a0.png', patient: 1, labels: 'Effusion|Mass', age: '058Y', sex: 'F', view: 'AP' },
  { id: 'a1.png', patient: 1 },
  { id: 'b0.png', patient: 2, labels: 'Mass', age: '006M' },
  { id: 'c0.png', patient: 3, age: '', sex: '', view: '' },
  { id: 't0.png', patient: 4, labels: 'Hernia', age: '412Y' },
];
const example = { rows, trainVal: ['a0.png', 'a1.png', 'b0.png', 'c0.png'], test: ['t0.png'] };

describe('ChestX-ray14', () => {
  it('reads rows, splits, ages of both editions, and unknown values', async () => {
    const root = await makeChestXray14(example);
    const dataset = openRadiographs('chestxray14', { root, seed: 1, validationFraction: 0.34 });
    const [a0, a1, b0, c0, t0] = dataset.radiographs;
    expect(a0).toMatchObject({ id: 'a0.png', patient: '1', view: 'AP', sex: 'F', ageYears: 58 });
    expect(a0!.path).toBe(join(root, 'images', 'a0.png'));
    const positive = dataset.findings.filter((_, column) => a0!.labels[column] === 1);
    expect(positive.map(({ name }) => name)).toEqual(['Effusion', 'Mass']);
    expect(positive.map(({ shared }) => shared)).toEqual(['pleural effusion', 'mass']);
    expect(dataset.findings).toHaveLength(15);
    expect(a1!.labels[14]).toBe(1);
    expect(a1!.split).toBe(a0!.split);
    expect(b0!.ageYears).toBe(0.5);
    expect(c0).toMatchObject({ ageYears: Number.NaN, sex: null, view: null });
    expect(t0).toMatchObject({ split: 'test', ageYears: Number.NaN });
    expect(dataset.notes.join('\n')).toContain('1 ages are above 120 years and count as unknown: t0.png');
    const validate = dataset.radiographs.filter(({ split }) => split === 'validate');
    expect(new Set(validate.map(({ patient }) => patient)).size).toBe(1);
  });

  it('reads the first edition and numbered image folders', async () => {
    const root = await makeChestXray14({ ...example, table: 'Data_Entry_2017.csv', imageFolder: 'images_001/images' });
    writeFileSync(join(root, 'Data_Entry_2017.csv'), tableOf(rows).replaceAll('\n', ',\n'));
    mkdirSync(join(root, 'images_002/images'), { recursive: true });
    renameSync(join(root, 'images_001/images/t0.png'), join(root, 'images_002/images/t0.png'));
    const dataset = indexChestXray14({ root, seed: 1 });
    expect(dataset.radiographs.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(dataset.radiographs[4]!.path).toBe(join(root, 'images_002/images/t0.png'));
  });

  it('keeps only the findings asked for, in the order asked', async () => {
    const root = await makeChestXray14(example);
    const dataset = indexChestXray14({ root, seed: 1, findings: ['mass', 'Effusion'] });
    expect(dataset.findings.map(({ name }) => name)).toEqual(['Mass', 'Effusion']);
    expect(dataset.radiographs.map(({ labels }) => [...labels])).toEqual([
      [1, 1],
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]);
    const message = messageFrom(() => indexChestXray14({ root, seed: 1, findings: ['Efusion'] }));
    expect(message).toContain('"Efusion"');
    expect(message).toContain('Effusion (pleural effusion)');
    expect(message).toContain('Did you mean "Effusion"?');
    expect(messageFrom(() => indexChestXray14({ root, seed: 1, findings: [] }))).toContain('an empty list');
    const twice = { root, seed: 1, findings: ['Effusion', 'pleural effusion'] };
    expect(messageFrom(() => indexChestXray14(twice))).toContain('Effusion twice');
  });

  it('collects what does not match between table, lists and images', async () => {
    const root = await makeChestXray14({
      rows: [...rows, { id: 'unlisted.png', patient: 9 }],
      trainVal: [...example.trainVal, 'ghost.png'],
      test: example.test,
      images: ['a0.png', 'a1.png', 'b0.png', 't0.png', 'unlisted.png', 'stranger.png', '._a0.png'],
    });
    const dataset = indexChestXray14({ root, seed: 1 });
    expect(dataset.radiographs.map(({ id }) => id)).toEqual(['a0.png', 'a1.png', 'b0.png', 't0.png']);
    expect(dataset.rowsWithoutImage).toEqual(['c0.png']);
    expect(dataset.imagesWithoutRow).toEqual(['stranger.png']);
    expect(dataset.notes).toContain('1 rows are in neither list and are left out: unlisted.png');
    expect(dataset.notes).toContain(
      '1 entries of train_val_list.txt and test_list.txt have no row in the table: ghost.png',
    );
    const complete = indexChestXray14({ root, seed: 1, requireImages: false });
    expect(complete.radiographs).toHaveLength(5);
    expect(complete.rowsWithoutImage).toEqual([]);
    expect(complete.notes).toContain('images were not looked for');
  });

  it('reports a patient in two splits, and stops where the data set is opened for use', async () => {
    const leaky = {
      rows: [...rows, { id: 'b1.png', patient: 2 }],
      trainVal: example.trainVal,
      test: ['t0.png', 'b1.png'],
    };
    const root = await makeChestXray14(leaky);
    const { radiographs } = indexRadiographs('chestxray14', { root, seed: 1 });
    expect(patientsInTwoSplits(radiographs)).toEqual({ patients: 1, images: ['b0.png', 'b1.png'] });
    const message = messageFrom(() => openRadiographs('chestxray14', { root, seed: 1 }));
    expect(message).toContain('1 patient(s) in two splits, with 2 image(s): b0.png, b1.png');
  });

  it('counts an image in both lists as in two splits', async () => {
    const root = await makeChestXray14({ ...example, test: ['t0.png', 'c0.png'] });
    const { radiographs } = indexRadiographs('chestxray14', { root, seed: 1 });
    expect(patientsInTwoSplits(radiographs)).toEqual({ patients: 1, images: ['c0.png'] });
  });

  it.each([
    ['unknown label', { labels: 'Effusion|Masss' }, 'row 7, Finding Labels: found "Masss"'],
    ['no label', { labels: '' }, 'row 7, Finding Labels: found ""'],
    ['contradiction', { labels: 'No Finding|Mass' }, 'found "No Finding|Mass"; expected No Finding to stand alone'],
    ['unknown sex', { sex: 'X' }, 'row 7, Patient Gender: found "X"'],
    ['unknown age', { age: 'old' }, 'row 7, Patient Age: found "old"'],
    ['second row of an image', { id: 'a0.png' }, 'row 7: found a0.png again'],
  ])('refuses a table with %s', async (_, wrong, message) => {
    const root = await makeChestXray14({ ...example, rows: [...rows, { id: 'w.png', patient: 8, ...wrong }] });
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain(message);
  });

  it('names the column, file or image folder that is missing', async () => {
    const root = await makeChestXray14(example);
    const table = join(root, 'Data_Entry_2017_v2020.csv');
    writeFileSync(table, tableOf(rows).replace('Patient ID', 'PatientID'));
    const message = messageFrom(() => indexChestXray14({ root, seed: 1 }));
    expect(message).toContain(`${table}: header: found Image Index, Finding Labels, Follow-up #, PatientID,`);
    expect(message).toContain('expected a column "Patient ID"');
    writeFileSync(table, tableOf(rows).slice(0, -20));
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('row 6: found 8 fields; expected 11');
    writeFileSync(table, '');
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('an empty file');
    writeFileSync(table, tableOf(rows));
    rmSync(join(root, 'test_list.txt'));
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('test_list.txt: found no such file');
    writeFileSync(join(root, 'test_list.txt'), 't0.png');
    rmSync(join(root, 'images'), { recursive: true });
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('no folder of images');
    mkdirSync(join(root, 'images'));
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('no .png file');
    expect(messageFrom(() => indexChestXray14({ root: makeFolder({}), seed: 1 }))).toContain(
      'Data_Entry_2017_v2020.csv',
    );
  });

  it('reads boxes, under the names of the other table', async () => {
    const root = await makeChestXray14(example);
    const list = join(root, 'BBox_List_2017.csv');
    const header = 'Image Index,Finding Label,Bbox [x,y,w,h],,,';
    writeFileSync(list, `${header}\na0.png,Infiltrate,1.5,2,30,40\na0.png,Mass,5,6,7,8\nb0.png,Mass,5,6,0,8\n`);
    const { radiographs, notes } = indexChestXray14({ root, seed: 1 });
    expect(radiographs[0]!.boxes).toEqual([
      { finding: 'Infiltration', x: 1.5, y: 2, width: 30, height: 40 },
      { finding: 'Mass', x: 5, y: 6, width: 7, height: 8 },
    ]);
    expect(radiographs[2]!.boxes).toEqual([]);
    expect(notes.join('\n')).toContain('1 boxes have no area and are left out: b0.png');
    writeFileSync(list, `${header}\na0.png,Infiltrate,1.5,2,thirty,40\n`);
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('csv: row 2: found "thirty"');
    writeFileSync(list, `${header}\na0.png,Heart,1.5,2,30,40\n`);
    expect(messageFrom(() => indexChestXray14({ root, seed: 1 }))).toContain('csv: row 2: found "Heart"');
  });
});

const mini = sharedData('chestxray14-mini');
describe.skipIf(!mini)('ChestX-ray14 on real radiographs (skipped where ../shared/data is absent)', () => {
  it('counts what the documentation of the subset counts', () => {
    const dataset = openRadiographs('chestxray14', { root: mini!, seed: 7 });
    const { train, validate, test } = summarize(dataset);
    const documented = [
      ...readText(sharedData('README.md')!).matchAll(/^\| ([\w ]+) \| (\d+) \| (\d+) \| (\d+) \|$/gm),
    ];
    const table = new Map(documented.map(([, name, ...counts]) => [name, counts.map(Number)]));
    expect([train.images + validate.images, test.images, dataset.radiographs.length]).toEqual(table.get('images'));
    const patients = new Set(dataset.radiographs.map(({ patient }) => patient)).size;
    expect([train.patients + validate.patients, test.patients, patients]).toEqual(table.get('patients'));
    for (const { name } of dataset.findings) {
      const trainVal = train.findings[name]!.positive + validate.findings[name]!.positive;
      const inTest = test.findings[name]!.positive;
      expect([name, trainVal, inTest, trainVal + inTest]).toEqual([name, ...table.get(name)!]);
    }
    expect(validate.patients).toBe(Math.round(0.125 * 359));
    expect(train.views.AP! + validate.views.AP! + test.views.AP!).toBe(248 + 158);
    expect(dataset.rowsWithoutImage).toEqual([]);
    expect(dataset.imagesWithoutRow).toEqual([]);
    expect(dataset.radiographs.filter(({ ageYears }) => ageYears < 18)).toHaveLength(71);
  });

  it('cuts the same validation split from the same seed, another from another', () => {
    const split = (seed: number) =>
      openRadiographs('chestxray14', { root: mini!, seed })
        .radiographs.filter((radiograph) => radiograph.split === 'validate')
        .map(({ id }) => id);
    expect(split(3)).toEqual(split(3));
    expect(split(3)).not.toEqual(split(4));
  });

  it('reads the published boxes', () => {
    const listed = readText(sharedData('tables', 'BBox_List_2017.csv')!);
    const boxed = [...new Set([...listed.matchAll(/^\d{8}_\d{3}\.png/gm)].map(([id]) => id))];
    const rows = boxed.map((id) => ({ id, patient: Number(id.slice(0, 8)) }));
    const root = makeFolder({
      'Data_Entry_2017_v2020.csv': tableOf(rows.slice(1)),
      'train_val_list.txt': boxed.join('\n'),
      'test_list.txt': '',
      'BBox_List_2017.csv': listed,
    });
    const { radiographs, notes } = indexChestXray14({ root, seed: 0, requireImages: false });
    const boxes = radiographs.flatMap((radiograph) => radiograph.boxes!);
    const count = (finding: string) => boxes.filter((box) => box.finding === finding).length;
    const ofFirst = [...listed.matchAll(new RegExp(boxed[0]!, 'g'))].length;
    expect(count('Atelectasis') + count('Cardiomegaly')).toBe(161 + 139 - ofFirst);
    expect(notes.join('\n')).toContain(`1 images with boxes have no row in the table: ${boxed[0]}`);
  });

  it('reads the excerpt of the published table', () => {
    const table = readText(sharedData('tables', 'Data_Entry_2017_v2020.csv')!);
    expect(table.startsWith(HEADER)).toBe(true);
    const ids = [...table.matchAll(/^\d{8}_\d{3}\.png/gm)].map(([id]) => id);
    const root = makeFolder({
      'Data_Entry_2017_v2020.csv': table,
      'train_val_list.txt': ids.slice(0, 250).join('\n'),
      'test_list.txt': ids.slice(250).join('\n'),
    });
    const { radiographs, findings } = indexChestXray14({ root, seed: 0, requireImages: false });
    expect(radiographs).toHaveLength(300);
    expect(radiographs[1]).toMatchObject({ id: '00000001_001.png', patient: '1', ageYears: 58, sex: 'M', view: 'PA' });
    expect(findings.filter((_, i) => radiographs[1]!.labels[i] === 1).map(({ name }) => name)).toEqual([
      'Cardiomegaly',
      'Emphysema',
    ]);
  });
});
