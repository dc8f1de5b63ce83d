import { Random } from '../base/index.js';
import type { BootstrapModel } from './bootstrap.js';
import { LANES, Multiplicities, type RankedScores, RedrawCounter, rankScores } from './ranked-scores.js';
import { Resampler } from './resampling.js';
import { countLabels, findingColumn, type Numbers, requireScores } from './scores.js';
import { SeedResampler } from './seed-resampling.js';

export interface StratifiedOptions {
  /** `[N, F]`: 1, 0 or NaN (unknown). */
  labels: Float32Array;
  /** F */
  findings: number;
  model: Pick<BootstrapModel, 'name' | 'seeds' | 'pretrainings'>;
  /** Stratum of each row `[N]`, 0..S-1; a negative one leaves the row out. */
  strata: Int32Array;
  /** S */
  count: number;
  /** AUROC of each stratum, or over the pairs of all strata. */
  over: 'each stratum' | 'pairs within strata';
  /** Patient number of each row `[N]`; undefined redraws rows. */
  groups?: Int32Array;
  /** Strata `[N]` of which each is redrawn on its own, as `strata` of `pairedBootstrap`. */
  drawnWithin?: Int32Array;
  redraws: number;
  seed: number;
}

/** A statistic on the whole test set, and on each redraw `[redraws]`; NaN where it is undefined. */
export interface Drawn {
  whole: number;
  redraws: Float64Array;
}

/**
 * AUROC in which a positive is compared only with the negatives of its stratum, `[F][S]` for each stratum, `[F][1]` over the pairs of all
 * strata: wins of the positives, ties counting one half, over pairs. The redraws, of patients with all their rows and of the training
 * seeds, are those of `pairedBootstrap` with the same seed, groups and model name; with one stratum so are the numbers.
 *
 * Over pairs within strata it estimates the probability that a positive scores above a negative that agrees with it in what the strata are
 * made of: the covariate-adjusted AUROC of Janes and Pepe (Biometrika 96:371, 2009), who weight a stratum by its positives; here it has
 * the weight of its pairs, so that strata with few negatives count as little as they are known.
 *
 * Throws an InputError for NaN probabilities of labelled rows and labels other than 1, 0, NaN, a RangeError for lengths that do not fit.
 */
export function stratifiedAurocs(options: StratifiedOptions): Drawn[][] {
  const { findings, model, strata, count, over, groups, drawnWithin, redraws, seed } = options;
  const rows = options.labels.length / findings;
  if (strata.length !== rows) throw new RangeError(`stratifiedAurocs: ${strata.length} strata for ${rows} rows`);
  const resampler = new Resampler(rows, groups, drawnWithin);
  const seeds = new SeedResampler(model.pretrainings ?? model.seeds.map(() => 0));
  const scores = new StratifiedScores(options, resampler.unitOfRow);

  const width = over === 'each stratum' ? count : 1;
  const drawn = Array.from({ length: findings }, () =>
    Array.from({ length: width }, (): Drawn => ({ whole: 0, redraws: new Float64Array(redraws) })),
  );
  const multiplicities = new Multiplicities(resampler.units);
  multiplicities.set(0, new Uint16Array(resampler.units).fill(1));
  scores.measure(over, multiplicities, [seeds.all], (f, g, _, value) => {
    drawn[f]![g]!.whole += value;
  });
  for (let first = 0; first < redraws; first += LANES) {
    const numbers = Array.from({ length: Math.min(LANES, redraws - first) }, (_, lane) => first + lane);
    const weights = numbers.map((redraw, lane) => {
      multiplicities.set(lane, resampler.drawUnits(Random.of(seed, 'test set', redraw)));
      return seeds.draw(Random.of(seed, 'training seeds', model.name, redraw)).slice();
    });
    scores.measure(over, multiplicities, weights, (f, g, lane, value) => {
      drawn[f]![g]!.redraws[first + lane]! += value;
    });
  }
  return drawn;
}

/** Means over some findings, `[F]` of one stratum: in each redraw over those that are defined in it. */
export function meanDrawn(findings: readonly Drawn[], redraws: number): Drawn {
  const mean = (values: number[]) => {
    const defined = values.filter((value) => !Number.isNaN(value));
    return sum(defined) / defined.length;
  };
  return {
    whole: mean(findings.map(({ whole }) => whole)),
    redraws: Float64Array.from({ length: redraws }, (_, b) => mean(findings.map(({ redraws }) => redraws[b]!))),
  };
}

