import { Worker } from 'node:worker_threads';
import { compiledUrl, Interrupted, type PackedError, unpackError } from '../base/index.js';
import type { ExperimentContext } from './context.js';
import { type DegradedRun, degradedRuns } from './degraded.js';
import type { DatasetEvaluation, TestedCell } from './evaluate.js';
import type { CellRuns } from './finetune.js';
import type { ExperimentConfig } from './schema.js';

/** What the testing thread is given. */
export interface TestingInput {
  cells: TestedCell[];
  degraded: DegradedRun[];
  config: ExperimentConfig;
  folder: string;
}

export type TestingOutput = { evaluation: DatasetEvaluation } | { error: PackedError };

/**
 * `evaluateDataset` in a thread of its own, as soon as a core is free: redraws and shortcuts of a large data set take
 * minutes, in which Ctrl-C must be heard. Throws Interrupted where the experiment was stopped.
 */
export async function testDataset(context: ExperimentContext, cells: CellRuns[]): Promise<DatasetEvaluation> {
  const degraded = await degradedRuns(context, cells);
  return context.onCores(1, async () => {
    const dataset = { ...cells[0]!.dataset, store: undefined, images: undefined };
    const input: TestingInput = {
      cells: cells.map((cell) => ({ ...cell, dataset })),
      degraded,
      config: context.config,
      folder: context.folder,
    };
    const worker = new Worker(compiledUrl('./testing-thread.js', import.meta.url), { workerData: input });
    const evaluation = new Promise<DatasetEvaluation>((resolve, reject) => {
      worker.on('message', (output: TestingOutput) => {
        if ('evaluation' in output) resolve(output.evaluation);
        else reject(unpackError(output.error));
      });
      worker.on('error', reject);
      worker.on('exit', () =>
        reject(new Interrupted('stopped while testing; run the same command again to go on from here')),
      );
    });
    return context.stoppable(() => worker.terminate(), evaluation);
  });
}
