import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readText } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { indexRadiographs, openRadiographs } from './registry.js';

const HEADER = 'image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max\n';
/** Rows of an image are not adjacent; R1 drew two nodules. */
const TABLE = `${HEADER}a,Nodule/Mass,8,R1,1,2,11,22
b,No finding,14,R1,,,,
a,Nodule/Mass,8,R1,50,60,70,80
b,No finding,14,R2,,,,
a,Cardiomegaly,3,R1,100,100,300,200
b,No finding,14,R3,,,,
a,Cardiomegaly,3,R2,101,100,300,200
a,No finding,14,R3,,,,
c,ILD,5,R1,1,1,1,9
d,No finding,14,R1,,,,
`;

describe('VinBigData', () => {
  it('counts readers, not boxes', () => {
    const options = { root: makeFolder({ 'train.csv': TABLE }), seed: 1, requireImages: false };
    const { radiographs, findings, notes } = indexRadiographs('vinbigdata', options);
    const labelled = (labels: Float32Array) => findings.filter((_, i) => labels[i] === 1).map(({ name }) => name);
    expect(radiographs.map(({ labels }) => labelled(labels))).toEqual([
      ['Cardiomegaly'],
      ['No finding'],
      ['ILD'],
      ['No finding'],
    ]);
    const any = indexRadiographs('vinbigdata', { ...options, labels: 'any' }).radiographs;
    expect(labelled(any[0]!.labels)).toEqual(['Cardiomegaly', 'Nodule/Mass', 'No finding']);
    expect(radiographs[0]!.boxes).toHaveLength(4);
    expect(radiographs[0]!.boxes![0]).toEqual({ finding: 'Nodule/Mass', x: 1, y: 2, width: 10, height: 20 });
    expect(notes.join('\n')).toContain('2 images were read by other than 3 radiologists: c, d');
    expect(notes.join('\n')).toContain('1 boxes have no area and are left out: c');
    expect(new Set(radiographs.map(({ split }) => split))).toEqual(new Set(['train', 'validate', 'test']));
  });

  it('finds images under any of the usual endings', () => {
    const root = makeFolder({
      'train.csv': TABLE,
      'train/a.dicom': '',
      'train/b.png': '',
      'train/c.jpeg': '',
      'train/e.dcm': '',
    });
    const { radiographs, rowsWithoutImage, imagesWithoutRow } = openRadiographs('vinbigdata', { root, seed: 1 });
    expect(radiographs.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect([rowsWithoutImage, imagesWithoutRow]).toEqual([['d'], ['e']]);
  });

  it.each([
    ['an unknown class', 'a,Nodule,8,R1,1,2,3,4', 'row 2, class_name: found "Nodule"; expected a class of VinBigData'],
    ['a corner that is no number', 'a,ILD,5,R1,1,2,x,4', 'row 2: found "x"; expected a number'],
    ['no reader', 'a,ILD,5,,1,2,3,4', 'row 2: found a row without image or radiologist'],
  ])('refuses %s', (_, row, message) => {
    const root = makeFolder({ 'train.csv': `${HEADER}${row}\n` });
    expect(() => indexRadiographs('vinbigdata', { root, seed: 1, requireImages: false })).toThrow(message);
  });

  const excerpt = sharedData('tables', 'vinbigdata-train.csv');
  it.skipIf(!excerpt)('reads the excerpt of the published table (skipped where ../shared/data is absent)', () => {
    const table = readText(excerpt!);
    const root = makeFolder({ 'train.csv': table });
    const options = { root, seed: 1, requireImages: false, labels: 'any' };
    const { radiographs, findings } = indexRadiographs('vinbigdata', options);
    expect(radiographs).toHaveLength(299);
    for (const [column, { name }] of findings.entries()) {
      const drawn = new Set([...table.matchAll(new RegExp(`^(\\w+),${name},`, 'gm'))].map(([, id]) => id));
      expect([name, radiographs.filter(({ labels }) => labels[column] === 1).length]).toEqual([name, drawn.size]);
    }
    const boxes = radiographs.flatMap((radiograph) => radiograph.boxes!);
    expect(boxes).toHaveLength([...table.matchAll(/^\w+,(?!No finding)/gm)].length - 1);
  });
});
