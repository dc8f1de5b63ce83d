/** What the models of one data set and initialization reach, and two of them beside each other. */
import type { OperatingMetric } from '../../evaluation/index.js';
import type { Interval } from './interval.js';

export interface Cell {
  dataset: string;
  initialization: string;
  learningRate: number;
  learningRateSearch?: LearningRateTrial[];
  /** One per pretraining seed and fine-tuning seed; those of one pretraining seed stand together. */
  runs: Run[];
  /** Mean over `meanOver`; null where no finding is estimable. */
  meanAuroc: Interval | null;
  /** The findings in the mean. */
  meanOver: string[];
  notEstimable: { finding: string; positives: number; negatives: number; reason: string }[];
  findings: FindingResult[];
  /** Points from (0, 0) to (1, 1); with several seeds the vertical average of their curves. */
  roc: { finding: string; points: RocPoint[] }[];
  /** One per finding in `meanOver`, as of `calibration`; results of older versions lack these and `means`. */
  precisionRecall?: PrecisionRecall[];
  calibration?: FindingCalibration[];
  /** Other ways to take a mean over the findings; null where none is estimable. `macro` of AUROC is the estimate of `meanAuroc`. */
  means?: { auroc: FindingMeans; averagePrecision: FindingMeans } | null;
}

/** A candidate of a search over learning rates. */
export interface LearningRateTrial {
  learningRate: number;
  /** Null where it cannot be estimated. */
  validationAuroc: number | null;
  /** Why there is none: `diverged: a loss of NaN at step 12`. */
  note?: string;
}

/** Means over runs. */
export interface PrecisionRecall {
  finding: string;
  averagePrecision: number;
  /** To be drawn as steps: the precision at a recall holds down to the recall before. */
  points: [recall: number, precision: number][];
}

/** Every finding alike; all pairs of image and finding together; findings by prevalence. */
export interface FindingMeans {
  macro: number;
  micro: number;
  weighted: number;
}

/** How far the probabilities of a finding on the test split are what they say. */
export interface FindingCalibration {
  finding: string;
  raw: CalibrationMeasure;
  /**
   * After each run's log-odds are divided by a temperature, or scaled and shifted (Platt), that its validation split made likeliest; in the
   * order of the runs. null where a run's validation split has no finite best (too few or separated positives).
   */
  temperature: (CalibrationMeasure & { temperatures: number[] }) | null;
  platt: (CalibrationMeasure & { scalings: { slope: number; intercept: number }[] }) | null;
}

/** Numbers are means over runs, from 0 (best) to 1. */
export interface CalibrationMeasure {
  /** Brier score = miscalibration - discrimination + uncertainty. */
  brier: number;
  miscalibration: number;
  discrimination: number;
  uncertainty: number;
  /** Expected calibration error over 10 bins. */
  ece: { equalWidth: number; equalMass: number };
  /**
   * Up to 10 bins of about equally many rows (those of all runs together), lowest probability first: for a reliability diagram of share
   * of positives against mean probability, where calibrated points lie on the diagonal.
   */
  reliability: [meanProbability: number, positiveShare: number, rows: number][];
}

/** False-positive rate, true-positive rate. */
export type RocPoint = [fpr: number, tpr: number];

export interface Run {
  /** Of the weights that it started from, where these were pretrained in this experiment. */
  pretrainingSeed?: number;
  /** Of the fine-tuning. */
  seed: number;
  /** Of a cross-validation: the one that it was tested on, from 1; the others trained and validated it. */
  fold?: number;
  /** Relative to the experiment's folder. */
  folder: string;
  epochs: number;
  /** The epoch whose weights were tested: the best on validation by `finetuning.select`. Epochs count from 1. */
  bestEpoch: number;
  seconds: number;
  imagesPerSecond: number;
  curve: { epoch: number; trainLoss: number; validationLoss: number; validationAuroc: number | null }[];
  testMeanAuroc: number | null;
}

/** Results of older versions lack these. */
type LaterMetric = 'balancedAccuracy' | 'mcc';

export interface FindingResult
  extends Record<Exclude<OperatingMetric, LaterMetric>, Interval | null>,
    Partial<Record<LaterMetric, Interval | null>> {
  finding: string;
  positives: number;
  negatives: number;
  auroc: Interval | null;
  /** The probability from which a radiograph counts as positive, one per run in their order. */
  thresholds: number[];
  undefinedRedraws?: number;
}

/** A difference of AUROC, first - second, over the same redraws. */
export interface Difference {
  difference: Interval | null;
  /** Two-sided. */
  p: number | null;
  /** Two-sided p, corrected over the family that `Statistics.families` names. */
  pAdjusted: number | null;
  /** One-sided: 'first > second', as in the published study. */
  pGreater: number | null;
}

/** Results of older versions have neither DeLong's nor permutation tests nor margins. */
export interface PairComparison {
  dataset: string;
  first: string;
  second: string;
  /** Of the mean AUROC over the findings estimable in this data set. */
  mean: Difference;
  findings: FindingComparison[];
  /** Permutation test of the mean AUROC, where it was asked for; two-sided p, not corrected, null for the `reason`. */
  permutation?: { permutations: number; p: number | null; reason?: string };
  /** Of the mean AUROC, where the experiment has a margin. */
  margin?: MarginVerdict;
}

export interface FindingComparison extends Difference {
  finding: string;
  undefinedRedraws: number;
  /** Left out where the AUROC cannot be estimated, and in cross-validation. */
  delong?: DelongComparison;
  /** Two-sided, by the permutations of the mean's test. */
  pPermutation?: number | null;
}

/** DeLong's test of a difference: normal interval and two-sided p of the test set alone, training seeds taken as given; not corrected. */
export interface DelongComparison {
  /** Patients, where some have several images: the variance is by patient (Obuchowski 1997). Left out where images count as independent. */
  patients?: number;
  difference: Interval | null;
  p: number | null;
  /** Why there is no p. */
  reason?: string;
}

/** Which difference of the mean AUROC its bootstrap interval excludes; p-values are one-sided, by the same redraws, not corrected. */
export interface MarginVerdict {
  /** In AUROC. */
  margin: number;
  /** The first is worse than the second by less than the margin, if at all. */
  firstNonInferior: boolean;
  /** The second is worse than the first by less than the margin, if at all. */
  secondNonInferior: boolean;
  /** They differ by less than the margin in either direction. */
  equivalent: boolean;
  pFirstNonInferior: number | null;
  pSecondNonInferior: number | null;
  pEquivalent: number | null;
}
