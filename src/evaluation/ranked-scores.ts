import type { Confusion } from './confusion.js';
import type { Numbers } from './scores.js';

/** What a redraw yields: the counts at the threshold, and the Mann-Whitney statistic. */
export interface RankedCounts extends Confusion {
  /** Pairs of a positive and a negative in which the positive scores higher, ties counting one half. */
  wins: number;
}

/**
 * The labelled rows of one finding, sorted once by score, so that any redraw is counted in one pass without sorting.
 *
 * The sorted rows are cut into steps. A step is either rows of one class with no row of the other class between them, whatever their
 * scores, because only the order between classes counts; or negatives, then positives, all tied. A step also starts at the threshold.
 */
export class RankedScores {
  /** Labelled rows by ascending score, negatives first among ties. */
  private readonly rows: Int32Array;
  /** For each step, where its negatives and where its positives end in `rows`: `[steps, 2]`. */
  private readonly ends: Int32Array;
  /** The first step whose rows are called positive. */
  private readonly firstCalled: number;

  /**
   * Scores and labels `[N]`; labels 1, 0 or NaN (left out); scores of labelled rows are not NaN. "score >= threshold is positive";
   * a NaN threshold calls nothing.
   */
  constructor(scores: Numbers, labels: Numbers, threshold: number) {
    const rows = ascendingRows(scores, labels);
    const ends: number[] = [];
    let firstCalled: number | undefined;
    let classOfLastStep: 'negative' | 'positive' | 'both' | undefined;
    for (let start = 0, end = 0; start < rows.length; start = end) {
      const score = scores[rows[start]!]!;
      let negatives = 0;
      for (; end < rows.length && scores[rows[end]!] === score; end++) negatives += 1 - labels[rows[end]!]!;
      const ofClass = negatives === end - start ? 'negative' : negatives === 0 ? 'positive' : 'both';
      const crossesThreshold = firstCalled === undefined && score >= threshold;
      if (crossesThreshold) firstCalled = ends.length / 2;
      if (ofClass === classOfLastStep && ofClass !== 'both' && !crossesThreshold) {
        if (ofClass === 'negative') ends[ends.length - 2] = end;
        ends[ends.length - 1] = end;
      } else {
        ends.push(start + negatives, end);
      }
      classOfLastStep = ofClass;
    }
    this.rows = rows;
    this.ends = Int32Array.from(ends);
    this.firstCalled = firstCalled ?? ends.length / 2;
  }

  /** Counts a redraw, given how often each row `[N]` occurs in it. */
  count(multiplicity: Uint16Array): RankedCounts {
    const { rows, ends, firstCalled } = this;
    let negatives = 0;
    let positives = 0;
    let wins = 0;
    let trueNegatives = 0;
    let falseNegatives = 0;
    let at = 0;
    for (let i = 0; i < ends.length; i += 2) {
      if (i === 2 * firstCalled) {
        trueNegatives = negatives;
        falseNegatives = positives;
      }
      let stepNegatives = 0;
      let stepPositives = 0;
      for (const end = ends[i]!; at < end; at++) stepNegatives += multiplicity[rows[at]!]!;
      for (const end = ends[i + 1]!; at < end; at++) stepPositives += multiplicity[rows[at]!]!;
      wins += stepPositives * (negatives + stepNegatives / 2);
      negatives += stepNegatives;
      positives += stepPositives;
    }
    if (2 * firstCalled === ends.length) {
      trueNegatives = negatives;
      falseNegatives = positives;
    }
    return {
      wins,
      truePositives: positives - falseNegatives,
      falsePositives: negatives - trueNegatives,
      trueNegatives,
      falseNegatives,
    };
  }
}

function ascendingRows(scores: Numbers, labels: Numbers): Int32Array {
  const labelled = Int32Array.from({ length: labels.length }, (_, row) => row).filter(
    (row) => !Number.isNaN(labels[row]),
  );
  return labelled.sort((a, b) => scores[a]! - scores[b]! || labels[a]! - labels[b]!);
}
