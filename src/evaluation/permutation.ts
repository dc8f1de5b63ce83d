import { inputError, Random } from '../base/index.js';
import { doubledMidranks } from './midranks.js';
import { countLabels, findingColumn } from './scores.js';

export interface PermutationOptions {
  /** `[N, F]`: 1, 0 or NaN (unknown: the row is left out for that finding). */
  labels: Float32Array;
  /** F */
  findings: number;
  /** Scores `[N, F]` of each training seed of either model, at any scale; as many seeds of one as of the other. */
  first: readonly Float32Array[];
  second: readonly Float32Array[];
  /** Patient number of each row `[N]`, to exchange patients with all their rows; undefined exchanges rows. */
  groups?: Int32Array;
  /** Number of random exchanges, 1000 unless given. */
  permutations?: number;
  /** 0..2^32-1 */
  seed: number;
}

export interface PermutationResult {
  permutations: number;
  /** Number of units that are exchanged: patients, or rows. */
  units: number;
  /** Mean over the findings with a positive and a negative. */
  meanAuroc: PermutationTest;
  /** One per finding; NaN without a positive or without a negative. */
  findings: PermutationTest[];
}

export interface PermutationTest {
  /** AUROC of first - second. */
  difference: number;
  pTwoSided: number;
  /** One-sided, for "first > second". */
  pGreater: number;
}

/** Differences that are equal but for rounding count as equal. */
const ROUNDING = 1e-12;

/**
 * Paired permutation test of the mean AUROC of two models. If the models were as good as each other, what one says of a patient could
 * as well have been said by the other: each patient's (or row's) predictions are exchanged with probability 1/2, for all findings and
 * all training seeds at once, and both AUROCs are measured again. With k exchanges of B that differ as much as the models do,
 * p = (k + 1) / (B + 1), never 0 (Phipson and Smyth, Stat Appl Genet Mol Biol 9:39, 2010).
 *
 * The models may speak at different scales (one calibrated, one not; logits), and an exchange of raw scores would then mix two
 * scales in one ROC curve. So each model's scores are replaced by their midranks among the labelled rows of a finding first, which
 * changes no AUROC, and the ranks are exchanged (Venkatraman and Begg, Biometrika 83:835, 1996; for the area: Bandos, Rockette and
 * Gur, Stat Med 24:2873, 2005). Ties count one half before and after.
 *
 * With several training seeds the statistic is the difference of the means over seeds, and the s-th seeds are exchanged with each
 * other: the test is about the trainings at hand. The exchange depends on `seed` and its number alone.
 *
 * Throws an InputError for NaN scores of labelled rows and labels other than 1, 0, NaN; a RangeError for lengths that do not fit.
 */
export function permutationTest(options: PermutationOptions): PermutationResult {
  const { findings, permutations = 1000, seed } = options;
  const pairs = new ExchangeableModels(options);
  const observed = pairs.differences(new Uint8Array(pairs.units));
  const tallies = [...observed, meanOf(observed)].map((difference) => new Tally(difference));
  const exchanged = new Uint8Array(pairs.units);
  for (let permutation = 0; permutation < permutations; permutation++) {
    drawBits(Random.of(seed, 'exchange', permutation), exchanged);
    const differences = pairs.differences(exchanged);
    for (const [f, difference] of differences.entries()) tallies[f]!.add(difference);
    tallies[findings]!.add(meanOf(differences));
  }
  const tests = tallies.map((tally) => tally.test(permutations));
  return { permutations, units: pairs.units, meanAuroc: tests[findings]!, findings: tests.slice(0, findings) };
}

/** Two models whose predictions can be exchanged unit by unit. */
export class ExchangeableModels {
  /** Number of units that are exchanged: groups, or rows. */
  readonly units: number;
  /** `[seeds][F]` */
  private readonly pairs: ExchangeablePair[][];

  constructor({ labels, findings, first, second, groups }: PermutationOptions) {
    const rows = labels.length / findings;
    check(Number.isInteger(rows) && rows > 0, `${labels.length} labels for ${findings} findings`);
    check(first.length > 0 && first.length === second.length, `${first.length} and ${second.length} training seeds`);
    for (const { length } of [...first, ...second])
      check(length === labels.length, `${length} scores for ${labels.length} labels`);
    check(!groups || groups.length === rows, `${groups?.length} groups for ${rows} rows`);
    const numbers = new Map<number, number>();
    const unitOfRow = groups?.map((group) => {
      if (!numbers.has(group)) numbers.set(group, numbers.size);
      return numbers.get(group)!;
    });
    this.units = groups ? numbers.size : rows;
    this.pairs = first.map((scores, s) =>
      Array.from({ length: findings }, (_, f) => {
        const [one, two, known] = [scores, second[s]!, labels].map((matrix) => findingColumn(matrix, findings, f));
        return new ExchangeablePair(one!, two!, known!, unitOfRow);
      }),
    );
  }

