import type { Finding } from './findings.js';

export type Split = 'train' | 'validate' | 'test';
export const SPLITS: readonly Split[] = ['train', 'validate', 'test'];

/** One image of a data set with what its table says of it. */
export interface Radiograph {
  /** The image id that the data set publishes. */
  id: string;
  path: string;
  patient: string;
  split: Split;
  /** View position as published, e.g. `PA`. */
  view: string | null;
  sex: 'M' | 'F' | null;
  /** NaN where unknown. */
  ageYears: number;
  /** 1 positive, 0 negative, NaN unknown, in the order of the data set's `findings`. */
  labels: Float32Array;
}

export interface RadiographDataset {
  name: string;
  root: string;
  findings: Finding[];
  /** In the order of the published table. */
  radiographs: Radiograph[];
  /** Ids of rows that are in a split but whose image is not on disk; left out of `radiographs`. */
  rowsWithoutImage: string[];
  /** Ids of images on disk without a row in the table. */
  imagesWithoutRow: string[];
  /** What was dropped or derived, why, and how many, as sentences for people. */
  notes: string[];
}

export interface RadiographOptions {
  /** The folder as published. */
  root: string;
  /** Published or shared names; all findings of the data set by default. */
  findings?: string[];
  /** Seed of the splits that the publisher did not fix. */
  seed: number;
  /** Share of the training PATIENTS who form the validation split, in (0, 1); `VALIDATION_FRACTION` by default. */
  validationFraction?: number;
  /**
   * True (the default): rows whose image is missing are left out and listed. False: the image folders are not looked at,
   * every row is kept, and paths are where the published layout puts the images.
   */
  requireImages?: boolean;
}
