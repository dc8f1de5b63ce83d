import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import { association, auroc } from '../../evaluation/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { assertFinite } from '../result/index.js';
import { confoundingResults } from './confounding.js';
import { groupings, strataOf } from './groups.js';
import { groupResults } from './subgroups.js';

const random = new Random(2);
const BANDS = [18, 40, 60, 80];

function radiograph(i: number, change: Partial<Radiograph> = {}): Radiograph {
  const view = random.uniform() < 0.5 ? 'AP' : 'PA';
  const sick = random.uniform() < (view === 'AP' ? 0.7 : 0.3) ? 1 : 0;
  return {
    id: `${i}.png`,
    path: `${i}.png`,
    patient: `p${Math.floor(i / 2)}`,
    split: i < 400 ? 'train' : 'test',
    view,
    sex: random.uniform() < 0.5 ? 'F' : 'M',
    ageYears: 20 + random.integer(50),
    labels: Float32Array.of(sick, i % 40 === 0 ? 1 : 0, i % 3 === 0 ? Number.NaN : random.integer(2)),
    ...change,
  };
}

function tested(radiographs: Radiograph[]): TestedDataset {
  const findings = ['Effusion', 'Hernia', 'Mass'];
  const labels = new Float32Array(radiographs.length * 3);
  for (const [i, it] of radiographs.entries()) labels.set(it.labels, 3 * i);
  return { name: 'set', findings, labels, radiographs } as unknown as TestedDataset;
}

const options = {
  redraws: 100,
  seed: 1,
  confidence: 0.95,
  correction: 'none',
  smallestGroup: 10,
  ageBands: BANDS,
} as const;
const dataset = tested(Array.from({ length: 1000 }, (_, i) => radiograph(i)));
const test = [...dataset.radiographs.keys()].filter((i) => dataset.radiographs[i]!.split === 'test');
/** Reads the view, and a little of each finding. */
const probabilities = Float32Array.from(
  test.flatMap((i) => {
    const { view, labels } = dataset.radiographs[i]!;
    return [...labels].map((label) => (view === 'AP' ? 0.4 : 0.1) + 0.1 * (label || 0) + 0.3 * random.uniform());
  }),
);
const result = groupResults(dataset, { name: 'model', seeds: [probabilities] }, options);

describe('groupings', () => {
  it('bands ages at the ages given, the last without an end, and leaves out what is not known', () => {
    const ages = [0, 17.9, 18, 59, 80, 101, Number.NaN].map((ageYears, i) => radiograph(i, { ageYears }));
    const [, age] = groupings(ages, BANDS);
    expect(age).toMatchObject({ factor: 'age', names: ['0-17', '18-39', '40-59', '80+'] });
    expect([...age!.groupOf]).toEqual([0, 0, 1, 2, 3, 3, -1]);
  });

  it('gives the factors that tell at least two groups apart', () => {
    const alike = { sex: 'M', view: 'PA', ageYears: Number.NaN } as const;
    const sites = ['north', undefined, 'south'].map((site, i) => radiograph(i, { ...alike, site, scanner: 'one' }));
    expect(groupings(sites, BANDS)).toEqual([
      { factor: 'site', names: ['north', 'south'], groupOf: Int32Array.of(0, -1, 1) },
    ]);
  });

  it('strata agree in every factor; where one is not known there is none', () => {
    const grouping = (...groups: number[]) => ({
      factor: 'view' as const,
      names: [],
      groupOf: Int32Array.from(groups),
    });
    const { strata, count } = strataOf([grouping(0, 0, 1, -1, 0), grouping(1, 0, 0, 1, 1)], 5);
    expect([...strata]).toEqual([0, 1, 2, -1, 0]);
    expect(count).toBe(3);
  });
});

