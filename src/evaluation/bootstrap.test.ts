import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc } from './auroc.js';
import { type BootstrapModel, type BootstrapOptions, pairedBootstrap } from './bootstrap.js';
import { confusion, OPERATING_METRICS, operatingMetrics } from './confusion.js';
import { Resampler } from './resampling.js';
import { findingColumn } from './scores.js';

const ROWS = 80;
const PREVALENCES = [0.4, 0.05, 0];
const FINDINGS = PREVALENCES.length;

/** Two models, the better one of `signal` 2; the second finding is rare, the third has no positive; some labels are unknown. */
function sample(seed: number, seedsPerModel = 2): BootstrapOptions {
  const random = new Random(seed);
  const labels = new Float32Array(ROWS * FINDINGS).map((_, i) =>
    random.uniform() < PREVALENCES[i % FINDINGS]! ? 1 : 0,
  );
  labels[1] = 1;
  labels[6] = NaN;
  const model = (name: string, signal: number): BootstrapModel => ({
    name,
    seeds: Array.from({ length: seedsPerModel }, () =>
      labels.map((label) => 1 / (1 + Math.exp(-random.normal() - signal * (label || 0)))),
    ),
    thresholds: Array.from({ length: seedsPerModel }, () => Float64Array.of(0.6, 0.7, NaN)),
  });
  const groups = Int32Array.from({ length: ROWS }, () => random.integer(30));
  return { labels, findings: FINDINGS, models: [model('good', 2), model('poor', 0.2)], groups, redraws: 200, seed };
}

const options = sample(1);
const result = pairedBootstrap(options);

const meanOf = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
/** Of all values there are, not of a sample. */
const variance = (values: number[]) => meanOf(values.map((value) => (value - meanOf(values)) ** 2));

