import { inputError, Random } from '../base/index.js';
import type { BootstrapModel } from './bootstrap.js';
import { Resampler } from './resampling.js';
import { countLabels, findingColumn, type Numbers } from './scores.js';
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
  const labels = Array.from({ length: findings }, (_, f) => findingColumn(options.labels, findings, f));
  for (const column of labels) countLabels(column);
  const seeds = new SeedResampler(model.pretrainings ?? model.seeds.map(() => 0));
  const ranked = model.seeds.map((probabilities, s) =>
    labels.map((column, f) => {
      const scores = findingColumn(probabilities, findings, f);
      if (scores.length !== rows) throw new RangeError(`stratifiedAurocs: ${scores.length} scores for ${rows} rows`);
      const row = scores.findIndex((score, i) => Number.isNaN(score) && !Number.isNaN(column[i]));
      if (row < 0) return new StratifiedScores(scores, column, strata, count);
      const what = `model ${model.name}, seed ${s}, finding ${f}, row ${row}`;
      throw inputError({ what, found: 'NaN', expected: 'a probability' });
    }),
  );

  const width = over === 'each stratum' ? count : 1;
  const drawn = labels.map(() =>
    Array.from({ length: width }, (): Drawn => ({ whole: 0, redraws: new Float64Array(redraws) })),
  );
  const measure = (multiplicity: Uint16Array, weights: Float64Array, add: (to: Drawn, value: number) => void) => {
    for (const [s, weight] of weights.entries()) {
      if (weight === 0) continue;
      for (const [f, scores] of ranked[s]!.entries()) {
        scores.count(multiplicity);
        const { wins, pairs } = scores;
        if (over === 'pairs within strata') add(drawn[f]![0]!, (weight * sum(wins)) / sum(pairs));
        else for (const [g, to] of drawn[f]!.entries()) add(to, (weight * wins[g]!) / pairs[g]!);
      }
    }
  };
  measure(new Uint16Array(rows).fill(1), seeds.all, (to, value) => {
    to.whole += value;
  });
  const resampler = new Resampler(rows, groups, drawnWithin);
  for (let redraw = 0; redraw < redraws; redraw++) {
    const multiplicity = resampler.draw(Random.of(seed, 'test set', redraw));
    const weights = seeds.draw(Random.of(seed, 'training seeds', model.name, redraw));
    measure(multiplicity, weights, (to, value) => {
      to.redraws[redraw]! += value;
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

/** The labelled rows of one finding, sorted once by stratum and score, so that a redraw is counted in one pass. */
class StratifiedScores {
  /** `[S]` of the last count. */
  readonly wins: Float64Array;
  readonly pairs: Float64Array;
  /** By stratum, within it by ascending score, negatives first among ties. */
  private readonly rows: Int32Array;
  /** Steps of tied negatives and positives, or of one class with none of the other between: where both end in `rows`, `[steps, 2]`. */
  private readonly ends: Int32Array;
  /** Where the steps of each stratum end in `ends`, `[S]`. */
  private readonly stratumEnds: Int32Array;

  constructor(scores: Numbers, labels: Numbers, strata: Int32Array, count: number) {
    this.wins = new Float64Array(count);
    this.pairs = new Float64Array(count);
    const rows = strata.map((_, row) => row).filter((row) => strata[row]! >= 0 && !Number.isNaN(labels[row]));
    this.rows = rows.sort((a, b) => strata[a]! - strata[b]! || scores[a]! - scores[b]! || labels[a]! - labels[b]!);
    const ends: number[] = [];
    this.stratumEnds = new Int32Array(count);
    let last = '';
    for (let start = 0, end = 0; start < rows.length; start = end) {
      const score = scores[rows[start]!]!;
      const stratum = strata[rows[start]!]!;
      let negatives = 0;
      for (; end < rows.length && scores[rows[end]!] === score && strata[rows[end]!] === stratum; end++) {
        negatives += 1 - labels[rows[end]!]!;
      }
      const kind = negatives === end - start ? 'negatives' : negatives === 0 ? 'positives' : 'both';
      const step = `${kind} of ${stratum}`;
      if (step === last && kind !== 'both') ends.splice(-2, 2, kind === 'negatives' ? end : ends.at(-2)!, end);
      else ends.push(start + negatives, end);
      last = step;
      this.stratumEnds[stratum] = ends.length;
    }
    for (let stratum = 1; stratum < count; stratum++) this.stratumEnds[stratum] ||= this.stratumEnds[stratum - 1]!;
    this.ends = Int32Array.from(ends);
  }

  /** Counts a redraw, given how often each row `[N]` occurs in it, into `wins` and `pairs`. */
  count(multiplicity: Uint16Array): void {
    const { rows, ends, stratumEnds } = this;
    let at = 0;
    let i = 0;
    for (const [stratum, lastEnd] of stratumEnds.entries()) {
      let negatives = 0;
      let positives = 0;
      let wins = 0;
      for (; i < lastEnd; i += 2) {
        let tiedNegatives = 0;
        let tiedPositives = 0;
        for (const end = ends[i]!; at < end; at++) tiedNegatives += multiplicity[rows[at]!]!;
        for (const end = ends[i + 1]!; at < end; at++) tiedPositives += multiplicity[rows[at]!]!;
        wins += tiedPositives * (negatives + tiedNegatives / 2);
        negatives += tiedNegatives;
        positives += tiedPositives;
      }
      this.wins[stratum] = wins;
      this.pairs[stratum] = positives * negatives;
    }
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
