import { describe, expect, it } from 'vitest';
import { exampleDataset } from './fixtures/dataset.js';
import { chooseRadiographs, groupByFinding } from './sample.js';

const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);

describe('chooseRadiographs', () => {
  it('draws by seed and table alone, each radiograph once', async () => {
    const dataset = await exampleDataset();
    const first = ids(chooseRadiographs(dataset, { count: 5, seed: 1 }));
    expect(new Set(first).size).toBe(5);
    expect(ids(chooseRadiographs(dataset, { count: 5, seed: 1 }))).toEqual(first);
    expect(ids(chooseRadiographs(dataset, { count: 5, seed: 2 }))).not.toEqual(first);
    const twice = { ...dataset, radiographs: [...dataset.radiographs, ...dataset.radiographs] };
    expect(chooseRadiographs(twice, { count: 100, seed: 1 })).toHaveLength(12);
  });

  it('keeps to a finding, by published or shared name, and to ids in their order', async () => {
    const dataset = await exampleDataset();
    const masses = chooseRadiographs(dataset, { finding: 'mass', count: 100, seed: 1 });
    expect(ids(masses).sort()).toEqual(
      ids(chooseRadiographs(dataset, { finding: 'Mass', count: 100, seed: 3 })).sort(),
    );
    expect(masses.every(({ labels }) => labels[1] === 1)).toBe(true);
    expect(ids(chooseRadiographs(dataset, { ids: ['image 7', 'image 2'], count: 1, seed: 1 }))).toEqual([
      'image 7',
      'image 2',
    ]);
  });

  it('refuses what the data set does not have', async () => {
    const dataset = await exampleDataset();
    const choose = (choice: object) => () => chooseRadiographs(dataset, { count: 1, seed: 1, ...choice });
    expect(choose({ ids: ['imag 7'] })).toThrow(
      'found "imag 7"; expected an id of its table with an image. Did you mean',
    );
    expect(choose({ ids: ['gone'] })).toThrow('found "gone", whose image is not on disk');
    expect(choose({ finding: 'Masss' })).toThrow('Did you mean "Mass"?');
    const negative = dataset.radiographs.filter(({ labels }) => labels[1] !== 1);
    const without = { ...dataset, radiographs: negative };
    expect(() => chooseRadiographs(without, { finding: 'Mass', count: 1, seed: 1 })).toThrow('positive for Mass');
  });
});

describe('groupByFinding', () => {
  it('has a group per finding with its positives, and one without any, unless a finding means so', async () => {
    const dataset = await exampleDataset();
    const groups = groupByFinding(dataset, 0);
    expect(groups.map(({ finding, positives }) => [finding, positives])).toEqual([
      [dataset.findings[0]!.name, 6],
      ['Mass', 4],
      [null, 4],
    ]);
    const named = { ...dataset, findings: [dataset.findings[0]!, { name: 'Normal', shared: 'no finding' as const }] };
    expect(groupByFinding(named, 0).map(({ finding }) => finding)).toEqual([dataset.findings[0]!.name, 'Normal']);
  });
});
