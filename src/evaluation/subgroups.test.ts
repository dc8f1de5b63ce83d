import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc } from './auroc.js';
import { pairedBootstrap } from './bootstrap.js';
import { fixture } from './fixtures/load.js';
import { matchedAurocs } from './matched.js';
import { findingColumn } from './scores.js';
import { sharedAurocs } from './shared-auroc.js';
import { stratifiedAurocs } from './stratified-auroc.js';
import { equalityP, subgroupAurocs } from './subgroups.js';

interface Sample {
  name: string;
  scores: number[];
  labels: number[];
  strata: number[];
  /** Of each stratum; NaN where it has one class. */
  aurocs: number[];
  matched: number;
  plain: number;
}

const { samples } = fixture<{ samples: Sample[] }>('strata');

/** Rows of 40 patients with three findings, two training seeds and three groups; labels partly unknown, scores tied. */
function drawn(rows = 120) {
  const random = new Random(5);
  const F = 3;
  const groups = Int32Array.from({ length: rows }, () => random.integer(40));
  const strata = Int32Array.from({ length: rows }, () => random.integer(4) - 1);
  const labels = new Float32Array(rows * F).map(() => (random.uniform() < 0.1 ? NaN : random.integer(2)));
  const seeds = [1, 2].map(() => labels.map((label) => Math.round(10 * random.uniform() + 3 * (label || 0)) / 13));
  return { labels, findings: F, model: { name: 'model', seeds }, strata, count: 3, groups, redraws: 60, seed: 7 };
}

/** AUROC of the rows in `keep`, by the plain function. */
function naive({ labels, findings, model }: ReturnType<typeof drawn>, f: number, keep: (row: number) => boolean) {
  const rows = [...Array(labels.length / findings).keys()].filter(keep);
  const own = findingColumn(labels, findings, f);
  const aurocs = model.seeds.map((probabilities) => {
    const scores = findingColumn(probabilities, findings, f);
    return auroc(
      rows.map((row) => scores[row]!),
      rows.map((row) => own[row]!),
    ).auroc;
  });
  return aurocs.reduce((sum, value) => sum + value, 0) / aurocs.length;
}

describe('stratifiedAurocs', () => {
  it.each(samples)('equals scikit-learn on $name scores', ({ scores, labels, strata, aurocs, matched, plain }) => {
    const options = {
      labels: Float32Array.from(labels),
      findings: 1,
      model: { name: 'model', seeds: [Float32Array.from(scores)] },
      strata: Int32Array.from(strata),
      count: 6,
      redraws: 1,
      seed: 1,
    };
    const each = stratifiedAurocs({ ...options, over: 'each stratum' })[0]!.map(({ whole }) => whole);
    for (const [stratum, expected] of aurocs.entries()) {
      if (Number.isNaN(expected)) expect(each[stratum]).toBeNaN();
      else expect(each[stratum]).toBeCloseTo(expected, 12);
    }
    const result = matchedAurocs(options);
    expect(result.mean.matched.estimate).toBeCloseTo(matched, 12);
    expect(result.mean.plain.estimate).toBeCloseTo(plain, 12);
    expect(result.findings[0]!.strata).toBe(5);
  });

  it('with one stratum has the redraws of pairedBootstrap, bit for bit', () => {
    const { model, strata, ...options } = drawn();
    const one = stratifiedAurocs({ ...options, model, strata: strata.fill(0), count: 1, over: 'each stratum' });
    const whole = pairedBootstrap({ ...options, models: [model] }).models[0]!;
    for (const [f, { auroc }] of whole.findings.entries()) {
      const [{ redraws }] = one[f]! as [(typeof one)[0][0]];
      expect(one[f]![0]!.whole).toBeCloseTo(auroc.estimate, 14);
      expect(redraws.reduce((sum, value) => sum + value, 0) / 60).toBeCloseTo(auroc.mean, 12);
    }
  });

  it('redraws within strata as pairedBootstrap does', () => {
    const { model, strata, groups, ...options } = drawn();
    const drawnWithin = strata.map((_, row) => row % 2);
    const one = { ...options, model, strata: new Int32Array(strata.length), count: 1, drawnWithin };
    const redraws = stratifiedAurocs({ ...one, over: 'each stratum' })[0]![0]!.redraws;
    const { mean } = pairedBootstrap({ ...options, models: [model], strata: drawnWithin }).models[0]!.findings[0]!
      .auroc;
    expect(redraws.reduce((sum, value) => sum + value, 0) / 60).toBeCloseTo(mean, 12);
  });

  it('equals the AUROC of the rows of a group alone', () => {
    const options = drawn();
    const each = stratifiedAurocs({ ...options, over: 'each stratum' });
    for (const f of [0, 1, 2]) {
      for (const group of [0, 1, 2]) {
        expect(each[f]![group]!.whole).toBeCloseTo(
          naive(options, f, (row) => options.strata[row] === group),
          12,
        );
      }
    }
  });

  it('names the row of a NaN probability', () => {
    const options = drawn();
    const row = options.labels.findIndex((label) => !Number.isNaN(label));
    options.model.seeds[1]![row] = NaN;
    expect(() => stratifiedAurocs({ ...options, over: 'each stratum' })).toThrow(
      `model model, seed 1, finding ${row % 3}, row ${Math.floor(row / 3)}: found NaN`,
    );
  });
});

