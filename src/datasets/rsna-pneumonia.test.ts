import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readText } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { indexRadiographs, openRadiographs } from './registry.js';

const LABELS = 'stage_2_train_labels.csv';
const HEADER = 'patientId,x,y,width,height,Target\n';
const TABLE = `${HEADER}a,264.0,152.0,213.0,379.0,1
a,562.0,152.0,256.0,453.0,1
b,,,,,0
c,,,,,0
d,,,,,0
e,,,,,0
f,,,,,0
`;
const MAPPING = 'pneumonia-challenge-dataset-mappings_2018.json';
const mapping = JSON.stringify(
  ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => ({
    subset_img_id: id,
    img_id: `0000012${i >> 1}_00${i}.png`,
    orig_labels: [],
  })),
);
const options = { seed: 1, requireImages: false };

describe('RSNA Pneumonia', () => {
  it('reads targets and boxes, and says that patients are not known', () => {
    const root = makeFolder({ [LABELS]: TABLE, 'stage_2_train_images/a.dcm': '', 'stage_2_train_images/x.png': '' });
    const dataset = openRadiographs('rsna-pneumonia', { root, seed: 1 });
    expect(dataset.findings).toEqual([{ name: 'Lung Opacity', shared: 'lung opacity' }]);
    expect(dataset.radiographs).toMatchObject([
      { id: 'a', patient: 'a', view: null, sex: null, path: join(root, 'stage_2_train_images', 'a.dcm') },
    ]);
    expect([...dataset.radiographs[0]!.labels]).toEqual([1]);
    expect(dataset.radiographs[0]!.boxes).toEqual([
      { finding: 'Lung Opacity', x: 264, y: 152, width: 213, height: 379 },
      { finding: 'Lung Opacity', x: 562, y: 152, width: 256, height: 453 },
    ]);
    expect(dataset.rowsWithoutImage).toEqual(['b', 'c', 'd', 'e', 'f']);
    expect(dataset.imagesWithoutRow).toEqual(['x']);
    expect(dataset.notes.join('\n')).toContain('no patient ids are published');
  });

  it('reads classes, headers and the patients of ChestX-ray14 where they are there', () => {
    const root = makeFolder({
      [LABELS]: TABLE,
      'stage_2_detailed_class_info.csv':
        'patientId,class\na,Lung Opacity\na,Lung Opacity\nb,Normal\nc,No Lung Opacity / Not Normal\n',
      'kaggle_stage_2_train_images_dicom_headers.csv':
        ',PatientAge,PatientID,PatientSex,ViewPosition\n0,43,b,F,AP\n1,155,a,M,PA\n',
      [MAPPING]: mapping,
    });
    const { radiographs, findings, notes } = indexRadiographs('rsna-pneumonia', { ...options, root });
    expect(findings.map(({ shared }) => shared)).toEqual(['lung opacity', 'no finding']);
    expect(radiographs.slice(0, 4).map(({ labels }) => [...labels])).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
      [0, Number.NaN],
    ]);
    expect(radiographs[1]).toMatchObject({ view: 'AP', sex: 'F', ageYears: 43 });
    expect(radiographs[0]).toMatchObject({ view: 'PA', sex: 'M', ageYears: Number.NaN });
    expect(radiographs.map(({ patient }) => patient)).toEqual(['120', '120', '121', '121', '122', '122']);
    expect(new Set(radiographs.slice(0, 2).map(({ split }) => split)).size).toBe(1);
    expect(notes.join('\n')).not.toContain('no patient ids');
  });

  it.each([
    ['another target', { [LABELS]: `${HEADER}a,,,,,2\n` }, 'row 2, Target: found "2"; expected 1 or 0'],
    ['two targets', { [LABELS]: `${HEADER}a,,,,,0\na,1,1,2,2,1\n` }, 'row 3: found target 1 of a'],
    ['a box cut off', { [LABELS]: `${HEADER}a,1,1,,2,1\n` }, 'row 2: found ""; expected a number'],
    ['another class', { 'stage_2_detailed_class_info.csv': 'patientId,class\na,Sick\n' }, 'row 2: found "Sick"'],
    ['a mapping of another form', { [MAPPING]: '{"a": 1}' }, `${MAPPING}: found {"a":1}; expected a list of entries`],
    ['a mapping without an image', { [MAPPING]: '[]' }, `${MAPPING}: found no entry of a`],
  ])('refuses %s', (_, files, message) => {
    const root = makeFolder({ [LABELS]: TABLE, ...files });
    expect(() => indexRadiographs('rsna-pneumonia', { ...options, root })).toThrow(message);
  });

  const labels = sharedData('tables', 'kaggle_stage_2_train_labels.csv');
  it.skipIf(!labels)('reads the excerpts of the published tables (skipped where ../shared/data is absent)', () => {
    const headers = 'kaggle_stage_2_train_images_dicom_headers.csv';
    const root = makeFolder({
      'kaggle_stage_2_train_labels.csv': readText(labels!),
      [headers]: readText(sharedData('tables', headers)!),
    });
    const { radiographs } = indexRadiographs('rsna-pneumonia', { ...options, root });
    expect(radiographs).toHaveLength(242);
    expect(radiographs.filter((radiograph) => radiograph.labels[0] === 0)).toHaveLength(155);
    expect(radiographs.flatMap(({ boxes }) => boxes)).toHaveLength(145);
    expect(radiographs.filter(({ view }) => view)).toHaveLength(3);
  });
});
