import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  contentHash,
  InputError,
  inputError,
  lockFolder,
  nearest,
  packageVersion,
  readJson,
  writeJson,
} from '../base/index.js';
import { summarize } from '../datasets/index.js';
import { requireDevice } from '../torch/index.js';
import { configPath, readConfig } from './config/config.js';
import type { ExperimentConfig } from './config/schema.js';
import type { PreparedDataset } from './data/prepare.js';
import { matrixResult } from './matrix-result.js';
import { ExperimentContext, type ExperimentOptions } from './parts/context.js';
import { madeOf, type NodeFailure, Unfinished } from './parts/failure.js';
import { experimentGraph, type NodeKind } from './parts/graph.js';
import { software } from './parts/software.js';
import { requireNone, requireOwnNetwork, survey } from './planning/survey.js';
import { type ReportPaths, verdict, writeReport } from './report/index.js';
import { type DatasetSummary, type ExperimentResult, type MatrixResult, RESULT_FORMAT } from './result/index.js';
import { GraphRun } from './run-graph.js';
import { requireDinov2 } from './starts/pretrain-dinov2.js';
import type { Start } from './starts/start.js';
import { requireAllMasks } from './testing/degraded.js';
import type { DatasetTest } from './testing/run-test.js';
import { thresholdText } from './testing/threshold-text.js';

export interface Finished {
  result: ExperimentResult;
  report: ReportPaths;
}

export interface RunningExperiment {
  /** Rejects with Unfinished where parts failed, and with what was found without them, where something was. */
  done: Promise<Finished>;
  /** Lets the trainings finish their step and write checkpoints; `done` then rejects with Interrupted. */
  stop(): void;
}

/** Runs an experiment: pretrains, fine-tunes, tests and reports; goes on where an earlier run of it stopped. */
export function runExperiment(options: ExperimentOptions): RunningExperiment {
  const context = checkedContext(options);
  return { done: run(context), stop: () => context.stop() };
}

/**
 * Runs the nodes of the experiment's graph that `only` names, and writes no report; another process may run others in
 * the same folder meanwhile. Throws an InputError for an unknown node, a test, which is made with the report alone, and
 * for what is needed and not finished.
 */
export function runNodes(options: ExperimentOptions & { only: readonly string[] }): {
  done: Promise<void>;
  stop(): void;
} {
  const context = checkedContext(options);
  requireNodes(context, options.only);
  if (!isDescribed(context, options.only)) writeConfig(context);
  return { done: new GraphRun(context).only(options.only), stop: () => context.stop() };
}

function checkedContext(options: ExperimentOptions): ExperimentContext {
  const { config, dataRoot } = options;
  requireOwnNetwork(config);
  for (const start of config.initializations) {
    if (start.from === 'ssl' && start.method === 'dinov2') requireDinov2(config, dataRoot, start);
  }
  requireAllMasks(config, dataRoot);
  const context = new ExperimentContext(options);
  const { only } = context;
  // Reading images takes none.
  const reads = (kind: NodeKind) => kind === 'dataset' || kind === 'pretraining data';
  if (!only || context.graph.some(({ id, kind }) => only.has(id) && !reads(kind))) requireDevice(config.device);
  return context;
}

function requireNodes({ graph }: ExperimentContext, only: readonly string[]): void {
  const runnable = graph.filter(({ kind }) => kind !== 'test').map(({ id }) => id);
  for (const id of only) {
    if (runnable.includes(id)) continue;
    const isTest = graph.some((node) => node.id === id);
    const expected = isTest ? 'a part; tests are made with the report' : 'a part of the experiment';
    const close = nearest(id, runnable);
    const fix = isTest ? 'Run without --only.' : `${close ? `Did you mean ${close}? ` : ''}See: hilum experiment plan`;
    throw inputError({ what: '--only', found: id, expected, fix });
  }
}