  /** AUROC of first - second per finding `[F]`, mean over seeds, where the units marked 1 in `exchanged` `[units]` change places. */
  differences(exchanged: Uint8Array): Float64Array {
    const sums = new Float64Array(this.pairs[0]!.length);
    for (const pairs of this.pairs) for (const [f, pair] of pairs.entries()) sums[f]! += pair.difference(exchanged);
    return sums.map((sum) => sum / this.pairs.length);
  }
}

/** Two models' ranks of one finding, sorted together once, so that an exchange costs one walk through them. */
class ExchangeablePair {
  /** Ascending by rank: unit * 4 + model * 2 + label. */
  private readonly entries: Int32Array;
  /** Where each run of equal ranks ends. */
  private readonly ends: Int32Array;
  private readonly twicePairs: number;

  constructor(first: Float32Array, second: Float32Array, labels: Float32Array, unitOfRow: Int32Array | undefined) {
    const { positives, negatives } = countLabels(labels);
    this.twicePairs = 2 * positives * negatives;
    const known = Int32Array.from(labels.keys()).filter((row) => !Number.isNaN(labels[row]));
    const ranks = [first, second].map((scores) => {
      const row = known.find((i) => Number.isNaN(scores[i]));
      if (row !== undefined) throw inputError({ what: `score ${row}`, found: 'NaN', expected: 'a number' });
      return doubledMidranks(Float64Array.from(known, (i) => scores[i]!));
    });
    // Counting sort: ranks are integers up to 2 N.
    const starts = new Int32Array(2 * known.length + 2);
    for (const of of ranks) for (const rank of of) starts[rank + 1]!++;
    for (let rank = 1; rank < starts.length; rank++) starts[rank]! += starts[rank - 1]!;
    this.ends = starts.filter((end, i) => i > 0 && end > starts[i - 1]!);
    this.entries = new Int32Array(2 * known.length);
    for (const [model, of] of ranks.entries()) {
      for (const [i, rank] of of.entries()) {
        const row = known[i]!;
        this.entries[starts[rank]!++] = (unitOfRow?.[row] ?? row) * 4 + model * 2 + labels[row]!;
      }
    }
  }

  /** AUROC of first - second; NaN without a positive or without a negative. All counts are exact integers. */
  difference(exchanged: Uint8Array): number {
    const { entries, ends } = this;
    let [below0, below1, twiceWins0, twiceWins1, at] = [0, 0, 0, 0, 0];
    for (let run = 0; run < ends.length; run++) {
      const end = ends[run]!;
      let [positives0, positives1, negatives0, negatives1] = [0, 0, 0, 0];
      for (; at < end; at++) {
        const entry = entries[at]!;
        const model = ((entry >> 1) & 1) ^ exchanged[entry >> 2]!;
        const positive = entry & 1;
        positives1 += model & positive;
        positives0 += (model ^ 1) & positive;
        negatives1 += model & (positive ^ 1);
        negatives0 += (model ^ 1) & (positive ^ 1);
      }
      twiceWins0 += positives0 * (2 * below0 + negatives0);
      twiceWins1 += positives1 * (2 * below1 + negatives1);
      below0 += negatives0;
      below1 += negatives1;
    }
    return (twiceWins0 - twiceWins1) / this.twicePairs;
  }
}

/** How often an exchange is as extreme as what was observed. */
class Tally {
  private asGreat = 0;
  private asFar = 0;

  constructor(private readonly observed: number) {}

  add(difference: number): void {
    if (difference >= this.observed - ROUNDING) this.asGreat++;
    if (Math.abs(difference) >= Math.abs(this.observed) - ROUNDING) this.asFar++;
  }

  test(permutations: number): PermutationTest {
    const p = (count: number) => (Number.isNaN(this.observed) ? NaN : (count + 1) / (permutations + 1));
    return { difference: this.observed, pTwoSided: p(this.asFar), pGreater: p(this.asGreat) };
  }
}

/** Mean over what is defined. */
function meanOf(values: Float64Array): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

function drawBits(random: Random, into: Uint8Array): void {
  for (let i = 0; i < into.length; i += 32) {
    const bits = random.uint32();
    for (let b = 0; b < 32 && i + b < into.length; b++) into[i + b] = (bits >>> b) & 1;
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new RangeError(`permutationTest: ${message}`);
}
