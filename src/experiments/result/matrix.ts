import type { Cell, PairComparison } from './cell.js';

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
