/** A whole result, and what it says of the experiment's make. */
import type { Correction, IntervalMethod } from '../../evaluation/index.js';
import type { Cell, PairComparison } from './cell.js';
import type { ExternalComparison, ExternalResult } from './external.js';
import type { MatrixResult } from './matrix.js';
import type { ConfoundingResult, DegradedResult, MatchedResult, ShortcutResult, SubgroupResult } from './robustness.js';

/**
 * What an experiment found: everything that the report prints, and nothing that JSON cannot hold.
 * AUROC, rates and p-values are fractions 0..1, differences -1..1, durations seconds. A number that could not be estimated is `null`.
 */
export interface ExperimentResult {
  format: typeof RESULT_FORMAT;
  hilum: Software;
  name: string;
  description?: string;
  /** ISO 8601. */
  createdAt: string;
  /** The experiment's YAML with every default filled in. */
  configuration: unknown;
  statistics: Statistics;
  datasets: DatasetSummary[];
  initializations: InitializationSummary[];
  /** One per data set and initialization. */
  cells: Cell[];
  /** One per data set and unordered pair of initializations. */
  comparisons: PairComparison[];
  shortcuts: ShortcutResult[];
  /** One per data set, initialization and factor. */
  subgroups?: SubgroupResult[];
  /** How findings go with the groups; one per data set, split and factor. */
  confounding?: ConfoundingResult[];
  /** One per data set and initialization. */
  matched?: MatchedResult[];
  /** What the trained models still reach on degraded test images; one per data set, initialization and degradation. */
  degraded?: DegradedResult[];
  /** One per initialization, training data set and test data set, the pairs of equal ones among them. */
  externalValidation?: ExternalResult[];
  /** One per unordered pair of initializations, training data set and other test data set. */
  externalComparisons?: ExternalComparison[];
  /** Where the experiment has a matrix: what else was varied. All other fields are of the reference setting. */
  matrix?: MatrixResult;
  /** Where patients were cut into folds in place of the published splits: estimates are means over the folds of the value in each. */
  crossValidation?: { folds: number };
  /** What failed, where the experiment is not finished: what needs it is missing in all other fields. */
  failed?: { id: string; title: string; reason: string }[];
  /** Sentences for people, from `verdict()`. */
  verdict: string[];
}

export const RESULT_FORMAT = 'hilum-experiment-result/2';

export interface Software {
  version: string;
  node: string;
  libtorch: string;
  blas: string;
  threads: number;
  machine: { cpu: string; cores: number; memoryGiB?: number; gpu?: string };
  precision: string;
}

export interface Statistics {
  redraws: number;
  unit: 'patient' | 'image';
  confidence: number;
  /** How the intervals of cells and comparisons are made; those of results without it are percentile. */
  interval?: IntervalMethod;
  /** Whether units with and without a positive finding were redrawn apart, as many of each as there are. */
  stratified?: boolean;
  seed: number;
  correction: Correction;
  /** What each correction runs over, in words, e.g. 'findings, within one pair of initializations and one data set'. */
  families: { mean: string; findings: string };
  /** Which seeds are redrawn along with the test set: the intervals contain the variance between those. */
  seedsRedrawn: { pretraining: boolean; finetuning: boolean };
  /** How the operating point was chosen, e.g. 'largest Youden index on the validation split'. */
  threshold: string;
  /** Redraws without a positive or without a negative of some finding, of all redraws and findings; left out, where they occur. */
  undefinedRedraws: number;
  /** Random exchanges of the permutation test; left out where there was none. */
  permutations?: number;
  /** A difference of mean AUROC that does not matter; left out where none was named. */
  margin?: number;
}

export type SplitName = 'train' | 'validate' | 'test';

export interface DatasetSummary {
  name: string;
  findings: string[];
  splits: Record<SplitName, SplitSummary>;
  unreadable: { id: string; reason: string }[];
  notes: string[];
}

export interface SplitSummary {
  images: number;
  patients: number;
  findings: Record<string, { positive: number; negative: number; unknown: number }>;
  /** Number of images per view position, and per sex. */
  views?: Record<string, number>;
  sexes?: Record<string, number>;
  medianAgeYears?: number;
}

export interface InitializationSummary {
  name: string;
  kind: 'random' | 'weights' | 'supervised' | 'ssl';
  description: string;
  /** The network in a few words. */
  network: string;
  /** One per pretraining seed, where it was pretrained in this experiment. */
  pretrainings?: Pretraining[];
}

export interface Pretraining {
  seed: number;
  seconds: number;
  /** Images seen, repeats included. */
  images: number;
  steps: number;
  epochs?: number;
  /** What it was pretrained on, e.g. 'imagenet-mini, cifar10 (11,000 images)'. */
  data: string;
  loss: { step: number; loss: number }[];
  /** Images that could not be read and took no part; left out where there are none. */
  unreadable?: { id: string; reason: string }[];
  /** A check of the pretraining itself, such as the accuracy on held-out natural images. */
  metric?: { name: string; value: number };
}
