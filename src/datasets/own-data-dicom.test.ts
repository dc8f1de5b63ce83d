import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { decode } from '../imaging/index.js';
import { dicomFile } from './fixtures/make-dicom.js';
import { makeFolder } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import { indexOwnData } from './own-data.js';
import type { RadiographOptions } from './radiograph.js';

const index = (root: string, options: Partial<RadiographOptions> = {}) => indexOwnData({ root, seed: 1, ...options });

describe('a folder of DICOM files with a table', () => {
  const head = (patient: number, study: number, image: number, view: string) => ({
    sopInstanceUid: `1.2.${study}.${image}`,
    studyInstanceUid: `1.2.${study}`,
    seriesInstanceUid: `1.2.${study}.0`,
    accessionNumber: `A${study}`,
    patientId: `P${patient}`,
    patientSex: patient % 2 === 0 ? 'F' : 'M',
    patientAge: '054Y',
    viewPosition: view,
    manufacturer: 'Maker',
    manufacturerModelName: `Model ${patient}`,
  });
  const files = {
    'dicom/a/IM1': dicomFile(head(1, 10, 1, 'PA')),
    'dicom/a/IM2': dicomFile(head(1, 10, 2, 'LATERAL')),
    'dicom/a/copy of IM1.dcm': dicomFile(head(1, 10, 1, 'PA')),
    'dicom/a/report': dicomFile(head(1, 10, 3, ''), { pixels: false }),
    'dicom/b/1.dcm': dicomFile(head(2, 20, 1, 'AP')),
    'dicom/c/1.dcm': dicomFile(head(3, 30, 1, 'PA')),
    'dicom/c/2.dcm': dicomFile({ ...head(3, 30, 2, 'PA'), patientId: undefined }),
    'dicom/d/1.dcm': dicomFile(head(4, 40, 1, 'PA')),
    'dicom/d/broken.dcm': 'no DICOM file',
  };
  const yaml = (match: string) => `
table: labels.csv
images: dicom
match: ${match}
columns: { image: key }
findings: [Mass]
`;
  const csv = (keys: string[]) => `key,Mass\n${keys.map((key, i) => `${key},${i % 2}`).join('\n')}\n`;

  it('labels all images of an examination, with facts from the headers', () => {
    const root = makeFolder({
      ...files,
      'hilum.yaml': yaml('accession-number'),
      'labels.csv': csv(['A10', 'A20', 'A30', 'A99']),
    });
    const dataset = index(root, { testFraction: 0.3, validationFraction: 0.5 });
    const facts = dataset.radiographs.map(({ id, patient, view, sex, ageYears, labels }) => [
      id,
      patient,
      view,
      sex,
      ageYears,
      labels[0],
    ]);
    expect(facts).toEqual([
      ['1.2.10.1', 'P1', 'PA', 'M', 54, 0],
      ['1.2.20.1', 'P2', 'AP', 'F', 54, 1],
      ['1.2.30.1', 'P3', 'PA', 'M', 54, 0],
    ]);
    expect(dataset.rowsWithoutImage).toEqual(['A99']);
    expect(dataset.imagesWithoutRow).toEqual(['d/1.dcm']);
    const notes = dataset.notes.join('\n');
    expect(notes).toContain('1 images of view LATERAL are not frontal and are left out');
    expect(notes).toContain('1 images have no patient and are left out: 1.2.30.2');
    expect(notes).toContain('1 files are no DICOM files that can be read: d/broken.dcm (a file that is not DICOM)');
    expect(notes).toContain('1 files hold an image that another one holds too, and are left out: a/copy of IM1.dcm');
  });

  it.each([
    ['sop-instance-uid', ['1.2.10.1', '1.2.20.1', '1.2.30.1', '1.2.40.1']],
    ['study-instance-uid', ['1.2.10', '1.2.20', '1.2.30', '1.2.40']],
    ['series-instance-uid', ['1.2.10.0', '1.2.20.0', '1.2.30.0', '1.2.40.0']],
  ])('matches by %s', async (match, keys) => {
    const root = makeFolder({ ...files, 'hilum.yaml': yaml(match), 'labels.csv': csv(keys) });
    const { radiographs } = index(root);
    expect(radiographs.map(({ id }) => id)).toEqual(['1.2.10.1', '1.2.20.1', '1.2.30.1', '1.2.40.1']);
    expect((await decode({ kind: 'file', path: radiographs[0]!.path })).data[0]).toBe(99);
  });

  it('reads headers of files that are named by path, where asked', () => {
    const description = `${yaml('path')}headers: true\nextension: .dcm\n`;
    const root = makeFolder({ ...files, 'hilum.yaml': description, 'labels.csv': csv(['b/1', 'c/1', 'd/1']) });
    expect(index(root).radiographs.map(({ id, patient, scanner }) => [id, patient, scanner])).toEqual([
      ['b/1', 'P2', 'Maker Model 2'],
      ['c/1', 'P3', 'Maker Model 3'],
      ['d/1', 'P4', 'Maker Model 4'],
    ]);
  });

  it('cannot do without the images', () => {
    const root = makeFolder({ ...files, 'hilum.yaml': yaml('accession-number'), 'labels.csv': csv(['A10']) });
    expect(messageFrom(() => index(root, { requireImages: false }))).toContain('expected images with DICOM headers');
  });
});

const dicom = sharedData('native', 'dicom');
describe.skipIf(!dicom)('real DICOM files with a table (skipped where ../shared/data is absent)', () => {
  it('finds a file by its UID and takes view, sex and patient from its header', () => {
    const root = makeFolder({});
    mkdirSync(join(root, 'images'));
    const uid = '1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819';
    copyFileSync(join(dicom!, `${uid}.dcm`), join(root, 'images', 'x'));
    writeFileSync(
      join(root, 'images', 'y'),
      dicomFile({ sopInstanceUid: '1.2', patientId: 'other', viewPosition: 'PA' }),
    );
    writeFileSync(join(root, 't.csv'), `uid,Pneumothorax\n${uid},0\n1.2,1\n1.3,1\n`);
    writeFileSync(
      join(root, 'images', 'z'),
      dicomFile({ sopInstanceUid: '1.3', patientId: 'third', viewPosition: 'PA' }),
    );
    writeFileSync(
      join(root, 'hilum.yaml'),
      'table: t.csv\nimages: images\nmatch: sop-instance-uid\ncolumns: { image: uid }\nfindings: [Pneumothorax]\n',
    );
    const { radiographs } = index(root);
    expect(radiographs.find(({ id }) => id === uid)).toMatchObject({
      path: join(root, 'images', 'x'),
      view: 'PA',
      sex: 'M',
    });
  });
});
