import { chooseThreshold, findingColumn, type ThresholdRule } from '../../evaluation/index.js';
import { ofSplitOnly, type Predictions, readPredictions } from './predictions.js';

/** What a run predicted. */
export interface RunPredictions {
  validate: Predictions;
  test: Predictions;
  /** `[F]`, chosen on validation; NaN where validation has one class only. */
  thresholds: Float64Array;
}

/** Of a `predictions.csv`. */
export function readRun(path: string, rule: ThresholdRule): RunPredictions {
  const all = readPredictions(path);
  const validate = ofSplitOnly(all, 'validate');
  const F = all.findings.length;
  const thresholds = Float64Array.from({ length: F }, (_, f) =>
    chooseThreshold(rule, findingColumn(validate.probabilities, F, f), findingColumn(validate.labels, F, f)),
  );
  return { validate, test: ofSplitOnly(all, 'test'), thresholds };
}
