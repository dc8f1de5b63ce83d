import { countLabels, findingColumn, type Numbers } from './scores.js';

/** Means of a metric over the findings that have a positive and a negative. */
export interface FindingMeans {
  /** Every finding counts alike. */
  macro: number;
  /** The metric of all pairs of an image and a finding together: scores of different findings are compared with each other. */
  micro: number;
  /** Findings count by their prevalence, positives / labelled rows. */
  weighted: number;
  /** The findings in the means. */
  estimable: number[];
}

/**
 * Macro, micro and prevalence-weighted mean of a metric such as AUROC or average precision over F findings, as scikit-learn's `average` has
 * them ("weighted" there counts positives: the same where every label is known). Scores and labels `[N, F]`, labels 1, 0 or NaN: pairs of
 * image and finding without label are left out of all three. NaN where no finding is estimable. Throws a RangeError where sizes do not
 * fit, and what the metric throws.
 */
export function meansOverFindings(
  metric: (scores: Numbers, labels: Numbers) => number,
  scores: Float32Array,
  labels: Float32Array,
  findings: number,
): FindingMeans {
  if (
    scores.length !== labels.length ||
    !Number.isInteger(findings) ||
    findings < 1 ||
    labels.length % findings !== 0
  ) {
    throw new RangeError(`meansOverFindings: ${scores.length} scores, ${labels.length} labels, ${findings} findings`);
  }
  const columns = Array.from({ length: findings }, (_, finding) => {
    const own = findingColumn(labels, findings, finding);
    const { positives, negatives } = countLabels(own);
    const prevalence = positives / (positives + negatives);
    return { finding, labels: own, scores: findingColumn(scores, findings, finding), prevalence };
  }).filter(({ prevalence }) => prevalence > 0 && prevalence < 1);
  const values = columns.map((column) => metric(column.scores, column.labels));
  const sum = (terms: number[]) => terms.reduce((total, term) => total + term, 0);
  return {
    macro: sum(values) / values.length,
    micro:
      columns.length > 0 ? metric(joined(columns.map((it) => it.scores)), joined(columns.map((it) => it.labels))) : NaN,
    weighted: sum(values.map((value, i) => value * columns[i]!.prevalence)) / sum(columns.map((it) => it.prevalence)),
    estimable: columns.map(({ finding }) => finding),
  };
}

function joined(columns: Float32Array[]): Float32Array {
  const length = columns.reduce((total, column) => total + column.length, 0);
  const all = new Float32Array(length);
  let at = 0;
  for (const column of columns) {
    all.set(column, at);
    at += column.length;
  }
  return all;
}
