import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Radiograph, RadiographDataset, Split } from './radiograph.js';
import { drawPatients, ofSplit, patientsInTwoSplits } from './split.js';

const radiograph = (id: string, patient: string, split: Split): Radiograph => {
  return { id, path: id, patient, split, view: null, sex: null, ageYears: Number.NaN, labels: new Float32Array() };
};

describe('drawPatients', () => {
  it('draws the rounded share of distinct patients, whatever their order', () => {
    const patients = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 60 });
    const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(patients, fraction, fc.nat(), (ids, share, seed) => {
        const drawn = drawPatients(ids, { split: 'validate', fraction: share, seed });
        expect(drawn.size).toBe(Math.min(Math.max(Math.round(share * ids.length), 1), ids.length - 1));
        expect([...drawn].every((id) => ids.includes(id))).toBe(true);
        expect(drawPatients([...ids].reverse().concat(ids), { split: 'validate', fraction: share, seed })).toEqual(
          drawn,
        );
      }),
      { seed: 1 },
    );
  });

  it('gives every patient the same chance', () => {
    const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
    const times = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++) {
      for (const id of drawPatients(ids, { split: 'validate', fraction: 0.25, seed }))
        times.set(id, (times.get(id) ?? 0) + 1);
    }
    // 2000 draws of 5 in 20: mean 500, standard deviation 19.4; five of these.
    for (const id of ids) expect(Math.abs(times.get(id)! - 500)).toBeLessThan(97);
  });

  it('refuses fractions that leave a split empty', () => {
    for (const fraction of [0, 1, -0.1, Number.NaN]) {
      expect(() => drawPatients(['a', 'b'], { split: 'validate', fraction, seed: 1 })).toThrow(
        /^validationFraction: found .*between 0 and 1/,
      );
    }
    expect(() => drawPatients(['a', 'a'], { split: 'test', fraction: 0.5, seed: 1 })).toThrow(
      'found 1 patient(s); expected at least 2',
    );
  });
});

describe('splits of a data set', () => {
  const radiographs = [
    radiograph('a', '1', 'train'),
    radiograph('b', '1', 'validate'),
    radiograph('c', '2', 'train'),
    radiograph('d', '1', 'train'),
  ];
  const notes: string[] = [];
  const dataset: RadiographDataset = {
    name: 'set',
    root: '/data',
    findings: [],
    radiographs,
    rowsWithoutImage: [],
    imagesWithoutRow: [],
    notes,
  };

  it('finds the images of patients in two splits', () => {
    expect(patientsInTwoSplits(radiographs)).toEqual({ patients: 1, images: ['a', 'b', 'd'] });
    expect(patientsInTwoSplits(radiographs.slice(2))).toEqual({ patients: 0, images: [] });
  });

  it('gives the rows of a split, and refuses an empty one', () => {
    expect(ofSplit(dataset, 'train').map(({ id }) => id)).toEqual(['a', 'c', 'd']);
    expect(() => ofSplit(dataset, 'test')).toThrow('set in /data: split test: found no radiograph');
  });
});
