import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBytes } from '../base/index.js';
import { checkRadiographs } from './check.js';
import { makeFolder } from './fixtures/make-folder.js';
import { labelCells, type MimicFolder, makeMimicCxr, mimicPath } from './fixtures/make-stanford-mit.js';
import { CHEXPERT_LABELS, MIMIC_LABELS_HEADER } from './fixtures/published-tables.js';
import { indexMimicCxr } from './mimic-cxr.js';
import { indexRadiographs, openRadiographs } from './registry.js';

const rows: MimicFolder['rows'] = [
  { id: '02aa804e-bde0afdd-112c0b34-7bc16630-4e384014', study: 50414267, view: 'PA' },
  { id: '174413ec-4ec4c1f7-34ea26b7-c5f994f8-79ef1962', study: 50414267, view: 'LATERAL' },
  { id: 'aaaa0000-00000000-00000000-00000000-00000001', subject: 11000001, study: 50000001, split: 'validate' },
  { id: 'aaaa0000-00000000-00000000-00000000-00000002', subject: 12000002, study: 50000002, split: 'test' },
  { id: 'aaaa0000-00000000-00000000-00000000-00000003', subject: 12000002, study: 50000003, split: 'test' },
  { id: 'aaaa0000-00000000-00000000-00000000-00000004', subject: 12000002, study: 50000002, split: 'test', view: '' },
];
const labels: MimicFolder['labels'] = [
  [50414267, { 'No Finding': '1.0' }],
  [50000001, { 'Pleural Effusion': '1.0', Pneumonia: '-1.0' }],
  [50000002, { Pneumonia: '-1.0', Fracture: '0.0' }],
];
const example: MimicFolder = { rows, labels };
const labelsOf = ({ radiographs, findings }: ReturnType<typeof indexMimicCxr>, finding: string) =>
  radiographs.map((radiograph) => radiograph.labels[findings.findIndex(({ name }) => name === finding)]);
const METADATA = 'mimic-cxr-2.0.0-metadata.csv.gz';
const SPLIT = 'mimic-cxr-2.0.0-split.csv.gz';