describe('groupResults', () => {
  it('has the AUROC of each group, the counts of what is too rare, and who was left out', () => {
    assertFinite(result);
    const view = result.subgroups.find(({ factor }) => factor === 'view')!;
    expect(view).toMatchObject({
      dataset: 'set',
      initialization: 'model',
      meanOver: ['Effusion', 'Mass'],
      atLeast: 10,
    });
    const [ap] = view.groups;
    const rows = test.flatMap((i, row) => (dataset.radiographs[i]!.view === 'AP' ? [row] : []));
    const expected = auroc(
      rows.map((row) => probabilities[3 * row]!),
      rows.map((row) => dataset.radiographs[test[row]!]!.labels[0]!),
    );
    expect(ap).toMatchObject({ name: 'AP', images: rows.length });
    expect(ap!.findings[0]).toMatchObject({ finding: 'Effusion', positives: expected.positives });
    expect(ap!.findings[0]!.auroc!.estimate).toBeCloseTo(expected.auroc, 12);
    expect(ap!.findings[1]!.auroc).toBeNull();
    expect(ap!.findings[1]!.positives).toBeLessThan(10);
    const age = result.subgroups.find(({ factor }) => factor === 'age')!;
    expect(age.groups.map(({ name }) => name)).toEqual(['18-39', '40-59', '60-79']);
    expect(age.gap!.difference!.estimate).toBeGreaterThan(0);
    const small = groupResults(
      dataset,
      { name: 'model', seeds: [probabilities] },
      {
        ...options,
        smallestGroup: 120,
      },
    );
    const left = small.subgroups.find(({ factor }) => factor === 'age')!;
    expect(left).toMatchObject({ reference: null, gap: null });
    expect(left.groups[0]!.reason).toBe('120 positives and 120 negatives of 0 of 3 findings; 1 in the group with most');
  });

  it('shows that the finding goes with the view and not with the sex, one radiograph of each patient', () => {
    const of = (factor: string) =>
      confoundingResults(dataset, options).find((it) => it.factor === factor && it.split === 'train')!;
    const [effusion] = of('view').findings;
    expect(effusion!.test).toBe('chi-square');
    expect(effusion!.p).toBeLessThan(1e-4);
    expect(effusion!.cramersV).toBeGreaterThan(0.2);
    expect(of('sex').findings[0]!.p).toBeGreaterThan(0.01);
    const counts = effusion!.groups.map(({ positives, negatives }) => positives + negatives);
    expect(counts).toEqual(of('view').groups.map(({ images }) => images));
    const firsts = dataset.radiographs.filter((it, i) => it.split === 'train' && i % 2 === 0);
    const tables = ['AP', 'PA'].map((view) => {
      const sick = firsts.filter((it) => it.view === view).map(({ labels }) => labels[0]!);
      const positives = sick.filter((label) => label === 1).length;
      return { positives, negatives: sick.length - positives };
    });
    expect(effusion!.p).toBe(association(tables).p);
  });

  it('matching takes from the AUROC what it owes to the view', () => {
    const [matched] = result.matched;
    expect(matched!.factors).toEqual(['view', 'age', 'sex']);
    const [effusion, , mass] = matched!.findings;
    expect(effusion!.difference!.low).toBeGreaterThan(0.02);
    expect(effusion!.plain!.estimate - effusion!.matched!.estimate).toBeCloseTo(effusion!.difference!.estimate, 12);
    expect(mass!.difference!.low).toBeLessThan(0);
    expect(effusion!.strata).toBeGreaterThan(6);
    expect(effusion!.pairs).toBeLessThan(0.3);
  });

  it('says why nothing is matched', () => {
    const none = dataset.radiographs.map((it) => ({ ...it, view: 'PA', sex: null, ageYears: Number.NaN }));
    const alone = groupResults(tested(none), { name: 'model', seeds: [probabilities] }, options);
    expect(alone.subgroups).toEqual([]);
    expect(confoundingResults(tested(none), options)).toEqual([]);
    expect(alone.matched[0]).toMatchObject({
      mean: null,
      factors: [],
      unmatched: test.length,
      reason: 'the data set tells neither views nor ages nor sexes that differ',
    });
  });
});