describe('subgroupAurocs', () => {
  const subgroupsOf = (options: ReturnType<typeof drawn>) => ({ ...options, subgroups: options.strata });

  it('means, gap and comparison with the largest group equal a naive computation', () => {
    const options = drawn();
    const result = subgroupAurocs({ ...subgroupsOf(options), atLeast: 3 });
    const means = [0, 1, 2].map(
      (group) => [0, 1, 2].reduce((sum, f) => sum + naive(options, f, (row) => options.strata[row] === group), 0) / 3,
    );
    expect(result.meanOver).toEqual([0, 1, 2]);
    for (const [group, mean] of means.entries()) {
      expect(result.groups[group]!.meanAuroc.estimate).toBeCloseTo(mean, 12);
      expect(result.groups[group]!.rows).toBe(options.strata.filter((own) => own === group).length);
    }
    expect(result.gap!.difference.estimate).toBeCloseTo(Math.max(...means) - Math.min(...means), 12);
    expect(means[result.gap!.highest]).toBe(Math.max(...means));
    const largest = Math.max(...result.groups.map(({ rows }) => rows));
    expect(result.groups[result.reference]!.rows).toBe(largest);
    for (const [group, { againstReference }] of result.groups.entries()) {
      if (group === result.reference) expect(againstReference).toBeUndefined();
      else {
        const difference = means[group]! - means[result.reference]!;
        expect(againstReference!.difference.estimate).toBeCloseTo(difference, 12);
      }
    }
  });

  it('leaves out the groups with too few cases, with their counts', () => {
    const options = drawn();
    const rare = options.strata.map((group, row) => (group === 2 && row > 40 ? -1 : group));
    const result = subgroupAurocs({ ...options, subgroups: rare, atLeast: 6 });
    expect(result.groups.map(({ compared }) => compared)).toEqual([true, true, false]);
    expect(result.groups[2]!.meanAuroc.estimate).toBeNaN();
    expect(result.groups[2]!.findings[0]!.positives).toBeGreaterThan(0);
    const alone = subgroupAurocs({ ...options, subgroups: rare.fill(0), atLeast: 6 });
    expect(alone).toMatchObject({ reference: -1, findings: [] });
    expect(alone.gap).toBeUndefined();
  });

  it('finds a gap where one group is read at random, and none where all are read alike', () => {
    const random = new Random(3);
    const rows = 600;
    const subgroups = Int32Array.from({ length: rows }, (_, row) => row % 2);
    const labels = Float32Array.from({ length: rows }, () => random.integer(2));
    const of = (noise: (row: number) => number) => {
      const scores = labels.map((label, row) => 0.5 + 0.02 * label + noise(row) * (random.uniform() - 0.5));
      const model = { name: 'model', seeds: [scores] };
      return subgroupAurocs({ labels, findings: 1, model, subgroups, count: 2, redraws: 300, seed: 1 });
    };
    const unequal = of((row) => (row % 2 ? 0.9 : 0.05));
    expect(unequal.gap).toMatchObject({ highest: 0, lowest: 1 });
    expect(unequal.gap!.p).toBe(1 / 301);
    expect(unequal.gap!.difference.low).toBeGreaterThan(0.2);
    expect(of(() => 0.05).gap!.p).toBeGreaterThan(0.05);
  });
});

