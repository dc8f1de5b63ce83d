/**
 * The rows of one finding, sorted once by score, so that redraws are counted without sorting, eight at a time: what a redraw costs is
 * to look up how often each row occurs in it, and one look serves all eight.
 */

/** Redraws that are counted side by side, each in a lane of its own. */
export const LANES = 8;

/** The labelled rows of one finding by descending score. Plain data over shared memory, for threads. */
export interface RankedScores {
  /** The unit of each labelled row. */
  units: Int32Array;
  /**
   * The rows are cut into steps: negatives that score below the step before and above its own positives; negatives tied with these; the
   * positives, all of one score. For each step, where these three end in `units`: `[steps, 3]`. A step also ends at the threshold.
   */
  ends: Int32Array;
  /** Number of steps whose rows are called positive. */
  called: number;
}

/**
 * Sorts the labelled rows. Scores and labels `[N]`; labels 1, 0 or NaN (left out); scores of labelled rows are not NaN.
 * "score >= threshold is positive"; a NaN threshold calls nothing. `unitOfRow` `[N]`; each row is its own unit unless given.
 */
export function rankScores(
  scores: Float32Array,
  labels: Float32Array,
  threshold: number,
  unitOfRow?: Int32Array,
): RankedScores {
  const rows = descendingRows(scores, labels);
  const units = sharedInt32(rows.length);
  const ends: number[] = [];
  let called: number | undefined;
  for (let start = 0, end = 0; start < rows.length; start = end) {
    const score = scores[rows[start]!]!;
    let positives = 0;
    for (; end < rows.length && scores[rows[end]!] === score; end++) positives += labels[rows[end]!]!;
    if (called === undefined && !(score >= threshold)) {
      ends.push(start, start, start);
      called = ends.length / 3;
    }
    let negative = start;
    let positive = end - positives;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      units[labels[row] === 1 ? positive++ : negative++] = unitOfRow ? unitOfRow[row]! : row;
    }
    if (positives > 0) ends.push(start, end - positives, end);
  }
  ends.push(rows.length, rows.length, rows.length);
  return { units, ends: sharedInt32(ends.length, ends), called: called ?? ends.length / 3 };
}

/** The labelled rows `[n]` by descending score. */
function descendingRows(scores: Float32Array, labels: Float32Array): Uint32Array {
  // A key of 64 bits, whose order as a number is that of the scores, then of the rows: sorting numbers needs no comparison in JavaScript.
  const keys = new BigUint64Array(scores.length);
  const halves = new Uint32Array(keys.buffer);
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  let labelled = 0;
  for (let row = 0; row < scores.length; row++) {
    if (Number.isNaN(labels[row])) continue;
    const own = scores[row] === 0 ? 0 : bits[row]!;
    halves[2 * labelled] = row;
    halves[2 * labelled + 1] = own > MOST_POSITIVE ? own : MOST_POSITIVE - own;
    labelled++;
  }
  keys.subarray(0, labelled).sort();
  const rows = new Uint32Array(labelled);
  for (let i = 0; i < labelled; i++) rows[i] = halves[2 * i]!;
  return rows;
}

/** The sign bit of a 32-bit number is above it. */
const MOST_POSITIVE = 0x7fffffff;

function sharedInt32(length: number, values: ArrayLike<number> = []): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * length));
  shared.set(values);
  return shared;
}

/**
 * How often each unit occurs in each of eight redraws, a byte each. A unit would be drawn over 255 times once in 10^500 redraws of as many
 * units as there are; fewer units than that are drawn fewer times.
 */
