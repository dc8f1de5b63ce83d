import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { Resampler } from './resampling.js';
import { SeedResampler } from './seed-resampling.js';
import { type Drawn, type StratifiedOptions, stratifiedAurocs } from './stratified-auroc.js';

/** Rows of 30 patients with three findings, of which one is rare, and tied scores; five trainings of two pretrainings. */
function drawn(options: Pick<StratifiedOptions, 'over'> & { byPatient: boolean; within: boolean }): StratifiedOptions {
  const rows = 130;
  const random = new Random(9);
  const patients = Int32Array.from({ length: rows }, () => random.integer(30));
  const labels = new Float32Array(rows * 3).map((_, i) =>
    random.uniform() < 0.1 ? NaN : random.uniform() < [0.5, 0.3, 0.03][i % 3]! ? 1 : 0,
  );
  const seeds = [1, 2, 3, 4, 5].map(() =>
    labels.map((label) => Math.round(8 * random.uniform() + 2 * (label || 0)) / 9),
  );
  return {
    labels,
    findings: 3,
    model: { name: 'model', seeds, pretrainings: [1, 1, 2, 2, 2] },
    strata: Int32Array.from({ length: rows }, () => random.integer(5) - 1),
    count: 4,
    over: options.over,
    ...(options.byPatient && { groups: patients }),
    ...(options.within && { drawnWithin: patients.map((patient) => patient % 2) }),
    redraws: 21,
    seed: 7,
  };
}

/** The same, pair by pair. */
function pairByPair(options: StratifiedOptions): Drawn[][] {
  const { labels, findings, model, strata, count, over, groups, drawnWithin, redraws, seed } = options;
  const rows = [...strata.keys()].filter((row) => strata[row]! >= 0);
  const resampler = new Resampler(strata.length, groups, drawnWithin);
  const trainings = new SeedResampler(model.pretrainings!);
  const counted = (s: number, f: number, g: number, times: ArrayLike<number>) => {
    const score = (row: number) => model.seeds[s]![row * findings + f]!;
    const own = rows.filter((row) => strata[row] === g && times[row]! > 0);
    const [positives, negatives] = [1, 0].map((label) => own.filter((row) => labels[row * findings + f] === label));
    let wins = 0;
    let pairs = 0;
    for (const positive of positives!) {
      for (const negative of negatives!) {
        const both = times[positive]! * times[negative]!;
        pairs += both;
        if (score(positive) >= score(negative)) wins += score(positive) > score(negative) ? both : both / 2;
      }
    }
    return { wins, pairs };
  };
  const measure = (f: number, groups: readonly number[], times: ArrayLike<number>, weights: Float64Array) => {
    let value = 0;
    for (const [s, weight] of weights.entries()) {
      if (weight === 0) continue;
      const counts = groups.map((g) => counted(s, f, g, times));
      const sum = (of: 'wins' | 'pairs') => counts.reduce((total, it) => total + it[of], 0);
      value += (weight * sum('wins')) / sum('pairs');
    }
    return value;
  };
  const all = [...Array(count).keys()];
  const each = over === 'each stratum' ? all.map((g) => [g]) : [all];
  return Array.from({ length: findings }, (_, f) =>
    each.map((groups) => ({
      whole: measure(f, groups, new Uint16Array(strata.length).fill(1), trainings.all),
      redraws: Float64Array.from({ length: redraws }, (_, redraw) => {
        const times = resampler.draw(Random.of(seed, 'test set', redraw));
        return measure(f, groups, times, trainings.draw(Random.of(seed, 'training seeds', model.name, redraw)));
      }),
    })),
  );
}

describe('stratifiedAurocs', () => {
  const ways = [
    { byPatient: true, within: true },
    { byPatient: true, within: false },
    { byPatient: false, within: false },
  ];
  const cases = (['each stratum', 'pairs within strata'] as const).flatMap((over) =>
    ways.map((way) => ({ over, ...way })),
  );
  it.each(cases)(
    'counts what pairs one by one give, bit for bit: $over, by patient $byPatient, within strata $within',
    (which) => {
      const options = drawn(which);
      const found = stratifiedAurocs(options);
      expect(found).toEqual(pairByPair(options));
      const values = found.flat().flatMap(({ redraws }) => [...redraws]);
      expect(values.some(Number.isNaN)).toBe(true);
      expect(values.some((value) => value > 0 && value < 1)).toBe(true);
    },
  );
});
