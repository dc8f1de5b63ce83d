import { describe, expect, it } from 'vitest';
import type { Finding } from './findings.js';
import type { Radiograph } from './radiograph.js';
import { posWeight, summarizeRadiographs } from './summary.js';

const findings: Finding[] = [
  { name: 'Mass', shared: 'mass' },
  { name: 'Hernia', shared: 'hernia' },
];
const row = (patient: string, labels: number[], more: Partial<Radiograph> = {}): Radiograph => {
  const known = { view: 'PA', sex: 'M', ageYears: 40 } as const;
  return { id: '', path: '', patient, split: 'train', ...known, labels: Float32Array.from(labels), ...more };
};
const rows = [
  row('1', [1, 0]),
  row('1', [0, 1], { view: 'AP', ageYears: 50 }),
  row('2', [0, Number.NaN], { sex: null, ageYears: 10 }),
  row('3', [0, 0], { sex: 'F', view: null, ageYears: Number.NaN }),
];

describe('summarizeRadiographs', () => {
  it('counts images, patients, labels, views, sexes and the median of the known ages', () => {
    expect(summarizeRadiographs(rows, findings)).toEqual({
      images: 4,
      patients: 3,
      findings: {
        Mass: { positive: 1, negative: 3, unknown: 0 },
        Hernia: { positive: 1, negative: 2, unknown: 1 },
      },
      views: { AP: 1, PA: 2, unknown: 1 },
      sexes: { F: 1, M: 2, unknown: 1 },
      medianAgeYears: 40,
    });
    expect(summarizeRadiographs(rows.slice(0, 2), findings).medianAgeYears).toBe(45);
    expect(summarizeRadiographs([], findings)).not.toHaveProperty('medianAgeYears');
  });
});

describe('posWeight', () => {
  it('is negatives over positives of the rows given, unknown labels left out', () => {
    expect([...posWeight(rows, findings)]).toEqual([3, 2]);
    expect([...posWeight(rows.slice(0, 2), findings)]).toEqual([1, 1]);
  });

  it('refuses a finding with one class only, and no rows', () => {
    expect(() => posWeight(rows.slice(2), findings)).toThrow(
      'training split, Mass, Hernia: found Mass: 0 positive, 2 negative; Hernia: 0 positive, 1 negative; expected positives and',
    );
    expect(() => posWeight([row('1', [1, 0]), row('2', [1, 1])], findings)).toThrow(
      'found Mass: 2 positive, 0 negative;',
    );
    expect(() => posWeight([], findings)).toThrow('training split: found no radiograph');
  });
});