describe('pairedBootstrap', () => {
  it('estimates means over seeds on the whole test set', () => {
    for (const [m, { seeds, thresholds }] of options.models.entries()) {
      for (const f of [0, 1]) {
        const labels = findingColumn(options.labels, FINDINGS, f);
        const mean = (of: (scores: Float32Array, s: number) => number) =>
          seeds.map((scores, s) => of(findingColumn(scores, FINDINGS, f), s)).reduce((a, b) => a + b) / seeds.length;
        const found = result.models[m]!.findings[f]!;
        expect(found.auroc.estimate).toBeCloseTo(
          mean((scores) => auroc(scores, labels).auroc),
          12,
        );
        for (const name of OPERATING_METRICS) {
          const expected = mean((scores, s) => operatingMetrics(confusion(scores, labels, thresholds![s]![f]!))[name]);
          expect(found[name].estimate).toBeCloseTo(expected, 12);
        }
      }
    }
  });

  it('redraws as documented: every redraw made by hand gives the same distribution', () => {
    const { labels, models, groups, redraws } = options;
    const resampler = new Resampler(ROWS, groups);
    const { name, seeds } = models[0]!;
    const column = findingColumn(labels, FINDINGS, 0);
    const values = Float64Array.from({ length: redraws! }, (_, redraw) => {
      const times = resampler.draw(Random.of(options.seed, 'test set', redraw));
      const rows = [...times].flatMap((n, row) => Array<number>(n).fill(row));
      const drawnSeeds = new Resampler(seeds.length).draw(Random.of(options.seed, 'training seeds', name, redraw));
      const weighted = seeds.map((scores, s) => {
        const all = findingColumn(scores, FINDINGS, 0);
        const { auroc: value } = auroc(
          rows.map((row) => all[row]!),
          rows.map((row) => column[row]!),
        );
        return (value * drawnSeeds[s]!) / seeds.length;
      });
      return weighted.reduce((a, b) => a + b);
    });
    const { mean, low } = result.models[0]!.findings[0]!.auroc;
    expect(mean).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 12);
    expect(values.filter((value) => value < low)).toHaveLength(5);
  });

  it('takes the mean over the estimable findings, and counts the labels', () => {
    const { findings, meanAuroc, meanAurocOfSeed } = result.models[0]!;
    expect(findings.map(({ estimable }) => estimable)).toEqual([true, true, false]);
    expect(findings[2]).toMatchObject({
      positives: 0,
      negatives: ROWS,
      auroc: { estimate: NaN, undefinedRedraws: 200 },
    });
    expect(findings[0]!.unknown).toBe(1);
    expect(meanAuroc.estimate).toBeCloseTo((findings[0]!.auroc.estimate + findings[1]!.auroc.estimate) / 2, 12);
    expect(meanAuroc.estimate).toBeCloseTo((meanAurocOfSeed[0]! + meanAurocOfSeed[1]!) / 2, 12);
    expect(result.comparisons[0]!.findings[2]).toMatchObject({ estimate: NaN, pGreater: NaN, pTwoSided: NaN });
  });

  it('keeps a redraw without a positive for the other findings', () => {
    const rare = sample(3);
    for (let row = 0; row < ROWS; row++) rare.labels[row * FINDINGS + 1] = row === 7 ? 1 : 0;
    const [model] = pairedBootstrap({ ...rare, groups: undefined, redraws: 400 }).models;
    const share = model!.findings[1]!.auroc.undefinedRedraws / 400;
    expect(share).toBeGreaterThan(0.28);
    expect(share).toBeLessThan(0.46);
    expect(model!.findings[0]!.auroc.undefinedRedraws).toBe(0);
    expect(model!.meanAuroc.undefinedRedraws).toBe(0);
  });

  it('finds the better model, in both orders', () => {
    const [forward, backward] = result.comparisons;
    expect(forward).toMatchObject({ first: 'good', second: 'poor' });
    expect(backward).toMatchObject({ first: 'poor', second: 'good' });
    expect(forward!.findings[0]!.low).toBeGreaterThan(0);
    expect(forward!.findings[0]!.pGreater).toBe(1 / 201);
    expect(backward!.findings[0]!.pGreater).toBe(1);
    expect(backward!.meanAuroc.estimate).toBe(-forward!.meanAuroc.estimate);
    expect(backward!.meanAuroc.pTwoSided).toBe(forward!.meanAuroc.pTwoSided);
  });

  it('sees no difference between a model and its copy, because both meet the same redraws', () => {
    const one = sample(5, 1);
    const copy = { ...one.models[0]!, name: 'copy' };
    const [comparison] = pairedBootstrap({ ...one, models: [one.models[0]!, copy] }).comparisons;
    expect(comparison!.meanAuroc).toMatchObject({ estimate: 0, sd: 0, low: 0, high: 0, pGreater: 1, pTwoSided: 1 });
  });

  it('adds the variance between seeds to the interval', () => {
    const { labels, models, ...rest } = sample(6);
    const good = models[0]!.seeds[0]!;
    const bad = good.map((p) => 1 - p);
    const same = { name: 'same seeds', seeds: [good, good] };
    const unlike = { name: 'unlike seeds', seeds: [good, bad] };
    const [a, b] = pairedBootstrap({ labels, ...rest, models: [same, unlike] }).models;
    expect(b!.meanAuroc.sd).toBeGreaterThan(3 * a!.meanAuroc.sd);
  });

  it('has the same bits as before pretrainings were redrawn, where there is one', () => {
    const random = new Random(11);
    const labels = Float32Array.from({ length: 60 }, () => random.integer(2));
    const scores = (signal: number) => () => labels.map((label) => signal * label + random.normal());
    const a = { name: 'a', seeds: Array.from({ length: 3 }, scores(1)) };
    const b = { name: 'b', seeds: Array.from({ length: 2 }, scores(0.5)) };
    const groups = Int32Array.from({ length: 60 }, () => random.integer(30));
    const run = { labels, findings: 1, groups, redraws: 500, seed: 3 };
    const without = pairedBootstrap({ ...run, models: [a, b] });
    expect(without.comparisons[0]!.meanAuroc).toEqual({
      estimate: 0.15722222222222215,
      mean: 0.15253259418570672,
      sd: 0.10849974826874381,
      low: -0.06060572901296232,
      high: 0.36246106479727164,
      undefinedRedraws: 0,
      pGreater: 0.09181636726546906,
      pTwoSided: 0.18363273453093812,
    });
    const one = [
      { ...a, pretrainings: [7, 7, 7] },
      { ...b, pretrainings: [7, 7] },
    ];
    expect(pairedBootstrap({ ...run, models: one })).toEqual(without);
  });

  it('has the variance of the test set, between pretrainings and between the seeds of one', () => {
    const [P, S, N] = [3, 2, 100];
    const random = new Random(21);
    const labels = Float32Array.from({ length: N }, (_, row) => row % 2);
    const shared = labels.map(() => random.normal());
    const pretrainings = Array.from({ length: P * S }, (_, s) => Math.floor(s / S));
    const skills = pretrainings.map((p, s) => [0.4, 0.9, 1.6][p]! + [-0.6, 0.6][s % S]!);
    const seeds = skills.map((skill) => labels.map((label, row) => skill * label + shared[row]!));
    const redraws = 4000;
    const model = { name: 'a', seeds, pretrainings };
    const { sd } = pairedBootstrap({ labels, findings: 1, models: [model], redraws, seed: 5 }).models[0]!.meanAuroc;

    // The same redraws of rows by hand; given them, the exact variance over the draws of seeds.
    const resampler = new Resampler(N);
    const parts = Array.from({ length: redraws / 4 }, (_, redraw) => {
      const times = resampler.draw(Random.of(5, 'test set', redraw));
      const rows = [...times].flatMap((n, row) => Array<number>(n).fill(row));
      const drawnLabels = rows.map((row) => labels[row]!);
      const groups = Array.from({ length: P }, (_, p) =>
        seeds.slice(p * S, (p + 1) * S).map(
          (scores) =>
            auroc(
              rows.map((row) => scores[row]!),
              drawnLabels,
            ).auroc,
        ),
      );
      const means = groups.map(meanOf);
      return { mean: meanOf(means), between: variance(means) / P, within: meanOf(groups.map(variance)) / (P * S) };
    });
    const testSet = variance(parts.map(({ mean }) => mean));
    const between = meanOf(parts.map((part) => part.between));
    const within = meanOf(parts.map((part) => part.within));
    const total = testSet + between + within;
    // The relative standard error of a variance over B redraws is the root of 2 / B; both sides have one.
    const error = Math.sqrt(2 / redraws + (2 / parts.length) * (testSet / total) ** 2);
    expect(Math.abs(sd ** 2 / total - 1)).toBeLessThan(4 * error);
    for (const part of [testSet, between, within]) expect(part / total).toBeGreaterThan(4 * error);
  });

  it('has intervals of the width that theory gives the AUROC', () => {
    const random = new Random(8);
    const labels = Float32Array.from({ length: 400 }, (_, row) => row % 2);
    const scores = labels.map((label) => random.normal() + label);
    const run = pairedBootstrap({
      labels,
      findings: 1,
      models: [{ name: 'a', seeds: [scores] }],
      redraws: 2000,
      seed: 1,
    });
    const { estimate: a, sd } = run.models[0]!.meanAuroc;
    // Hanley and McNeil 1982, formula 2, with 200 positives and 200 negatives.
    const q1 = a / (2 - a);
    const q2 = (2 * a * a) / (1 + a);
    const expected = Math.sqrt((a * (1 - a) + 199 * (q1 - a * a) + 199 * (q2 - a * a)) / 40000);
    expect(sd / expected).toBeGreaterThan(0.9);
    expect(sd / expected).toBeLessThan(1.1);
  });

  it('depends on the seed alone: not on other models, nor on the number of redraws', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (seed) => {
        const run = { ...options, seed, redraws: 20 };
        const [first, second] = pairedBootstrap(run).models;
        expect(pairedBootstrap(run).models[0]).toEqual(first);
        expect(pairedBootstrap({ ...run, models: [options.models[1]!] }).models[0]).toEqual(second);
      }),
      { numRuns: 10 },
    );
    expect(pairedBootstrap({ ...options, seed: 2 }).models[0]!.meanAuroc.sd).not.toBe(result.models[0]!.meanAuroc.sd);
  });

  it('has no operating metrics without a threshold', () => {
    const models = options.models.map(({ name, seeds }) => ({ name, seeds }));
    const [model] = pairedBootstrap({ ...options, models }).models;
    expect(model!.findings[0]!.accuracy).toMatchObject({ estimate: NaN, undefinedRedraws: 200 });
    expect(model!.findings[0]!.auroc).toEqual(result.models[0]!.findings[0]!.auroc);
    expect(result.models[0]!.findings[2]!.specificity.estimate).toBeNaN();
  });

  it('refuses NaN probabilities, two models of one name, and lengths that do not fit', () => {
    const [good] = options.models;
    const nan = { ...good!, seeds: [good!.seeds[0]!.map((p, i) => (i === 4 ? NaN : p)), good!.seeds[1]!] };
    expect(() => pairedBootstrap({ ...options, models: [nan] })).toThrow(
      'model good, seed 0, finding 1, row 1: found NaN; expected a probability.',
    );
    expect(() => pairedBootstrap({ ...options, models: [good!, good!] })).toThrow('models: found two named good');
    const short = { name: 'short', seeds: [new Float32Array(3)] };
    expect(() => pairedBootstrap({ ...options, models: [short] })).toThrow('model short: 3 probabilities');
    const pretrainings = { ...good!, pretrainings: [1] };
    expect(() => pairedBootstrap({ ...options, models: [pretrainings] })).toThrow('good: pretrainings of 1 seeds');
    expect(() => pairedBootstrap({ ...options, groups: new Int32Array(3) })).toThrow('3 groups for 80 rows');
    expect(() => pairedBootstrap({ ...options, redraws: 0 })).toThrow('redraws is 0');
  });
});