describe('equalityP', () => {
  it('keeps its level with several equal groups, where the extremes alone would not', () => {
    const random = new Random(11);
    let rejected = 0;
    for (let trial = 0; trial < 400; trial++) {
      const groups = Array.from({ length: 5 }, () => {
        const whole = random.normal();
        return { whole, redraws: Float64Array.from({ length: 200 }, () => whole + random.normal()) };
      });
      if (equalityP(groups) <= 0.05) rejected++;
    }
    expect(rejected / 400).toBeGreaterThan(0.02);
    expect(rejected / 400).toBeLessThan(0.09);
  });
});

describe('matchedAurocs', () => {
  it('takes away what a model gains from telling the strata apart', () => {
    const random = new Random(9);
    const rows = 2000;
    const strata = Int32Array.from({ length: rows }, () => random.integer(2));
    const labels = Float32Array.from(strata, (view) => (random.uniform() < (view ? 0.8 : 0.2) ? 1 : 0));
    const scores = Float32Array.from(strata, (view) => 0.5 * view + 0.4 * random.uniform());
    const model = { name: 'reads the view', seeds: [scores] };
    const options = { labels, findings: 1, model, strata, count: 2, redraws: 200, seed: 1 };
    const { mean, findings } = matchedAurocs(options);
    expect(mean.plain.estimate).toBeGreaterThan(0.75);
    expect(mean.matched.low).toBeLessThan(0.5);
    expect(mean.matched.high).toBeGreaterThan(0.5);
    expect(mean.difference.low).toBeGreaterThan(0.2);
    expect(mean.p).toBe(2 / 201);
    expect(findings[0]!.pairs).toBeLessThan(0.4);
  });
});

describe('sharedAurocs', () => {
  const random = new Random(4);
  const labels = Float32Array.from({ length: 800 }, () => random.integer(2));
  const scored = (strength: number) => labels.map((label) => 0.4 + strength * label + 0.2 * random.uniform());
  const options = { labels, findings: 1, redraws: 200, seed: 2 };

  it('is 1 for the same predictions, 0 for noise, and what is above chance between them', () => {
    const plain = scored(0.1);
    const [same, noise, weaker] = sharedAurocs({ ...options, plain, versions: [plain, scored(0), scored(0.04)] });
    expect(same!.mean.share).toMatchObject({ estimate: 1, low: 1, high: 1 });
    expect(Math.abs(noise!.mean.share.estimate)).toBeLessThan(0.15);
    const { auroc, plain: whole, share } = weaker!.findings[0]!;
    expect(share.estimate).toBeCloseTo((auroc.estimate - 0.5) / (whole.estimate - 0.5), 12);
    expect(share.low).toBeLessThan(share.estimate);
    expect(share.high).toBeGreaterThan(share.estimate);
  });

  it('has no share of an AUROC that may be chance', () => {
    const [result] = sharedAurocs({ ...options, plain: scored(0), versions: [scored(0.1)] });
    expect(result!.mean.share.estimate).toBeNaN();
    expect(result!.mean.auroc.estimate).toBeGreaterThan(0.7);
  });
});
