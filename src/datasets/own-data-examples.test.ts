import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { indexChestXray14 } from './chestxray14.js';
import { dicomFile } from './fixtures/make-dicom.js';
import { makeFolder } from './fixtures/make-folder.js';
import { indexOwnData } from './own-data.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';

const index = (root: string, options: Partial<RadiographOptions> = {}) => indexOwnData({ root, seed: 1, ...options });

describe('the examples in experiments/datasets', () => {
  const example = (name: string, files: Record<string, string | Uint8Array>) => {
    const path = join(import.meta.dirname, '..', '..', 'experiments', 'datasets', `${name}.yaml`);
    return index(makeFolder({ 'hilum.yaml': readFileSync(path), ...files }), {
      testFraction: 0.4,
      validationFraction: 0.5,
    });
  };
  const positive = ({ findings, radiographs }: RadiographDataset) =>
    Object.fromEntries(
      radiographs.map(({ id, labels }) => [id, findings.filter((_, i) => labels[i] === 1).map(({ shared }) => shared)]),
    );

  it('plain', () => {
    const csv = `file,patient,view,sex,age,Cardiomegaly,Pleural effusion,Pneumonia
2021/a.png,17,PA,F,58,0,1,
2021/b.png,18,AP,M,60,0,0,0
2021/c.png,19,AP,M,60,1,0,1
`;
    const images = Object.fromEntries(['a', 'b', 'c'].map((name) => [`images/2021/${name}.png`, '']));
    expect(positive(example('plain', { 'labels.csv': csv, ...images }))).toEqual({
      '2021/a.png': ['pleural effusion'],
      '2021/b.png': ['no finding'],
      '2021/c.png': ['cardiomegaly', 'pneumonia'],
    });
  });

  it('uka-cxr', () => {
    const csv = `image_id,split,subset,patient_sex,cardiomegaly,congestion,pleural_effusion_right,pleural_effusion_left,pneumonic_infiltrates_right,pneumonic_infiltrates_left,atelectasis_right,atelectasis_left,subject_id
1001,train,subset_1,M,2,1,0,3,0,0,1,1,7
1002,valid,subset_1,F,1,2,0,0,2,0,0,0,8
1003,test,subset_2,F,4,3,0,0,0,4.0,1,3,9
`;
    const images = { 'subset_1/1001.jpg': '', 'subset_1/1002.jpg': '', 'subset_2/1003.jpg': '' };
    const dataset = example('uka-cxr', {
      'final_UKA_master_list.csv': csv,
      ...Object.fromEntries(Object.keys(images).map((name) => [`UKA_preprocessed/${name}`, ''])),
    });
    expect(dataset.radiographs.map(({ split }) => split)).toEqual(['train', 'validate', 'test']);
    expect(positive(dataset)).toEqual({
      1001: ['pleural effusion'],
      1002: ['no finding'],
      1003: ['cardiomegaly', 'congestion', 'pneumonia', 'atelectasis'],
    });
  });

  it('dicom', () => {
    const csv = 'accession;diagnoses\nA1;Erguss links, Stauung\nA2;o.B.\nA3;ZVK,Kardiomegalie\n';
    const files = ['A1', 'A2', 'A3'].map((accessionNumber, i) => [
      `dicom/${accessionNumber}/IM0`,
      dicomFile({
        accessionNumber,
        sopInstanceUid: `1.${i}`,
        patientId: `${i}`,
        viewPosition: i === 1 ? undefined : 'PA',
      }),
    ]);
    expect(positive(example('dicom', { 'findings.csv': csv, ...Object.fromEntries(files) }))).toEqual({
      '1.0': ['pleural effusion', 'congestion'],
      '1.1': ['no finding'],
      '1.2': ['cardiomegaly'],
    });
  });
});

const mini = sharedData('chestxray14-mini');
describe.skipIf(!mini)("real radiographs as a table of one's own (skipped where ../shared/data is absent)", () => {
  it('are labelled as the reader of that data set labels them', () => {
    const published = indexChestXray14({ root: mini!, seed: 1 });
    const names = published.findings.map(({ name }) => name).filter((name) => name !== 'No Finding');
    const root = makeFolder({
      'hilum.yaml': `
table: ${JSON.stringify(join(mini!, 'Data_Entry_2017_v2020.csv'))}
images: ${JSON.stringify(join(mini!, 'images'))}
columns: { image: Image Index, patient: Patient ID, view: View Position, sex: Patient Gender, age: Patient Age }
labels: { column: Finding Labels, names: [${names}], none: No Finding }
noFinding: No Finding
`,
    });
    const own = index(root);
    const facts = ({ radiographs }: RadiographDataset) =>
      radiographs.map(({ split, labels, ...rest }) => ({ ...rest, labels: [...labels] }));
    expect(facts(own)).toEqual(facts(published));
    expect(own.findings.filter(({ shared }) => shared).length).toBeGreaterThan(10);
    expect([own.rowsWithoutImage, own.imagesWithoutRow]).toEqual([[], []]);
  });
});
