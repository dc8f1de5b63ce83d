import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { contentHash, packageVersion, writeJson } from '../base/index.js';
import { summarize } from '../datasets/index.js';
import { vitOptions } from '../models/index.js';
import { ExperimentContext, type ProgressSink } from './context.js';
import { evaluateDataset } from './evaluate.js';
import { type CellRuns, finetuneCell } from './finetune.js';
import { type PreparedDataset, prepareDataset } from './prepare.js';
import { makeStart, type Start } from './pretrain.js';
import { type ReportPaths, verdict, writeReport } from './report/index.js';
import { type DatasetSummary, type ExperimentResult, RESULT_FORMAT } from './result.js';
import { Scheduler } from './scheduler.js';
import type { ExperimentConfig } from './schema.js';
import { software } from './software.js';

export interface ExperimentOptions {
  config: ExperimentConfig;
  /** Folder that relative paths of the configuration start from. */
  dataRoot: string;
  /** Folder of the experiment: its parts, `result.json` and the report. Finished parts found there are reused. */
  folder: string;
  progress: ProgressSink;
  /** Cores to share among parts; all by default. */
  cores?: number;
}

export interface RunningExperiment {
  done: Promise<{ result: ExperimentResult; report: ReportPaths }>;
  /** Lets the trainings finish their step and write checkpoints; `done` then rejects with Interrupted. */
  stop(): void;
}

/** Runs an experiment: pretrains, fine-tunes, tests and reports; goes on where an earlier run of it stopped. */
export function runExperiment(options: ExperimentOptions): RunningExperiment {
  const { config, dataRoot, folder, progress, cores = availableParallelism() } = options;
  vitOptions(config.model);
  const context = new ExperimentContext(config, dataRoot, folder, new Scheduler(cores), progress);
  return { done: run(context), stop: () => context.stop() };
}

async function run(context: ExperimentContext): Promise<{ result: ExperimentResult; report: ReportPaths }> {
  const { config, folder } = context;
  const versions = { hilum: packageVersion(), node: process.version };
  writeJson(join(folder, 'config.json'), { ...config, versions, hash: contentHash(config) });
  const datasets: PreparedDataset[] = [];
  for (const { name, ...source } of config.datasets) datasets.push(await prepareDataset(context, name, source));

  const cells = await allOrFirstError(
    context,
    config.initializations.map(async (initialization) => {
      const start = await makeStart(context, initialization);
      const runs = await allOrFirstError(
        context,
        datasets.map((dataset) => finetuneCell(context, dataset, start)),
      );
      return { start, runs };
    }),
  );

  context.throwIfStopped();
  context.progress.print('testing: paired bootstrap, shortcuts');
  const result = resultOf(context, datasets, cells);
  writeJson(join(folder, 'result.json'), result);
  return { result, report: writeReport(folder, result) };
}

function resultOf(
  context: ExperimentContext,
  datasets: PreparedDataset[],
  starts: { start: Start; runs: CellRuns[] }[],
): ExperimentResult {
  const { config, folder } = context;
  const evaluations = datasets.map((_, i) =>
    evaluateDataset(
      starts.map(({ runs }) => runs[i]!),
      config,
      folder,
    ),
  );
  const evidence = {
    format: RESULT_FORMAT,
    hilum: software(config.finetuning.threads, config.precision),
    name: config.name,
    ...(config.description && { description: config.description }),
    createdAt: new Date().toISOString(),
    configuration: config,
    statistics: {
      redraws: config.statistics.redraws,
      unit: config.statistics.unit,
      confidence: 0.95,
      seed: config.seed,
      correction: 'benjamini-hochberg',
      families: {
        mean: 'the pairs of initializations within one data set',
        findings: 'the findings within one pair of initializations and one data set',
      },
      seedsRedrawn: config.finetuning.seeds.length > 1,
      threshold: 'the largest Youden index on the validation split',
      undefinedRedraws: evaluations.reduce((sum, { undefinedRedraws }) => sum + undefinedRedraws, 0),
    },
    datasets: datasets.map(datasetSummary),
    initializations: starts.map(({ start }) => start.summary),
    cells: evaluations.flatMap(({ cells }) => cells),
    comparisons: evaluations.flatMap(({ comparisons }) => comparisons),
    shortcuts: evaluations.flatMap(({ shortcuts }) => shortcuts),
    verdict: [],
  } satisfies ExperimentResult;
  return { ...evidence, verdict: verdict(evidence) };
}

function datasetSummary({ name, findings, dataset, radiographs, unreadable }: PreparedDataset): DatasetSummary {
  const { notes, rowsWithoutImage } = dataset;
  const missing = rowsWithoutImage.length > 0 ? [`${rowsWithoutImage.length} rows of the table have no image`] : [];
  return { name, findings, splits: summarize({ ...dataset, radiographs }), unreadable, notes: [...notes, ...missing] };
}

/** Waits for all; the first failure stops the others at their next checkpoint, waits for them, and is thrown. */
async function allOrFirstError<T>(context: ExperimentContext, work: Promise<T>[]): Promise<T[]> {
  let first: { error: unknown } | undefined;
  const settled = await Promise.allSettled(
    work.map((item) =>
      item.catch((error) => {
        first ??= { error };
        context.stop();
        throw error;
      }),
    ),
  );
  if (first) throw first.error;
  return settled.map((item) => (item as PromiseFulfilledResult<T>).value);
}