export class Multiplicities {
  /** `[units, 2]`: the bytes of four lanes each. */
  readonly words: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(units: number) {
    this.words = new Int32Array(2 * units);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** Sets a lane to a redraw: how often each unit `[units]` occurs in it. */
  set(lane: number, times: Uint16Array): void {
    for (let unit = 0; unit < times.length; unit++) this.bytes[LANES * unit + lane] = times[unit]!;
  }
}

/** Added to a whole number it changes only 0, so that 0 / 0 becomes 0. */
const TINY = 1e-300;

/** Parts of a step: negatives above its positives, negatives tied with them, the positives. */
const PARTS = 3;

/** Steps that are summed over all lanes before they are counted lane by lane: their sums stay in the cache. */
const BLOCK = 64;

/** Counts redraws. What it yields of each lane `[LANES]` is valid until the next count. */
export class RedrawCounter {
  readonly positives = new Float64Array(LANES);
  readonly negatives = new Float64Array(LANES);
  /** Pairs of a positive and a negative in which the negative scores higher, ties counting one half. */
  readonly losses = new Float64Array(LANES);
  /** Sum over the positives of the precision at their score. */
  readonly precisions = new Float64Array(LANES);
  /** Rows called positive at the threshold. */
  readonly truePositives = new Float64Array(LANES);
  readonly falsePositives = new Float64Array(LANES);
  /** How often the rows of each part of a block occur: `[BLOCK, PARTS, LANES]`. */
  private readonly sums = new Int32Array(BLOCK * PARTS * LANES);

  count({ units, ends, called }: RankedScores, { words }: Multiplicities): void {
    for (const totals of [this.positives, this.negatives, this.losses, this.precisions]) totals.fill(0);
    const steps = ends.length / PARTS;
    for (let from = 0, to = 0; from < steps; from = to) {
      to = Math.min(from + BLOCK, from < called ? called : steps);
      sumParts(words, units, ends, PARTS * from, PARTS * to, this.sums);
      for (let lane = 0; lane < LANES; lane++) this.countSteps(to - from, lane);
      if (to === called) {
        this.truePositives.set(this.positives);
        this.falsePositives.set(this.negatives);
      }
    }
  }

  /** Goes on from the steps before. */
  private countSteps(steps: number, lane: number): void {
    const { sums } = this;
    let positives = this.positives[lane]!;
    let negatives = this.negatives[lane]!;
    let losses = this.losses[lane]!;
    let precisions = this.precisions[lane]!;
    for (let step = 0, i = lane; step < steps; step++, i += PARTS * LANES) {
      const tied = sums[i + LANES]!;
      const own = sums[i + 2 * LANES]!;
      negatives += sums[i]!;
      losses += own * (negatives + tied / 2);
      negatives += tied;
      positives += own;
      precisions += (own * positives) / (positives + negatives + TINY);
    }
    this.positives[lane] = positives;
    this.negatives[lane] = negatives;
    this.losses[lane] = losses;
    this.precisions[lane] = precisions;
  }
}

const EVEN_BYTES = 0x00ff00ff;
/** Rows whose bytes can be summed in 16 bits. */
const ROWS_IN_16_BITS = 256;

/** Sums how often the units of the rows of parts `from` to `to` occur, in each lane: into `sums` `[to - from, LANES]`. */
function sumParts(
  words: Int32Array,
  units: Int32Array,
  ends: Int32Array,
  from: number,
  to: number,
  sums: Int32Array,
): void {
  sums.fill(0, 0, LANES * (to - from));
  let at = from === 0 ? 0 : ends[from - 1]!;
  for (let part = from, into = 0; part < to; part++, into += LANES) {
    const end = ends[part]!;
    while (at < end) {
      // Two sums of 16 bits in each number: of lanes 0 and 2, 1 and 3, 4 and 6, 5 and 7.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (const stop = Math.min(end, at + ROWS_IN_16_BITS); at < stop; at++) {
        const word = 2 * units[at]!;
        const low = words[word]!;
        const high = words[word + 1]!;
        a = (a + (low & EVEN_BYTES)) | 0;
        b = (b + ((low >>> 8) & EVEN_BYTES)) | 0;
        c = (c + (high & EVEN_BYTES)) | 0;
        d = (d + ((high >>> 8) & EVEN_BYTES)) | 0;
      }
      sums[into]! += a & 0xffff;
      sums[into + 1]! += b & 0xffff;
      sums[into + 2]! += a >>> 16;
      sums[into + 3]! += b >>> 16;
      sums[into + 4]! += c & 0xffff;
      sums[into + 5]! += d & 0xffff;
      sums[into + 6]! += c >>> 16;
      sums[into + 7]! += d >>> 16;
    }
  }
}
