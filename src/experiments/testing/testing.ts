import { WORTH_THREADS } from '../../evaluation/index.js';
import { type PreparedDataset, splitIndices } from '../data/prepare.js';
import type { ExternalCell } from '../finetuning/external.js';
import type { CellRuns } from '../finetuning/finetune.js';
import type { ExperimentContext } from '../parts/context.js';
import type { ProgressSink } from '../parts/progress-sink.js';
import type { SettingComparison } from '../result/index.js';
import type { DatasetTest } from './analyses.js';
import { degradedRuns } from './degraded.js';
import { runTest } from './run-test.js';
import type { SettingCell } from './setting-comparisons.js';
import type { TestingInput } from './testing-input.js';
import { ThreadedTest } from './threaded-test.js';

/** Look-ups, and radiographs, up to which a test takes less time than a thread's start. */
const WORTH_A_THREAD = 1e5;
const MOST_AT_ONCE = 200;
/** Look-ups of the models' redraws from which on the analyses take much longer than the start of a thread for each. */
const WORTH_A_THREAD_EACH = 5e8;

/**
 * Tests all initializations of a data set in one setting, and the models of other data sets. What the models read is looked into in the
 * reference setting alone: degraded images, shortcuts, groups.
 */
export async function testDataset(
  context: ExperimentContext,
  {
    dataset: prepared,
    cells,
    external,
    isReference,
    setting,
  }: { dataset: PreparedDataset; cells: CellRuns[]; external: ExternalCell[]; isReference: boolean; setting?: string },
  progress: ProgressSink = context.progress,
): Promise<DatasetTest> {
  const { config, folder } = context;
  const looksInto = cells.length > 0 && isReference && config.crossValidation === undefined;
  const degraded = looksInto ? await degradedRuns(context, cells) : [];
  const dataset = { ...prepared, store: undefined, images: undefined };
  const tested = cells.map((cell) => ({ ...cell, dataset }));
  const about = { config, folder, threads: 1 };
  const input: TestingInput = {
    ...about,
    test: 'dataset',
    dataset,
    cells: tested,
    degraded,
    external,
    isReference,
  };
  const looksOf = (models: readonly { runs: readonly unknown[] }[]) =>
    models.reduce((sum, { runs }) => sum + runs.length, 0) *
    splitIndices(dataset, 'test').length *
    dataset.findings.length *
    config.statistics.redraws;
  const looks = looksOf(cells);
  const { permutations, redraws } = config.statistics;
  // Every model is exchanged with every other.
  const exchanged = looksInto ? (looks * (cells.length - 1) * permutations) / redraws : 0;
  if (looks + exchanged < WORTH_A_THREAD && external.length === 0 && dataset.radiographs.length <= MOST_AT_ONCE) {
    return context.onCores(1, async () => runTest(input, () => {}) as DatasetTest);
  }
  const test = new ThreadedTest(
    context,
    input,
    `test ${dataset.name}${setting === undefined ? '' : `, ${setting}`}`,
    progress,
  );
  const isSmall = looks + exchanged + looksOf(external) < WORTH_A_THREAD_EACH;
  return test.result(
    isSmall ? test.analyse(test.all, looks >= WORTH_THREADS) : test.sideBySide(),
  ) as Promise<DatasetTest>;
}

/** Compares the settings of each initialization on a data set. */
export async function testSettings(
  context: ExperimentContext,
  dataset: string,
  cells: SettingCell[],
  progress: ProgressSink = context.progress,
): Promise<SettingComparison[]> {
  const { config, folder } = context;
  const input: TestingInput = { config, folder, threads: 1, test: 'settings', dataset, cells };
  const test = new ThreadedTest(context, input, `compare settings on ${dataset}`, progress);
  return test.result(test.analyse(test.all, true)) as Promise<SettingComparison[]>;
}
