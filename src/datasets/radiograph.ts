import type { UncertainPolicy } from './cells.js';
import type { Finding } from './findings.js';

export type Split = 'train' | 'validate' | 'test';
export const SPLITS: readonly Split[] = ['train', 'validate', 'test'];

/** Where a finding was drawn, in pixels of the image as published; x, y is the top left corner. */
export interface Box {
  /** The published name; it need not be among the labels of the data set. */
  finding: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

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
  /** What took the image, as published, e.g. its manufacturer and model; left out where the data set does not tell. */
  scanner?: string;
  /** Hospital or department, as published; left out where the data set does not tell. */
  site?: string;
  /**
   * 1 positive, 0 negative, NaN unknown, in the order of the data set's `findings`. Rows with equal labels may share the array:
   * it must not be changed.
   */
  labels: Float32Array;
  /** Where the data set publishes boxes; empty where none was drawn on this image. */
  boxes?: readonly Box[];
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

/** Which views are kept: frontal ones (PA, AP and their kind; the default, as in the study) or all. */
export type ViewFilter = 'frontal' | 'all';
export const VIEW_FILTERS: readonly ViewFilter[] = ['frontal', 'all'];

export interface RadiographOptions {
  /** The folder as published. */
  root: string;
  /** Published or shared names; all findings of the data set by default. */
  findings?: string[];
  /** Seed of the splits that the publisher did not fix. */
  seed: number;
  /** Share of the training PATIENTS who form the validation split, in (0, 1); `VALIDATION_FRACTION` by default. */
  validationFraction?: number;
  /** Share of all PATIENTS who form the test split where none is published, in (0, 1); `TEST_FRACTION` by default. */
  testFraction?: number;
  /**
   * True (the default): rows whose image is missing are left out and listed. False: the image folders are not looked at,
   * every row is kept, and paths are where the published layout puts the images.
   */
  requireImages?: boolean;
  /** Only where the data set has other views than frontal ones. */
  views?: ViewFilter;
  /** Only where the data set has uncertain labels; 'zeros' by default, as in the study. */
  uncertain?: UncertainPolicy;
  /** Only where several sets of labels are published for the same images: which one. */
  labels?: string;
  /** Only for a data set of one's own: the YAML file that describes its table, relative to `root`. */
  description?: string;
}
