import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import type { ExternalCell } from '../finetuning/external.js';
import type { DegradedRun } from './degraded-results.js';
import type { TestedCell } from './evaluate.js';
import type { SettingCell } from './setting-comparisons.js';

/** What a test is given. */
export type TestingInput = { config: ExperimentConfig; folder: string; threads: number } & (
  | DatasetTesting
  | SettingsTesting
);

export interface DatasetTesting {
  test: 'dataset';
  dataset: TestedDataset;
  /** Empty for a data set that none was trained on. They share the data set. */
  cells: TestedCell[];
  degraded: DegradedRun[];
  external: ExternalCell[];
  /** Whether it is also looked into what the models read. */
  isReference: boolean;
}

export interface SettingsTesting {
  test: 'settings';
  dataset: string;
  cells: SettingCell[];
}
