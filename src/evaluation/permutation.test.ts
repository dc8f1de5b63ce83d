import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc } from './auroc.js';
import { fixture } from './fixtures/load.js';
import { ExchangeableModels, permutationTest } from './permutation.js';

const reference = fixture<{
  patients: number[];
  findings: number;
  labels: number[];
  first: number[];
  second: number[];
  differences: number[][];
  p: Record<'two-sided' | 'greater' | 'less', number>;
}>('permutation');
const { findings } = reference;
const options = {
  labels: Float32Array.from(reference.labels),
  findings,
  first: [Float32Array.from(reference.first)],
  second: [Float32Array.from(reference.second)],
  groups: Int32Array.from(reference.patients),
  seed: 5,
};

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value / values.length, 0);

describe('the paired permutation test', () => {
  it('measures every exchange of ten patients as NumPy does, ties and unknown labels included', () => {
    const models = new ExchangeableModels(options);
    expect(models.units).toBe(10);
    for (const [code, expected] of reference.differences.entries()) {
      const found = models.differences(Uint8Array.from({ length: 10 }, (_, bit) => (code >> bit) & 1));
      for (const [f, value] of expected.entries()) expect(Math.abs(found[f]! - value)).toBeLessThan(1e-12);
    }
  });

  it('comes to the p-values of scipy.stats.permutation_test over all exchanges, by its own distribution and by chance', () => {
    const models = new ExchangeableModels(options);
    const all = Array.from({ length: 1024 }, (_, code) =>
      mean(models.differences(Uint8Array.from({ length: 10 }, (_, bit) => (code >> bit) & 1))),
    );
    const share = (holds: (value: number) => boolean) => all.filter(holds).length / 1024;
    expect(share((value) => value >= all[0]! - 1e-12)).toBe(reference.p.greater);
    expect(share((value) => Math.abs(value) >= Math.abs(all[0]!) - 1e-12)).toBe(reference.p['two-sided']);
    const { meanAuroc, units } = permutationTest({ ...options, permutations: 20_000 });
    expect(units).toBe(10);
    expect(meanAuroc.difference).toBeCloseTo(all[0]!, 12);
    // Five standard deviations of 20,000 draws.
    expect(Math.abs(meanAuroc.pGreater - reference.p.greater)).toBeLessThan(0.004);
    expect(Math.abs(meanAuroc.pTwoSided - reference.p['two-sided'])).toBeLessThan(0.0057);
  });

  it('does not depend on the scale at which a model speaks', () => {
    const logits = options.first.map((scores) => scores.map((p) => Math.fround(100 * p - 30)));
    expect(permutationTest({ ...options, first: logits })).toEqual(permutationTest(options));
  });

  it('starts from the difference of the AUROCs', () => {
    const column = (matrix: Float32Array, f: number) => matrix.filter((_, i) => i % findings === f);
    const of = (scores: Float32Array, f: number) => auroc(column(scores, f), column(options.labels, f)).auroc;
    for (const [f, { difference }] of permutationTest({ ...options, permutations: 1 }).findings.entries()) {
      expect(difference).toBeCloseTo(of(options.first[0]!, f) - of(options.second[0]!, f), 12);
    }
  });

  it('gives p = 1 to a model against itself, and turns the one-sided p where the models change places', () => {
    expect(permutationTest({ ...options, second: options.first }).meanAuroc).toEqual({
      difference: 0,
      pTwoSided: 1,
      pGreater: 1,
    });
    const there = permutationTest(options).meanAuroc;
    const back = permutationTest({ ...options, first: options.second, second: options.first }).meanAuroc;
    expect(back.pTwoSided).toBe(there.pTwoSided);
    expect(there.pGreater).toBeLessThan(0.1);
    expect(back.pGreater).toBeGreaterThan(0.9);
  });

  it('leaves a finding without positives out of the mean', () => {
    const labels = options.labels.map((label, i) => (i % 2 === 1 ? 0 : label));
    const { meanAuroc, findings: each } = permutationTest({ ...options, labels });
    expect(each[1]).toEqual({ difference: NaN, pTwoSided: NaN, pGreater: NaN });
    expect(meanAuroc).toEqual(each[0]);
  });

  it('takes the mean over seeds', () => {
    const both = { first: [options.first[0]!, options.second[0]!], second: [options.second[0]!, options.second[0]!] };
    const { meanAuroc } = permutationTest({ ...options, ...both, permutations: 10 });
    expect(meanAuroc.difference).toBeCloseTo(
      permutationTest({ ...options, permutations: 10 }).meanAuroc.difference / 2,
      12,
    );
  });

  it('holds its level where the models are equally good, and finds a better one', () => {
    const random = new Random(7);
    const draw = (advantage: number) => {
      const labels = Float32Array.from({ length: 120 }, () => (random.uniform() < 0.4 ? 1 : 0));
      const model = (signal: number) => [labels.map((label) => Math.fround(signal * label + random.normal()))];
      return permutationTest({
        labels,
        findings: 1,
        first: model(1 + advantage),
        second: model(1),
        permutations: 99,
        seed: 1,
      });
    };
    const rejected = (advantage: number, times: number) =>
      Array.from({ length: times }, () => draw(advantage)).filter(({ meanAuroc }) => meanAuroc.pTwoSided <= 0.1).length;
    // Binomial(300, 0.1): five standard deviations either side.
    expect(Math.abs(rejected(0, 300) - 30)).toBeLessThan(26);
    expect(rejected(1.5, 20)).toBeGreaterThan(15);
  });

  it('refuses what does not fit', () => {
    expect(() => permutationTest({ ...options, second: [] })).toThrow('1 and 0 training seeds');
    expect(() => permutationTest({ ...options, first: [new Float32Array(3)] })).toThrow('3 scores for');
    expect(() => permutationTest({ ...options, first: [options.first[0]!.map(() => NaN)] })).toThrow('found NaN');
  });
});
