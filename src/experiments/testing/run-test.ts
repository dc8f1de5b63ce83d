import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import type { ExternalCell } from '../finetuning/external.js';
import type { SettingComparison } from '../result/index.js';
import type { DegradedRun } from './degraded.js';
import { type DatasetEvaluation, evaluateDataset, NOTHING_TRAINED, type TestedCell } from './evaluate.js';
import { type ExternalResults, externalResults } from './external-results.js';
import { compareSettings, type SettingCell } from './setting-comparisons.js';

/** What a test is given. */
export type TestingInput = { config: ExperimentConfig; folder: string; threads: number } & (
  | DatasetTesting
  | SettingsTesting
);

export interface DatasetTesting {
  test: 'dataset';
  dataset: TestedDataset;
  /** Empty for a data set that none was trained on. */
  cells: TestedCell[];
  degraded: DegradedRun[];
  external: ExternalCell[];
  isReference: boolean;
}

export interface SettingsTesting {
  test: 'settings';
  dataset: string;
  cells: SettingCell[];
}

export type DatasetTest = DatasetEvaluation & ExternalResults;

/** One test, from beginning to end; `redrawn` is called once the redraws that take more than one thread are done. */
export function runTest(input: TestingInput, redrawn: () => void): DatasetTest | SettingComparison[] {
  const { config, threads } = input;
  if (input.test === 'settings') return compareSettings(input.cells, input.dataset, config);
  const { dataset, cells, external } = input;
  const own = cells.length > 0 ? evaluateDataset(input, { threads, redrawn }) : NOTHING_TRAINED;
  return { ...own, ...externalResults(dataset, external, own.cells, config) };
}
