import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Radiograph } from '../../datasets/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import { labellingOrder, tablesWithLabels } from './label-fraction.js';

const F = 3;

/** Patients with one to three radiographs; one finding is rare, one is nowhere, one label in five is unknown. */
function radiographsOf(patients: number): Radiograph[] {
  const other = { view: null, sex: null, ageYears: Number.NaN } as const;
  return Array.from({ length: patients }, (_, p) =>
    Array.from({ length: 1 + (p % 3) }, (_, i): Radiograph => {
      const labels = Float32Array.of(p % 2, p === patients - 1 ? 1 : 0, p % 5 === 0 ? Number.NaN : 0);
      const split = p % 7 === 3 ? 'test' : p % 7 === 5 ? 'validate' : 'train';
      return { ...other, id: `${p}-${i}`, path: '', patient: `p${p}`, split, labels };
    }),
  ).flat();
}

function tablesOf(radiographs: Radiograph[]): DatasetTables {
  const labels = Float32Array.from(radiographs.flatMap((it) => [...it.labels]));
  const dataset = {} as DatasetTables['dataset'];
  const reader = () => ({}) as ReturnType<DatasetTables['reader']>;
  return { name: 'set', dataset, findings: ['a', 'b', 'c'], radiographs, labels, reader };
}

const trained = ({ radiographs }: Pick<DatasetTables, 'radiographs'>) =>
  new Set(radiographs.filter(({ split }) => split === 'train').map(({ patient }) => patient));

describe('a share of the labels', () => {
  it('is a share of the patients, with all their radiographs; each share holds the smaller ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 60 }), fc.nat(100), (patients, seed) => {
        const whole = tablesOf(radiographsOf(patients));
        const n = trained(whole).size;
        let before = new Set<string>();
        for (const fraction of [0.01, 0.1, 0.35, 0.8, 1]) {
          const some = tablesWithLabels(whole, fraction, seed);
          const now = trained(some);
          expect(now.size).toBe(Math.max(1, Math.round(fraction * n)));
          for (const patient of before) expect(now.has(patient)).toBe(true);
          expect(some.radiographs).toEqual(
            whole.radiographs.filter(({ split, patient }) => split !== 'train' || now.has(patient)),
          );
          expect([...some.labels]).toEqual(some.radiographs.flatMap((it) => [...it.labels]));
          before = now;
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives every finding a positive and a negative first, where it has them', () => {
    const radiographs = radiographsOf(49);
    expect(radiographs.at(-1)!.split).toBe('train');
    for (let seed = 0; seed < 10; seed++) {
      const first = new Set(labellingOrder(radiographs, F, seed).slice(0, 4));
      const has = (f: number, label: number) =>
        radiographs.some(
          ({ patient, split, labels }) => split === 'train' && first.has(patient) && labels[f] === label,
        );
      expect([has(0, 1), has(0, 0), has(1, 1), has(1, 0), has(2, 1), has(2, 0)]).toEqual([
        true,
        true,
        true,
        true,
        false,
        true,
      ]);
    }
  });

  it('is another one with another seed, and does not depend on the order of the table', () => {
    const radiographs = radiographsOf(49);
    const order = (rows: Radiograph[], seed: number) => labellingOrder(rows, F, seed);
    expect(order([...radiographs].reverse(), 1)).toEqual(order(radiographs, 1));
    expect(order(radiographs, 2)).not.toEqual(order(radiographs, 1));
  });
});