/** Whether `config.json` is there and has the same nodes, as part of an experiment that may have grown since. */
function isDescribed({ folder, graph }: ExperimentContext, only: readonly string[]): boolean {
  if (!existsSync(configPath(folder))) return false;
  try {
    const keys = new Map(experimentGraph(readConfig(folder)).map(({ id, key }) => [id, key]));
    return graph.every(({ id, key }) => !only.includes(id) || keys.get(id) === key);
  } catch (error) {
    // Left by another version of hilum.
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Leaves the full form of the configuration in the experiment's folder. */
export function writeConfig({ config, folder }: ExperimentContext): void {
  const versions = { hilum: packageVersion(), node: process.version };
  writeJson(configPath(folder), { ...config, versions, hash: contentHash(config) });
}

async function run(context: ExperimentContext): Promise<Finished> {
  const unlock = await lockFolder(context.folder, 'running an experiment');
  try {
    return await runAll(context);
  } finally {
    unlock();
  }
}

async function runAll(context: ExperimentContext): Promise<Finished> {
  const { config, folder } = context;
  const { dataRoot, strict } = context;
  if (!context.finishedOnly) requireNone((await survey({ config, dataRoot, folder, strict })).refusals);
  context.throwIfStopped();
  writeConfig(context);
  const graph = new GraphRun(context);
  await graph.all();
  const names = config.datasets.map(({ name }) => name);
  const { made: datasets } = await madeOf(names.map((name) => graph.dataset(name)));
  const [reference] = context.settings;
  const { made: evaluations } = await madeOf(names.map((name) => graph.evaluation(name, reference)));
  const { made: starts } = await madeOf(config.initializations.map(({ name }) => graph.start(name)));
  const { failures } = graph;
  if (evaluations.every(({ cells }) => cells.length === 0)) throw new Unfinished<undefined>(failures, undefined);
  const matrix = config.matrix && (await matrixResult(context, graph));
  const made = resultOf(context, datasets, starts, evaluations, matrix, failures);
  const result = sinceFirstMade(made, join(folder, 'result.json'));
  writeJson(join(folder, 'result.json'), result);
  const finished = { result, report: writeReport(folder, result) };
  if (failures.length > 0) throw new Unfinished(failures, finished);
  return finished;
}

function resultOf(
  context: ExperimentContext,
  datasets: PreparedDataset[],
  starts: readonly Start[],
  evaluations: readonly DatasetTest[],
  matrix: MatrixResult | undefined,
  failures: readonly NodeFailure[],
): ExperimentResult {
  const { config } = context;
  const failed = failures.map(({ id, title, message }) => ({ id, title, reason: message }));
  const { finetuning } = context.settings[0].config;
  const evidence = {
    format: RESULT_FORMAT,
    hilum: software(finetuning.threads, config.precision),
    name: config.name,
    ...(config.description && { description: config.description }),
    createdAt: new Date().toISOString(),
    configuration: config,
    statistics: {
      redraws: config.statistics.redraws,
      unit: config.statistics.unit,
      confidence: config.statistics.confidence,
      interval: config.statistics.interval,
      stratified: config.statistics.stratified,
      seed: config.seed,
      correction: config.statistics.correction,
      families: {
        mean: 'the pairs of initializations within one data set',
        findings: 'the findings within one pair of initializations and one data set',
      },
      seedsRedrawn: {
        pretraining: starts.some(({ variants }) => variants.length > 1),
        finetuning: finetuning.seeds.length > 1,
      },
      threshold: thresholdText(config.statistics.threshold),
      undefinedRedraws: evaluations.reduce((sum, { undefinedRedraws }) => sum + undefinedRedraws, 0),
      ...(config.statistics.permutations > 0 && { permutations: config.statistics.permutations }),
      ...(config.statistics.margin !== null && { margin: config.statistics.margin }),
    },
    datasets: datasets.map((dataset) => datasetSummary(dataset, config)),
    initializations: starts.map(({ summary }) => summary),
    cells: evaluations.flatMap(({ cells }) => cells),
    comparisons: evaluations.flatMap(({ comparisons }) => comparisons),
    shortcuts: evaluations.flatMap(({ shortcuts }) => shortcuts),
    subgroups: evaluations.flatMap(({ subgroups }) => subgroups),
    confounding: evaluations.flatMap(({ confounding }) => confounding),
    matched: evaluations.flatMap(({ matched }) => matched),
    degraded: evaluations.flatMap(({ degraded }) => degraded),
    ...(config.externalValidation && {
      externalValidation: evaluations.flatMap(({ externalValidation }) => externalValidation),
      externalComparisons: evaluations.flatMap(({ externalComparisons }) => externalComparisons),
    }),
    ...(matrix && { matrix }),
    ...(config.crossValidation && { crossValidation: config.crossValidation }),
    ...(failed.length > 0 && { failed }),
    verdict: [],
  } satisfies ExperimentResult;
  return { ...evidence, verdict: [...notFinished(failed), ...verdict(evidence)] };
}

const SHOWN_FAILURES = 5;

/** Sentences of the verdict. */
function notFinished(failed: readonly { title: string; reason: string }[]): string[] {
  const shown = failed.slice(0, SHOWN_FAILURES).map(({ title, reason }) => {
    return `Not finished: ${title}. What needs it is missing here. ${reason}`;
  });
  const rest = failed.length - shown.length;
  return rest > 0 ? [...shown, `Not finished either: ${rest} more parts; result.json names them.`] : shown;
}

/** A result that is made again, from the same parts, keeps the date it was first made. */
function sinceFirstMade(result: ExperimentResult, path: string): ExperimentResult {
  if (!existsSync(path)) return result;
  const { createdAt } = readJson<Partial<ExperimentResult>>(path);
  const same = createdAt !== undefined && contentHash({ ...result, createdAt }) === contentHash(readJson(path));
  return same ? { ...result, createdAt } : result;
}

function datasetSummary(prepared: PreparedDataset, { crossValidation }: ExperimentConfig): DatasetSummary {
  const { name, findings, dataset, unreadable } = prepared;
  const { notes, rowsWithoutImage } = dataset;
  const radiographs = crossValidation
    ? prepared.radiographs.map((radiograph) => ({ ...radiograph, split: 'test' as const }))
    : prepared.radiographs;
  const folds = crossValidation
    ? [
        `in ${crossValidation.folds} folds: every radiograph is tested once, by models that patients of other folds trained`,
      ]
    : [];
  const missing = rowsWithoutImage.length > 0 ? [`${rowsWithoutImage.length} rows of the table have no image`] : [];
  return {
    name,
    findings,
    splits: summarize({ ...dataset, radiographs }),
    unreadable,
    notes: [...notes, ...missing, ...folds],
  };
}
