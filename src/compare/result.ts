import type { Conclusions, Correction, IntervalMethod } from '../evaluation/index.js';

/** What the comparison of two models found; null where a number cannot be estimated. AUROC and p are fractions 0..1, differences first - second. */
export interface ModelComparison {
  format: 'hilum-comparison/1';
  /** Version of hilum. */
  hilum: string;
  /** ISO 8601. */
  createdAt: string;
  first: ComparedModel;
  second: ComparedModel;
  data: {
    images: number;
    /** null where the files do not tell. */
    patients: number | null;
    /** null where the files have no splits. */
    split: string | null;
    /** The file of labels; null where they stand beside the predictions. */
    labels: string | null;
  };
  statistics: {
    unit: 'patient' | 'image';
    /** Number of units redrawn. */
    units: number;
    /** Of the bootstrap, and exchanges of the permutation test. */
    redraws: number;
    seed: number;
    confidence: number;
    interval: IntervalMethod;
    stratified: boolean;
    alternative: 'two-sided' | 'greater' | 'less';
    correction: Correction;
    /** What the correction runs over. */
    family: string;
    margin: number | null;
  };
  /** Mean AUROC over the findings with a positive and a negative. */
  mean: {
    over: string[];
    first: NumberWithInterval | null;
    second: NumberWithInterval | null;
    difference: NumberWithInterval | null;
    /** By bootstrap. */
    p: number | null;
    pPermutation: number | null;
  };
  findings: FindingComparison[];
  /** About the mean AUROC; those that need a margin are null without one. */
  conclusions: Pick<Conclusions, 'superior' | 'inferior'> &
    Record<'nonInferior' | 'equivalent', boolean | null> &
    Record<'pNonInferior' | 'pEquivalent', number | null>;
  /** In a sentence or two, for people. */
  verdict: string;
  /** What was left out, and what to keep in mind. */
  notes: string[];
}

export interface ComparedModel {
  name: string;
  /** One per training seed. */
  files: string[];
}

export interface NumberWithInterval {
  estimate: number;
  low: number;
  high: number;
}

export interface FindingComparison {
  finding: string;
  positives: number;
  negatives: number;
  unknown: number;
  /** AUROC with bootstrap intervals. */
  first: NumberWithInterval | null;
  second: NumberWithInterval | null;
  difference: NumberWithInterval | null;
  /** By bootstrap, then corrected over the findings. */
  p: number | null;
  pAdjusted: number | null;
  pPermutation: number | null;
  delong: {
    /** Patients, where some have several images: the variance is by patient (Obuchowski 1997). Left out where images count as independent. */
    patients?: number;
    first: NumberWithInterval | null;
    second: NumberWithInterval | null;
    difference: NumberWithInterval | null;
    p: number | null;
    /** Why there is no p. */
    reason?: string;
  } | null;
  /** Why the AUROC cannot be estimated. */
  reason?: string;
}
