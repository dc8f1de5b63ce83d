import { HilumError } from '../base/index.js';
import type { Correction, IntervalMethod, OperatingMetric } from '../evaluation/index.js';

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
  /** Sentences for people, from `verdict()`. */
  verdict: string[];
}

export const RESULT_FORMAT = 'hilum-experiment-result/2';

/** A point estimate on the whole test set with the bootstrap's interval. */
export interface Interval {
  estimate: number;
  /** Mean and standard deviation over the redraws. */
  mean?: number;
  sd?: number;
  low: number;
  high: number;
}

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

export interface Cell {
  dataset: string;
  initialization: string;
  learningRate: number;
  learningRateSearch?: { learningRate: number; validationAuroc: number | null }[];
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

export interface PairComparison {
  dataset: string;
  first: string;
  second: string;
  /** Of the mean AUROC over the findings estimable in this data set. */
  mean: Difference;
  findings: (Difference & { finding: string; undefinedRedraws: number })[];
}

/** What a predictor that sees no anatomy reaches; fitted on the training split, tested on the same test split. */
export interface ShortcutResult {
  dataset: string;
  /** e.g. 'view position', 'scanner', 'age and sex', 'gray values without their places', 'image border', '16 x 16 thumbnail'. */
  predictor: string;
  /** Number of input columns of the logistic regression. */
  columns: number;
  findings: { finding: string; auroc: Interval | null; reason?: string }[];
  /** Mean over the findings that the models' mean has. */
  meanAuroc: Interval | null;
  meanOver: string[];
  /** Why there is no mean, e.g. 'the data set has no ages'. */
  reason?: string;
}

/** What patients and radiographs are grouped by. */
export type Factor = 'sex' | 'age' | 'view' | 'scanner' | 'site';

/**
 * AUROC within the groups of one factor, on the same redraws as the models', and how far apart the groups are. For the
 * verdict: a `gap` whose `p` is small says that the model serves one group worse; groups with a `reason` say how much could
 * not be looked at.
 */
export interface SubgroupResult {
  dataset: string;
  initialization: string;
  factor: Factor;
  /** A group has an AUROC of a finding with at least so many positives and so many negatives in the test split. */
  atLeast: number;
  /** The largest group, which the others are compared with; null where fewer than two can be compared. */
  reference: string | null;
  /** The findings that every compared group has enough cases of: those of each group's mean. */
  meanOver: string[];
  /** In their natural order; test radiographs whose group is not known are in none. */
  groups: TestedGroup[];
  /** Of the mean AUROC, largest minus smallest group; null where fewer than two groups can be compared. */
  gap: Gap | null;
  /** Largest minus smallest group of each finding that two groups or more have enough cases of. */
  findings: ({ finding: string } & Gap)[];
}

export interface TestedGroup {
  /** e.g. 'F', '40-59', 'AP'. */
  name: string;
  images: number;
  patients: number;
  /** Mean over `meanOver`; null for a group that is left out. */
  meanAuroc: Interval | null;
  findings: { finding: string; positives: number; negatives: number; auroc: Interval | null }[];
  /** This group minus the reference, of the mean AUROC; null for the reference itself and for a group that is left out. */
  againstReference: { difference: Interval | null; p: number | null; pAdjusted: number | null } | null;
  /** Why the group is left out of the comparison, with counts. */
  reason?: string;
}

/** The AUROC of the best group minus that of the worst. */
export interface Gap {
  highest: string;
  lowest: string;
  /** Between these two groups. */
  difference: Interval | null;
  /** Of the hypothesis that all groups have the same AUROC: it takes into account that the two are the extremes of several. */
  p: number | null;
  /** Over the factors of one model and data set for means, over the findings of one factor for findings. */
  pAdjusted: number | null;
}

/** How often each finding is in each group, and whether more often than by chance: what a model could learn in place of anatomy. */
export interface ConfoundingResult {
  dataset: string;
  split: 'train' | 'test';
  factor: Factor;
  /** Images whose group is known. */
  groups: { name: string; images: number }[];
  findings: {
    finding: string;
    /** Images, in the order of `groups`. */
    groups: { positives: number; negatives: number }[];
    /** The test counts the first radiograph of each patient alone: those of one patient are not independent. */
    test: 'chi-square' | 'fisher' | null;
    p: number | null;
    /** Over the findings of one split and factor. */
    pAdjusted: number | null;
    /** Strength of the association, 0..1, by the same counts as the test. */
    cramersV: number | null;
    /** Groups that the test leaves out, as too few cases are expected there. */
    leftOut: string[];
  }[];
}

/**
 * AUROC in which a positive is compared only with negatives of the same view, age band and sex: what is left when the model
 * cannot gain from telling these apart. For the verdict: `difference` is plain minus matched; where its interval is above 0,
 * so much of the AUROC comes from view, age and sex.
 */
export interface MatchedResult {
  dataset: string;
  initialization: string;
  /** Those that the data set knows, e.g. ['view', 'age', 'sex']. */
  factors: Factor[];
  /** Test radiographs of which one of these is not known: in neither AUROC. */
  unmatched: number;
  findings: ({
    finding: string;
    /** Strata with a positive and a negative. */
    strata: number;
    /** Share of all pairs of a positive and a negative that are of one stratum. */
    pairs: number;
  } & MatchedAuroc)[];
  /** Over `meanOver`; null where nothing could be matched, for the `reason`. */
  mean: MatchedAuroc | null;
  meanOver: string[];
  reason?: string;
}

export interface MatchedAuroc {
  matched: Interval | null;
  plain: Interval | null;
  /** plain - matched. */
  difference: Interval | null;
  /** Two-sided. */
  p: number | null;
}

/** Named by what they leave of an image. */
export const DEGRADATIONS = ['border', 'centre', 'shuffled', 'low-pass', 'lung-only', 'lung-free'] as const;
export type Degradation = (typeof DEGRADATIONS)[number];

/**
 * A trained model's AUROC on degraded images of the test split, beside its AUROC on the images as they are, of the same run
 * and the same redraws. For the verdict: a `share` near 1 on 'border' or 'lung-free' says that the model needs no lungs for
 * its AUROC, on 'shuffled' that it needs no shapes, on 'low-pass' no detail. A small share does not show that it reads
 * anatomy: the model never saw such images.
 */
export interface DegradedResult {
  dataset: string;
  initialization: string;
  degradation: Degradation;
  /** In words, e.g. 'the outer tenth of each side; the rest is black'. */
  description: string;
  /** The run whose model it is. */
  run: { pretrainingSeed?: number; seed: number };
  findings: ({ finding: string } & DegradedAuroc)[];
  /** Over `meanOver`; null where it could not be done, for the `reason`. */
  mean: DegradedAuroc | null;
  meanOver: string[];
  reason?: string;
}

export interface DegradedAuroc {
  auroc: Interval | null;
  /** On the images as they are. */
  plain: Interval | null;
  /** (auroc - 0.5) / (plain - 0.5): the share of the AUROC that needs no more than this; null where the interval of the plain one reaches 0.5. */
  share: Interval | null;
}

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

/** What an experiment's matrix varies. */
export const MATRIX_FACTORS = ['imageSize', 'labelFraction', 'tuning'] as const;
export type MatrixFactor = (typeof MATRIX_FACTORS)[number];

export interface MatrixResult {
  /** The values of each factor, that of the reference first. */
  factors: { factor: MatrixFactor; values: (number | string)[] }[];
  /** Every combination, the reference first. */
  settings: SettingResult[];
  /** One per data set, initialization and pair of settings that differ in one factor. */
  comparisons: SettingComparison[];
}

export interface SettingResult {
  /** e.g. '512 px, 10 % of the labels, lora' */
  name: string;
  values: Partial<Record<MatrixFactor, number | string>>;
  /** Without the curves of the reference's cells. */
  cells: Omit<Cell, 'roc' | 'precisionRecall' | 'calibration'>[];
  /** Of initializations, corrected within this setting. */
  comparisons: PairComparison[];
}

/** Two settings of one initialization, named `first` and `second`, on the same redraws. */
export interface SettingComparison extends PairComparison {
  initialization: string;
  /** In which they differ. */
  factor: MatrixFactor;
}

/** `null` in place of NaN and the infinities, which JSON does not have. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Throws where a number is not finite: JSON would turn it into `null` without a word. Names the place. */
export function assertFinite(value: unknown, path = 'result'): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new HilumError(`${path}: ${value} cannot be stored; what is not estimable must be null`);
    }
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) assertFinite(item, `${path}[${i}]`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) assertFinite(item, `${path}.${key}`);
  }
}