/** first - second */
export const differenceDrawn = (first: Drawn, second: Drawn): Drawn => ({
  whole: first.whole - second.whole,
  redraws: first.redraws.map((value, b) => value - second.redraws[b]!),
});

/** Pairs of a positive and a negative of one stratum, and strata that have such pairs; scores play no part. */
export function countPairs(labels: Numbers, strata: Int32Array, count: number): { strata: number; pairs: number } {
  const positives = new Float64Array(count);
  const negatives = new Float64Array(count);
  for (const [row, stratum] of strata.entries()) {
    if (stratum < 0) continue;
    if (labels[row] === 1) positives[stratum]!++;
    else if (labels[row] === 0) negatives[stratum]!++;
  }
  const pairs = positives.map((p, g) => p * negatives[g]!);
  return { strata: pairs.filter((n) => n > 0).length, pairs: sum(pairs) };
}

/** A model's rows, ranked once by score within each stratum, so that redraws are counted as `pairedBootstrap` does. */
class StratifiedScores {
  /** `[seeds][F][S]`; undefined where a stratum lacks a positive or a negative of the finding: it has no pairs. */
  private readonly ranked: (RankedScores | undefined)[][][];
  private readonly counter = new RedrawCounter();

  constructor({ labels, findings, model, strata, count }: StratifiedOptions, unitOfRow: Int32Array | undefined) {
    const columns = Array.from({ length: findings }, (_, f) => findingColumn(labels, findings, f));
    for (const column of columns) countLabels(column);
    const rowsOf = rowsOfStrata(strata, count);
    const unitsOf = rowsOf.map((rows) => (unitOfRow ? rows.map((row) => unitOfRow[row]!) : rows));
    const hasPairs = columns.map((column) =>
      rowsOf.map((rows) => [0, 1].every((label) => rows.some((row) => column[row] === label))),
    );
    this.ranked = model.seeds.map((probabilities, s) =>
      columns.map((column, f) => {
        const scores = findingColumn(probabilities, findings, f);
        requireScores(scores, column, `model ${model.name}, seed ${s}, finding ${f}`);
        return rowsOf.map((rows, g) => {
          if (!hasPairs[f]![g]) return undefined;
          return rankScores(someOf(scores, rows), someOf(column, rows), Number.NaN, unitsOf[g]);
        });
      }),
    );
  }

  /** Adds each finding's AUROCs of each lane times the lane's weights `[lanes][seeds]`, seed by seed. */
  measure(
    over: StratifiedOptions['over'],
    multiplicities: Multiplicities,
    weights: readonly Float64Array[],
    add: (finding: number, stratum: number, lane: number, value: number) => void,
  ): void {
    const { counter } = this;
    const allWins = new Float64Array(LANES);
    const allPairs = new Float64Array(LANES);
    for (const [s, perFinding] of this.ranked.entries()) {
      const lanes = [...weights.keys()].filter((lane) => weights[lane]![s]! > 0);
      if (lanes.length === 0) continue;
      for (const [f, perStratum] of perFinding.entries()) {
        allWins.fill(0);
        allPairs.fill(0);
        for (const [g, ranked] of perStratum.entries()) {
          if (ranked) counter.count(ranked, multiplicities);
          for (const lane of lanes) {
            const pairs = ranked ? counter.positives[lane]! * counter.negatives[lane]! : 0;
            const wins = ranked ? pairs - counter.losses[lane]! : 0;
            allPairs[lane]! += pairs;
            allWins[lane]! += wins;
            if (over === 'each stratum') add(f, g, lane, (weights[lane]![s]! * wins) / pairs);
          }
        }
        if (over === 'each stratum') continue;
        for (const lane of lanes) add(f, 0, lane, (weights[lane]![s]! * allWins[lane]!) / allPairs[lane]!);
      }
    }
  }
}

/** The rows of each stratum, `[count]`. */
function rowsOfStrata(strata: Int32Array, count: number): Int32Array[] {
  const rows = Array.from({ length: count }, (): number[] => []);
  for (const [row, stratum] of strata.entries()) if (stratum >= 0) rows[stratum]!.push(row);
  return rows.map((own) => Int32Array.from(own));
}

function someOf(values: Float32Array, rows: Int32Array): Float32Array {
  const some = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) some[i] = values[rows[i]!]!;
  return some;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
