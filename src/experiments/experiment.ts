import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, lockFolder, packageVersion, readJson, writeJson } from '../base/index.js';
import { summarize } from '../datasets/index.js';
import { requireDevice } from '../torch/index.js';
import { ExperimentContext, type ExperimentOptions } from './context.js';
import type { DatasetEvaluation } from './evaluate.js';
import { finetuneCell } from './finetune.js';
import { fineTuned, ownNetwork, requireNetwork } from './network.js';
import { type PreparedDataset, prepareDataset, requireOneBatch, splitIndices } from './prepare.js';
import { requireDinov2 } from './pretrain-dinov2.js';
import { type ReportPaths, verdict, writeReport } from './report/index.js';
import { type DatasetSummary, type ExperimentResult, RESULT_FORMAT } from './result.js';
import type { ExperimentConfig } from './schema.js';
import { software } from './software.js';
import { makeStart, type Start } from './start.js';
import { testDataset } from './testing.js';

export interface RunningExperiment {
  done: Promise<{ result: ExperimentResult; report: ReportPaths }>;
  /** Lets the trainings finish their step and write checkpoints; `done` then rejects with Interrupted. */
  stop(): void;
}

/** Runs an experiment: pretrains, fine-tunes, tests and reports; goes on where an earlier run of it stopped. */
export function runExperiment(options: ExperimentOptions): RunningExperiment {
  const { config, dataRoot } = options;
  requireOwnNetwork(config);
  for (const start of config.initializations) {
    if (start.from === 'ssl' && start.method === 'dinov2') requireDinov2(config, dataRoot, start);
  }
  requireDevice(config.device);
  const context = new ExperimentContext(options);
  return { done: run(context), stop: () => context.stop() };
}

/** Throws an InputError where the experiment builds a network of its own that cannot be built or fine-tuned so. */
function requireOwnNetwork(config: ExperimentConfig): void {
  if (config.initializations.every(({ from }) => from === 'weights')) return;
  requireNetwork(fineTuned(ownNetwork(config), config), config);
}

async function run(context: ExperimentContext): Promise<{ result: ExperimentResult; report: ReportPaths }> {
  const unlock = await lockFolder(context.folder, 'running an experiment');
  try {
    return await runParts(context);
  } finally {
    unlock();
  }
}

async function runParts(context: ExperimentContext): Promise<{ result: ExperimentResult; report: ReportPaths }> {
  const { config, folder } = context;
  const versions = { hilum: packageVersion(), node: process.version };
  writeJson(join(folder, 'config.json'), { ...config, versions, hash: contentHash(config) });
  const datasets: PreparedDataset[] = [];
  for (const { name, ...source } of config.datasets) {
    const dataset = await prepareDataset(context, name, source);
    requireOneBatch('finetuning.batchSize', config.finetuning.batchSize, splitIndices(dataset, 'train').length, name);
    for (const { split, path } of dataset.radiographs) if (split === 'test') context.testImages.add(path);
    datasets.push(dataset);
  }

  const cells = await context.all(
    config.initializations.map(async (initialization) => {
      const start = await makeStart(context, initialization);
      const runs = await context.all(datasets.map((dataset) => finetuneCell(context, dataset, start)));
      return { start, runs };
    }),
  );

  context.throwIfStopped();
  context.progress.print('testing: paired bootstrap, shortcuts');
  const evaluations = await context.all(
    datasets.map((_, i) =>
      testDataset(
        context,
        cells.map(({ runs }) => runs[i]!),
      ),
    ),
  );
  const result = sinceFirstMade(resultOf(context, datasets, cells, evaluations), join(folder, 'result.json'));
  writeJson(join(folder, 'result.json'), result);
  return { result, report: writeReport(folder, result) };
}

function resultOf(
  context: ExperimentContext,
  datasets: PreparedDataset[],
  starts: readonly { start: Start }[],
  evaluations: readonly DatasetEvaluation[],
): ExperimentResult {
  const { config } = context;
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
      correction: config.statistics.correction,
      families: {
        mean: 'the pairs of initializations within one data set',
        findings: 'the findings within one pair of initializations and one data set',
      },
      seedsRedrawn: {
        pretraining: starts.some(({ start }) => start.variants.length > 1),
        finetuning: config.finetuning.seeds.length > 1,
      },
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

/** A result that is made again, from the same parts, keeps the date it was first made. */
function sinceFirstMade(result: ExperimentResult, path: string): ExperimentResult {
  if (!existsSync(path)) return result;
  const { createdAt } = readJson<Partial<ExperimentResult>>(path);
  const same = createdAt !== undefined && contentHash({ ...result, createdAt }) === contentHash(readJson(path));
  return same ? { ...result, createdAt } : result;
}

function datasetSummary({ name, findings, dataset, radiographs, unreadable }: PreparedDataset): DatasetSummary {
  const { notes, rowsWithoutImage } = dataset;
  const missing = rowsWithoutImage.length > 0 ? [`${rowsWithoutImage.length} rows of the table have no image`] : [];
  return { name, findings, splits: summarize({ ...dataset, radiographs }), unreadable, notes: [...notes, ...missing] };
}
