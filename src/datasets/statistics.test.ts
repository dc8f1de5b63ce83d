import { describe, expect, it } from 'vitest';
import type { Radiograph, RadiographDataset } from './radiograph.js';
import { ageBand, datasetStatistics } from './statistics.js';

const row = (id: string, patient: string, labels: number[], more: Partial<Radiograph> = {}): Radiograph => {
  const known = { view: 'PA', sex: 'M', ageYears: 40 } as const;
  return { id, path: '', patient, split: 'train', ...known, labels: Float32Array.from(labels), ...more };
};
const box = { x: 1, y: 2, width: 3, height: 4 };
const dataset: RadiographDataset = {
  name: 'example',
  root: '/data',
  findings: [
    { name: 'Mass', shared: 'mass' },
    { name: 'Hernia', shared: 'hernia' },
    { name: 'Edema', shared: 'edema' },
  ],
  radiographs: [
    row('a', '1', [1, 1, 0]),
    row('b', '1', [1, 0, Number.NaN], { sex: 'F', ageYears: 17.9, boxes: [{ finding: 'Mass', ...box }] }),
    row('c', '2', [0, 0, Number.NaN], { sex: null, ageYears: Number.NaN }),
    row('d', '3', [1, 1, 1], { split: 'test', ageYears: 91 }),
    row('a', '1', [1, 1, 0], { split: 'test' }),
  ],
  rowsWithoutImage: ['x', 'y'],
  imagesWithoutRow: ['z'],
  notes: ['a note'],
};

describe('datasetStatistics', () => {
  const statistics = datasetStatistics(dataset);

  it('counts labels with their prevalence, per split and over all images once', () => {
    expect(statistics.splits.train.findings).toEqual({
      Mass: { positive: 2, negative: 1, unknown: 0, prevalence: 2 / 3 },
      Hernia: { positive: 1, negative: 2, unknown: 0, prevalence: 1 / 3 },
      Edema: { positive: 0, negative: 1, unknown: 2, prevalence: 0 },
    });
    expect(statistics.splits.validate).toMatchObject({ images: 0, findings: { Mass: { prevalence: null } } });
    expect(statistics.all).toMatchObject({ images: 4, patients: 3, findings: { Mass: { positive: 3 } } });
  });

  it('counts ages by band and sex, and patients by their number of images', () => {
    const ages = statistics.splits.train.ages.filter(({ images }) => images > 0);
    expect(ages).toEqual([
      { band: '0-17', images: 1, F: 1, M: 0, unknown: 0 },
      { band: '40-49', images: 1, F: 0, M: 1, unknown: 0 },
      { band: 'unknown', images: 1, F: 0, M: 0, unknown: 1 },
    ]);
    expect(statistics.splits.train.imagesPerPatient).toEqual([
      { images: 1, patients: 1 },
      { images: 2, patients: 1 },
    ]);
  });

  it('counts findings that come together, boxes, and what is wrong', () => {
    expect(statistics.coOccurrence).toEqual([
      [3, 2, 1],
      [2, 2, 1],
      [1, 1, 1],
    ]);
    expect(statistics.boxes).toEqual({ images: 1, findings: { Mass: 1 } });
    expect(statistics).toMatchObject({ rowsWithoutImage: 2, imagesWithoutRow: 1, patientsInTwoSplits: 1 });
    expect(JSON.parse(JSON.stringify(statistics))).toEqual(statistics);
  });

  it('counts nothing in a data set without rows', () => {
    const empty = datasetStatistics({ ...dataset, radiographs: [] });
    expect(empty.all).toMatchObject({ images: 0, patients: 0, imagesPerPatient: [] });
    expect(empty.boxes).toBeNull();
  });
});

describe('ageBand', () => {
  it.each([
    [0, '0-17'],
    [17.99, '0-17'],
    [18, '18-29'],
    [29.9, '18-29'],
    [30, '30-39'],
    [79, '70-79'],
    [80, '80 and over'],
    [120, '80 and over'],
    [Number.NaN, 'unknown'],
  ] as const)('%d years: %s', (years, band) => expect(ageBand(years)).toBe(band));
});
