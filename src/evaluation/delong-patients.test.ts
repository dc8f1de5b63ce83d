import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { pairedBootstrap } from './bootstrap.js';
import { delongInterval, delongTest, unpairedDelongTest } from './delong.js';
import { normalCdf } from './distributions.js';
import { fixture } from './fixtures/load.js';
import { meanPlacements, type Placements, placements } from './placements.js';

interface Case extends Record<'labels' | 'patients' | 'first' | 'second' | 'aurocs' | 'variances', number[]> {
  name: string;
  variance: number;
}

const { cases } = fixture<{ cases: Case[] }>('delong-patients');
const of = ({ labels, patients, first, second }: Omit<Case, 'name' | 'variance' | 'aurocs' | 'variances'>) =>
  [first, second].map((scores) => placements(scores, labels, patients)) as [Placements, Placements];

describe("DeLong by patient equals Obuchowski's formulas, pair by pair in NumPy", () => {
  it.each(cases)('$name', (it) => {
    const models = of(it);
    for (const [i, model] of models.entries()) {
      const { auroc, standardError } = delongInterval(model);
      expect(Math.abs(auroc - it.aurocs[i]!)).toBeLessThan(1e-14);
      expect(Math.abs(standardError ** 2 - it.variances[i]!)).toBeLessThan(1e-14);
    }
    const { difference, standardError, pTwoSided } = delongTest(...models);
    const [one, two] = it.aurocs as [number, number];
    expect(Math.abs(standardError ** 2 - it.variance)).toBeLessThan(1e-14);
    expect(Math.abs(difference - (one - two))).toBeLessThan(1e-14);
    expect(pTwoSided).toBeCloseTo(2 * normalCdf(-Math.abs(one - two) / Math.sqrt(it.variance)), 9);
  });
});

it('is DeLong itself where each patient has one labelled row', () => {
  const { labels, patients, first, second } = cases.find(({ name }) => name === 'one image each')!;
  expect(of({ labels, patients, first, second })[0].patients).toBeUndefined();
  const twice = [...labels, ...labels.map(() => NaN)];
  const [a, b] = [first, second].map((scores) => placements([...scores, ...scores], twice, [...patients, ...patients]));
  const [c, d] = [first, second].map((scores) => placements(scores, labels));
  expect(delongTest(a!, b!)).toEqual(delongTest(c!, d!));
});

it('learns nothing from copies of rows, which DeLong takes for new images', () => {
  const row = fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, 1));
  fc.assert(
    fc.property(fc.array(row, { minLength: 8, maxLength: 40 }), (rows) => {
      const [first, second, labels] = [0, 1, 2].map((i) => rows.map((it) => it[i]!)) as [number[], number[], number[]];
      const patients = [...rows.keys()];
      const once = delongTest(...of({ labels, patients, first, second }));
      // A difference of 0 is one up to rounding.
      fc.pre(Number.isFinite(once.z) && Math.abs(once.z) > 1e-9);
      const three = <T>(values: T[]) => [...values, ...values, ...values];
      const copies = { labels: three(labels), patients: three(patients), first: three(first), second: three(second) };
      const thrice = delongTest(...of(copies));
      expect(thrice).toMatchObject({ patients: rows.length });
      expect(thrice.z).toBeCloseTo(once.z, 9);
      const asRows = [copies.first, copies.second].map((scores) => placements(scores, copies.labels));
      expect(Math.abs(delongTest(asRows[0]!, asRows[1]!).z)).toBeGreaterThan(1.5 * Math.abs(once.z));
    }),
  );
});

/** Patients of 1 to 6 images, which share half the variance of the scores, and mostly the label. */
function draw(random: Random, patients: number) {
  const rows = Array.from({ length: patients }, (_, patient) => {
    const [ill, effect] = [random.uniform() < 0.3, random.normal()];
    return Array.from({ length: 1 + random.integer(6) }, () => {
      const label = Number(random.uniform() < 0.15 ? !ill : ill);
      return { patient, label, score: 1.2 * label + Math.SQRT1_2 * (effect + random.normal()) };
    });
  }).flat();
  const column = (name: 'patient' | 'label' | 'score') => rows.map((row) => row[name]);
  return { patients: column('patient'), labels: column('label'), scores: column('score') };
}

it('its 95 % intervals hold the AUROC of simulated patients 95 times in 100; those of DeLong far less often', () => {
  const truth = normalCdf(1.2 / Math.SQRT2);
  const random = new Random(5);
  const held = { patients: 0, rows: 0 };
  for (let i = 0; i < 500; i++) {
    const { scores, labels, patients } = draw(random, 150);
    const holds = (model: Placements) => {
      const { low, high } = delongInterval(model);
      return Number(low <= truth && truth <= high);
    };
    held.patients += holds(placements(scores, labels, patients));
    held.rows += holds(placements(scores, labels));
  }
  // 475 up to chance: three standard errors are 15.
  expect(Math.abs(held.patients - 475)).toBeLessThan(15);
  expect(held.rows).toBeLessThan(445);
});

it('its intervals are as wide as those of a bootstrap of patients', () => {
  const { scores, labels, patients } = draw(new Random(6), 500);
  const { low, high } = delongInterval(placements(scores, labels, patients));
  const { models } = pairedBootstrap({
    labels: Float32Array.from(labels),
    groups: Int32Array.from(patients),
    findings: 1,
    seed: 1,
    redraws: 4000,
    models: [{ name: 'a', seeds: [Float32Array.from(scores)] }],
  });
  const { auroc } = models[0]!.findings[0]!;
  expect(Math.abs((auroc.high - auroc.low) / (high - low) - 1)).toBeLessThan(0.05);
});

describe('what it needs', () => {
  const labels = [1, 1, 0, 0, 0];

  it('two patients with each label', () => {
    const positives = placements([3, 4, 1, 2, 3.5], labels, [7, 7, 8, 9, 9]);
    expect(delongInterval(positives)).toMatchObject({ standardError: NaN, reason: /^one patient with positive rows/ });
    const negatives = placements([3, 4, 1, 2, 3.5], labels, [6, 7, 8, 8, 8]);
    expect(delongTest(negatives, negatives)).toMatchObject({ pTwoSided: NaN, reason: /^one patient with negative/ });
    expect(delongInterval(placements([1, 2], [1, 1], [0, 0]))).toMatchObject({ auroc: NaN, reason: /no negative row/ });
  });

  it('a patient for each row, and the same patients for both models', () => {
    expect(() => placements([1, 2], [1, 0], [0])).toThrow('1 groups for 2 rows');
    const [known, unknown] = [placements([1, 2, 3], [1, 0, 0], [0, 0, 1]), placements([1, 2, 3], [1, 0, 0])];
    expect(() => delongTest(known, unknown)).toThrow('rows of 2 patients');
  });
});

it('keeps the patients in the mean over training seeds, and counts them where test sets differ', () => {
  const { labels, patients, first, second } = cases[0]!;
  const models = of({ labels, patients, first, second });
  expect(meanPlacements(models).patients).toBe(models[0].patients);
  const [a, b] = models.map((model) => delongInterval(model));
  const test = unpairedDelongTest(...models);
  expect(test.standardError).toBeCloseTo(Math.hypot(a!.standardError, b!.standardError), 12);
  expect(test.degreesOfFreedom).toBeLessThan(2 * models[0].patients!.count);
});