describe('MIMIC-CXR', () => {
  it('joins metadata, split and labels, and says what it leaves out', async () => {
    const root = await makeMimicCxr(example);
    const dataset = openRadiographs('mimic-cxr', { root, seed: 1 });
    expect(dataset.radiographs).toMatchObject([
      {
        id: rows[0]!.id,
        path: join(root, 'files/p10/p10000032/s50414267/02aa804e-bde0afdd-112c0b34-7bc16630-4e384014.jpg'),
        patient: '10000032',
        split: 'train',
        view: 'PA',
        sex: null,
        ageYears: Number.NaN,
      },
      { id: rows[2]!.id, patient: '11000001', split: 'validate', view: 'AP' },
      { id: rows[3]!.id, patient: '12000002', split: 'test', view: 'AP' },
    ]);
    expect(dataset.findings).toHaveLength(14);
    expect(labelsOf(dataset, 'No Finding')).toEqual([1, 0, 0]);
    expect(labelsOf(dataset, 'Pleural Effusion')).toEqual([0, 1, 0]);
    expect(labelsOf(dataset, 'Pneumonia')).toEqual([0, 0, 0]);
    expect(dataset.notes).toEqual([
      `2 images with another view than PA and AP, or with none stated, are left out: ${rows[1]!.id}, ${rows[5]!.id}`,
      `1 images belong to studies without labels and are left out: ${rows[4]!.id}`,
      'sex and age are unknown: patients.csv.gz of MIMIC-IV is not beside the tables',
      'images are .jpg files; those without a row were not looked for',
    ]);
    expect((await checkRadiographs(dataset)).unreadable).toEqual([]);
  });

  it('reads unpacked tables, all views, uncertain labels, and the other labeller', async () => {
    const root = await makeMimicCxr(example);
    for (const name of ['metadata', 'split', 'chexpert']) {
      const packed = join(root, `mimic-cxr-2.0.0-${name}.csv.gz`);
      writeFileSync(packed.slice(0, -3), gunzipSync(readBytes(packed)));
      writeFileSync(packed, 'not read where the unpacked one is');
    }
    const ones = openRadiographs('mimic-cxr', {
      root,
      seed: 1,
      views: 'all',
      uncertain: 'ones',
      findings: ['Pneumonia'],
    });
    expect(ones.radiographs.map(({ view }) => view)).toEqual(['PA', 'LATERAL', 'AP', 'AP', null]);
    expect(labelsOf(ones, 'Pneumonia')).toEqual([0, 0, 1, 1, 1]);
    expect(ones.radiographs[3]!.labels).toBe(ones.radiographs[4]!.labels);
    const negbio = `${MIMIC_LABELS_HEADER}\n12000002,50000002,${labelCells({ Edema: '1.0' }, MIMIC_LABELS_HEADER.split(',').slice(2))}\n`;
    writeFileSync(join(root, 'mimic-cxr-2.0.0-negbio.csv.gz'), gzipSync(negbio));
    const other = openRadiographs('mimic-cxr', { root, seed: 1, labels: 'negbio' });
    expect(other.radiographs.map(({ id }) => id)).toEqual([rows[3]!.id]);
    expect(labelsOf(other, 'Edema')).toEqual([1]);
  });

  it("takes the radiologist's labels for the test split", async () => {
    const columns = CHEXPERT_LABELS.map((name) => (name === 'Lung Opacity' ? 'Airspace Opacity' : name));
    const table = `study_id,${columns}\n50000003,${labelCells({ 'Airspace Opacity': '1.0' }, columns)}\n`;
    const root = await makeMimicCxr({ ...example, more: { 'mimic-cxr-2.1.0-test-set-labeled.csv': table } });
    const dataset = openRadiographs('mimic-cxr', { root, seed: 1, labels: 'radiologist' });
    expect(dataset.radiographs.map(({ id }) => id)).toEqual([rows[0]!.id, rows[2]!.id, rows[4]!.id]);
    expect(labelsOf(dataset, 'Lung Opacity')).toEqual([0, 0, 1]);
    expect(labelsOf(dataset, 'Pleural Effusion')).toEqual([0, 1, 0]);
    const wrong = () => indexMimicCxr({ root, seed: 1, labels: 'negbo' });
    expect(wrong).toThrow('labels: found "negbo"; expected one of: chexpert, negbio, radiologist');
    expect(wrong).toThrow('Did you mean "negbio"?');
  });

  it("reads sex and age from MIMIC-IV's patients", async () => {
    const patients =
      'subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod\n' +
      '10000032,F,52,2180,2014 - 2016,2180-09-09\n11000001,M,50,2190,2011 - 2013,\n12000002,M,20,2250,2011 - 2013,\n';
    const root = await makeMimicCxr({
      rows: rows.map((row) => (row.subject === 11000001 ? { ...row, date: '21950101' } : row)),
      labels,
      more: { 'hosp/patients.csv.gz': gzipSync(patients) },
    });
    const { radiographs } = openRadiographs('mimic-cxr', { root, seed: 1 });
    expect(radiographs.map(({ sex, ageYears }) => [sex, ageYears])).toEqual([
      ['F', 52],
      ['M', 55],
      ['M', Number.NaN],
    ]);
  });

  it('finds the DICOM files of MIMIC-CXR itself', async () => {
    const root = await makeMimicCxr({ ...example, ending: '.dcm', more: { 'files/p10/p10000032/s50414267.txt': '' } });
    const { radiographs, notes } = openRadiographs('mimic-cxr', { root, seed: 1 });
    expect(radiographs.map(({ path }) => path)).toEqual(
      [rows[0]!, rows[2]!, rows[3]!].map((row) => join(root, mimicPath(row, '.dcm'))),
    );
    expect(notes).toContain('images are .dcm files; those without a row were not looked for');
  });

  it('lists rows without image, or does not look for them', async () => {
    const root = await makeMimicCxr({ ...example, images: rows.slice(1).map(({ id }) => id) });
    expect(indexMimicCxr({ root, seed: 1 }).rowsWithoutImage).toEqual([rows[0]!.id]);
    const bare = await makeMimicCxr({ ...example, images: [] });
    expect(indexMimicCxr({ root: bare, seed: 1, requireImages: false }).radiographs).toHaveLength(3);
    expect(() => indexMimicCxr({ root: bare, seed: 1 })).toThrow('files: found no such folder');
  });

  it('matches the split table in any order, and notes what is in one table alone', async () => {
    const inOrder = rows.map(({ id, split = 'train' }): [string, string] => [id, split]);
    const shuffled = await makeMimicCxr({ ...example, splits: [...inOrder].reverse() });
    const straight = await makeMimicCxr(example);
    const splitsIn = (root: string) => indexMimicCxr({ root, seed: 1 }).radiographs.map(({ id, split }) => [id, split]);
    expect(splitsIn(shuffled)).toEqual(splitsIn(straight));
    const root = await makeMimicCxr({ ...example, splits: [...inOrder.slice(1), ['elsewhere', 'train']] });
    const { notes, radiographs } = indexMimicCxr({ root, seed: 1 });
    expect(radiographs.map(({ id }) => id)).toEqual([rows[2]!.id, rows[3]!.id]);
    expect(notes).toContain(`1 images are not in the split table and are left out: ${rows[0]!.id}`);
    expect(notes).toContain('1 entries of the split table have no row in the metadata: elsewhere');
  });

  it('reports a patient in two splits, and stops where the data set is opened for use', async () => {
    const root = await makeMimicCxr({
      rows: [...rows, { id: 'aaaa0000-5', study: 50000002, subject: 12000002, split: 'train' }],
      labels,
    });
    expect(indexRadiographs('mimic-cxr', { root, seed: 1 }).radiographs).toHaveLength(4);
    expect(() => openRadiographs('mimic-cxr', { root, seed: 1 })).toThrow(
      '1 patient(s) in two splits, with 2 image(s)',
    );
  });

  it.each<[string, Partial<MimicFolder>, string]>([
    [
      'an id that leaves the folder',
      { rows: [{ id: '../../x', study: 50000001 }] },
      'row 2, dicom_id: found "../../x"',
    ],
    ['a study of another form', { rows: [{ id: 'x', study: 5 }] }, 'row 2, study_id: found "5"'],
    ['a second row of an image', { rows: [...rows, rows[0]!] }, 'metadata.csv.gz: row 8: found 02aa804e'],
    [
      'a second row in the metadata alone',
      { rows: [...rows, rows[0]!], splits: rows.map(({ id }) => [id, 'train']) },
      'metadata.csv.gz: row 8: found 02aa804e',
    ],
    [
      'a second row in the split table alone',
      { splits: [...rows, rows[0]!].map(({ id }) => [id, 'train']) },
      'split.csv.gz: row 8: found 02aa804e',
    ],
    [
      'an unknown split',
      { splits: [[rows[0]!.id, 'dev']] },
      'split.csv.gz: row 2, split: found "dev"; expected one of: train',
    ],
    ['an unknown label', { labels: [[50414267, { Edema: 'yes' }]] }, 'chexpert.csv.gz: row 2, Edema: found "yes"'],
    ['a second row of a study', { labels: [...labels, labels[0]!] }, 'row 5: found study 50414267 again'],
  ])('refuses %s', async (_, wrong, message) => {
    const root = await makeMimicCxr({ ...example, ...wrong, images: [] });
    expect(() => indexMimicCxr({ root, seed: 1, requireImages: false })).toThrow(message);
  });

  it('names what is missing or damaged', async () => {
    const root = await makeMimicCxr(example);
    const open = () => indexMimicCxr({ root, seed: 1 });
    const packed = readBytes(join(root, METADATA));
    writeFileSync(join(root, METADATA), packed.subarray(0, 100));
    expect(open).toThrow(`${METADATA}: found damaged or oversized gzip data`);
    writeFileSync(join(root, METADATA), gzipSync(gunzipSync(packed).toString().replace('ViewPosition', 'View')));
    expect(open).toThrow('expected a column "ViewPosition"');
    writeFileSync(join(root, METADATA), gzipSync(gunzipSync(packed).subarray(0, -30)));
    expect(open).toThrow(`${METADATA}: row 7: found`);
    const lying = Buffer.concat([packed.subarray(0, -4), Buffer.from([255, 255, 255, 255])]);
    writeFileSync(join(root, METADATA), lying);
    expect(open).toThrow(`${METADATA}: found damaged or oversized gzip data`);
    writeFileSync(join(root, METADATA), packed);
    writeFileSync(join(root, SPLIT), '');
    expect(open).toThrow(`${SPLIT}: found an empty file`);
    expect(() => indexMimicCxr({ root, seed: 1, labels: 'negbio' })).toThrow('found no mimic-cxr-2.1.0-negbio.csv or');
    expect(() => indexMimicCxr({ root: makeFolder({ x: '' }), seed: 1 })).toThrow(
      'expected MIMIC-CXR-JPG as published',
    );
  });
});
