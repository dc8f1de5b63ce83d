import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readText } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { indexRadiographs, openRadiographs } from './registry.js';

const HEADER =
  'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],' +
  'OriginalImagePixelSpacing[x,y],Fracture,Pneumothorax,Airspace opacity,Nodule or mass';
const line = (id: string, patient: number, labels: string) =>
  `${id},No Finding,0,${patient},58,M,PA,2682,2749,0.143,0.143,${labels}\r\n`;
const JOINED = `${HEADER},Set Id\r\n${line('a.png', 1, 'NO,YES,NO,YES,test')}${line('b.png', 2, 'NO,NO,,NO,val')}`;

describe("Google's labels for ChestX-ray14", () => {
  it('keeps the published sets and has no training split', () => {
    const root = makeFolder({
      'google2019_nih-chest-xray-labels.csv': JOINED,
      'images_001/images/a.png': '',
      'images_002/images/b.png': '',
      'images_002/images/of-chestxray14.png': '',
    });
    const dataset = openRadiographs('google-nih', { root, seed: 1 });
    expect(dataset.findings.map(({ shared }) => shared)).toEqual([
      'fracture',
      'pneumothorax',
      'lung opacity',
      'nodule/mass',
    ]);
    expect(dataset.radiographs).toMatchObject([
      { id: 'a.png', patient: '1', split: 'test', view: 'PA', sex: 'M', ageYears: 58 },
      { id: 'b.png', patient: '2', split: 'validate' },
    ]);
    expect([...dataset.radiographs[0]!.labels]).toEqual([0, 1, 0, 1]);
    expect([...dataset.radiographs[1]!.labels]).toEqual([0, 0, Number.NaN, 0]);
    expect(dataset.imagesWithoutRow).toEqual([]);
    expect(dataset.notes).toEqual([]);
  });

  it.each(['four_findings_expert_labels/', 'four_findings_expert_labels_'])('reads the two tables %s*', (prefix) => {
    const root = makeFolder({
      [`${prefix}test_labels.csv`]: `${HEADER}\n${line('a.png', 1, 'NO,YES,NO,YES')}`,
      [`${prefix}validation_labels.csv`]: `${HEADER}\n${line('b.png', 2, 'NO,YES,NO,YES')}`,
    });
    const options = { root, seed: 1, requireImages: false, findings: ['pneumothorax'] };
    const { radiographs } = indexRadiographs('google-nih', options);
    expect(radiographs.map(({ id, split }) => [id, split])).toEqual([
      ['a.png', 'test'],
      ['b.png', 'validate'],
    ]);
    expect([...radiographs[0]!.labels]).toEqual([1]);
  });

  it.each([
    ['a reader who hedges', 'NO,HEDGE,NO,NO,test', 'row 2, Pneumothorax: found "HEDGE"; expected YES or NO or nothing'],
    ['another set', 'NO,NO,NO,NO,train', 'row 2, Set Id: found "train"; expected test or val'],
    ['an image twice', `NO,NO,NO,NO,test\n${line('a.png', 1, 'NO,NO,NO,NO,test')}`, 'row 3: found a.png again'],
  ])('refuses %s', (_, labels, message) => {
    const root = makeFolder({
      'google2019_nih-chest-xray-labels.csv': `${HEADER},Set Id\n${line('a.png', 1, labels)}`,
    });
    expect(() => indexRadiographs('google-nih', { root, seed: 1, requireImages: false })).toThrow(message);
  });

  it('names what is missing', () => {
    expect(() => indexRadiographs('google-nih', { root: makeFolder({}), seed: 1 })).toThrow(
      'found no google2019_nih-chest-xray-labels.csv or four_findings_expert_labels/test_labels.csv',
    );
  });

  const excerpt = sharedData('tables', 'google2019_nih-chest-xray-labels.csv');
  it.skipIf(!excerpt)('reads the excerpt of the table (skipped where ../shared/data is absent)', () => {
    const table = readText(excerpt!);
    const root = makeFolder({ 'google2019_nih-chest-xray-labels.csv': table });
    const { radiographs } = indexRadiographs('google-nih', { root, seed: 1, requireImages: false });
    expect(radiographs).toHaveLength(300);
    expect(radiographs.every(({ split }) => split === 'test')).toBe(true);
    const opacities = radiographs.filter(({ labels }) => labels[2] === 1).length;
    expect(opacities).toBe([...table.matchAll(/,(?:YES|NO),(?:YES|NO),YES,(?:YES|NO),test\r?$/gm)].length);
    expect(opacities).toBeGreaterThan(0);
  });
});
