import {
  auroc,
  averagePrecision,
  findingColumn,
  meanPrecisionRecallCurve,
  meansOverFindings,
  type Numbers,
  precisionRecallCurve,
} from '../../evaluation/index.js';
import type { Predictions } from '../finetuning/predictions.js';
import type { FindingMeans, PrecisionRecall } from '../result/index.js';

/** Average precision and precision-recall curve of each estimable finding on the test split: means over runs. */
export function precisionRecallOf(
  tests: readonly Predictions[],
  findings: readonly string[],
  estimable: readonly string[],
): PrecisionRecall[] {
  const F = findings.length;
  return estimable.map((finding) => {
    const f = findings.indexOf(finding);
    const columns = tests.map(({ probabilities, labels }) => ({
      scores: findingColumn(probabilities, F, f),
      labels: findingColumn(labels, F, f),
    }));
    const values = columns.map(({ scores, labels }) => averagePrecision(scores, labels));
    const curve = meanPrecisionRecallCurve(columns.map(({ scores, labels }) => precisionRecallCurve(scores, labels)));
    return {
      finding,
      averagePrecision: values.reduce((sum, value) => sum + value, 0) / values.length,
      points: curve.map(({ recall, precision }) => [recall, precision]),
    };
  });
}

/** Macro, micro and prevalence-weighted means on the test split, themselves means over runs; null where no finding is estimable. */
export function meansOf(tests: readonly Predictions[]): { auroc: FindingMeans; averagePrecision: FindingMeans } | null {
  const over = (metric: (scores: Numbers, labels: Numbers) => number) => {
    const means = tests.map((it) => meansOverFindings(metric, it.probabilities, it.labels, it.findings.length));
    const mean = (kind: keyof FindingMeans) => means.reduce((sum, it) => sum + it[kind], 0) / means.length;
    return { macro: mean('macro'), micro: mean('micro'), weighted: mean('weighted') };
  };
  const means = {
    auroc: over((scores, labels) => auroc(scores, labels).auroc),
    averagePrecision: over(averagePrecision),
  };
  return Number.isNaN(means.auroc.macro) ? null : means;
}
