import type { PairComparison } from './cell.js';
import type { Interval } from './interval.js';

/** The models of one data set on the test split of another, whose patients no training saw. */
export interface ExternalResult {
  initialization: string;
  trainedOn: string;
  testedOn: string;
  /** Over `meanOver`; null where it could not be done, for the `reason`. */
  meanAuroc: Interval | null;
  /** The findings that both data sets have and that are estimable. */
  meanOver: string[];
  findings: { finding: string; positives: number; negatives: number; auroc: Interval | null }[];
  /** Test radiographs that do not count, since the training saw their patients. */
  leftOut?: number;
  /** What cannot be known about that. */
  note?: string;
  reason?: string;
}

/** Two initializations, fine-tuned on one data set and tested on another, on the same redraws. */
export interface ExternalComparison extends Omit<PairComparison, 'dataset'> {
  trainedOn: string;
  testedOn: string;
}
