import { Worker } from 'node:worker_threads';
import { compiledUrl, Interrupted, type PackedError, unpackError } from '../../base/index.js';
import { WORTH_THREADS } from '../../evaluation/index.js';
import { type PreparedDataset, splitIndices } from '../data/prepare.js';
import type { ExternalCell } from '../finetuning/external.js';
import type { CellRuns } from '../finetuning/finetune.js';
import type { ExperimentContext } from '../parts/context.js';
import type { SettingComparison } from '../result/index.js';
import { degradedRuns } from './degraded.js';
import { type DatasetTest, type DatasetTesting, runTest, type SettingsTesting, type TestingInput } from './run-test.js';
import type { SettingCell } from './setting-comparisons.js';

/** `redrawn`: from here on one core is enough. */
export type TestingOutput = { redrawn: true } | { tested: DatasetTest | SettingComparison[] } | { error: PackedError };

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
  }: { dataset: PreparedDataset; cells: CellRuns[]; external: ExternalCell[]; isReference: boolean },
): Promise<DatasetTest> {
  const looksInto = cells.length > 0 && isReference && context.config.crossValidation === undefined;
  const degraded = looksInto ? await degradedRuns(context, cells) : [];
  const dataset = { ...prepared, store: undefined, images: undefined };
  const tested = cells.map((cell) => ({ ...cell, dataset }));
  const input: DatasetTesting = { test: 'dataset', dataset, cells: tested, degraded, external, isReference };
  const runs = cells.reduce((sum, cell) => sum + cell.runs.length, 0);
  const looks =
    runs * splitIndices(dataset, 'test').length * dataset.findings.length * context.config.statistics.redraws;
  if (looks < WORTH_A_THREAD && external.length === 0 && dataset.radiographs.length <= MOST_AT_ONCE) {
    return context.onCores(1, async () => {
      const { config, folder } = context;
      return runTest({ ...input, config, folder, threads: 1 }, () => {}) as DatasetTest;
    });
  }
  return inThread<DatasetTest>(context, input, looks >= WORTH_THREADS);
}

/** Look-ups, and radiographs, up to which a test takes less time than a thread's start. */
const WORTH_A_THREAD = 1e5;
const MOST_AT_ONCE = 200;

/** Compares the settings of each initialization on a data set. */
export const testSettings = (
  context: ExperimentContext,
  dataset: string,
  cells: SettingCell[],
): Promise<SettingComparison[]> => inThread(context, { test: 'settings', dataset, cells });

/**
 * Tests in a thread of its own, as soon as a core is free: redraws and shortcuts of a large data set take minutes, in which Ctrl-C
 * must be heard. What is large redraws on the other free cores too. Throws Interrupted where the experiment was stopped.
 */
function inThread<T>(context: ExperimentContext, input: DatasetTesting | SettingsTesting, isLarge = false): Promise<T> {
  return context.onCores(1, async () => {
    const { config, folder } = context;
    const spare = context.spareCores(isLarge ? Number.POSITIVE_INFINITY : 0);
    const workerData: TestingInput = { ...input, config, folder, threads: 1 + spare.count };
    const worker = new Worker(compiledUrl('./testing-thread.js', import.meta.url), { workerData });
    const tested = new Promise<T>((resolve, reject) => {
      worker.on('message', (output: TestingOutput) => {
        if ('redrawn' in output) spare.giveBack();
        else if ('tested' in output) resolve(output.tested as T);
        else reject(unpackError(output.error));
      });
      worker.on('error', reject);
      worker.on('exit', () =>
        reject(new Interrupted('stopped while testing; run the same command again to go on from here')),
      );
    });
    return context.stoppable(() => worker.terminate(), tested.finally(spare.giveBack));
  });
}
