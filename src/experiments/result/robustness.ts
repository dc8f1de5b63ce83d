/** What a mean AUROC may hide: shortcuts, subgroups, confounding. */
import type { Interval } from './interval.js';

/** Predictors of a 16 x 16 thumbnail that is black outside, or inside, the lungs. The first one sees anatomy, if coarsely, and nothing else. */
export const LUNG_ONLY = 'lung-only thumbnail';
export const LUNG_FREE = 'lung-free thumbnail';

/** What a shortcut predictor reaches; fitted on the training split, tested on the same test split. */
export interface ShortcutResult {
  dataset: string;
  /** e.g. 'view position', 'scanner', 'age and sex', 'gray values without their places', 'image border', '16 x 16 thumbnail', 'lung-free thumbnail'. */
  predictor: string;
  /** Number of input columns of the logistic regression; 0 where there is none. */
  columns: number;
  findings: { finding: string; auroc: Interval | null; reason?: string }[];
  /** Mean over the findings that the models' mean has. */
  meanAuroc: Interval | null;
  meanOver: string[];
  /** Why there is no mean, e.g. 'the experiment names no masks of the lungs'. */
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
