import { join, relative } from 'node:path';
import {
  auroc,
  type BootstrapModel,
  countLabels,
  findingColumn,
  type ModelEstimates,
  meanRocCurve,
  pairedBootstrap,
  rocCurve,
} from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import type { CellRuns } from '../finetuning/finetune.js';
import type { Predictions } from '../finetuning/predictions.js';
import { type RunPredictions, readRun } from '../finetuning/run-predictions.js';
import { type Cell, finiteOrNull, intervalOf, type PairComparison } from '../result/index.js';
import { calibrationOf } from './calibration.js';
import { corrected, unorderedPairs, withDelong } from './comparisons.js';
import { type FoldedModel, foldedBootstrap } from './evaluate-folds.js';
import { meansOf, precisionRecallOf } from './precision-recall.js';
import { redrawingOf } from './redrawing.js';

/** A cell as its test sees it: with the data set's labels and pixel features, without its images. */
export type TestedCell = Omit<CellRuns, 'dataset'> & { dataset: TestedDataset };

/** What the test of a data set's own models tells of how good they are. */
export interface DatasetEvaluation {
  cells: Cell[];
  comparisons: PairComparison[];
  undefinedRedraws: number;
}

/** The curves of a cell, and what is read from them: they take no redraws. */
export type CellCurves = Pick<Cell, 'roc' | 'precisionRecall' | 'calibration' | 'means'>;

export interface RedrawThreads {
  threads: number;
  /** Called when the redraws are done: the rest takes one thread. */
  redrawn(): void;
}

/** The predictions of a cell's runs. */
export const runsOf = ({ runs }: TestedCell, config: ExperimentConfig): RunPredictions[] =>
  runs.map(({ folder }) => readRun(join(folder, 'predictions.csv'), config.statistics.threshold));

/** A cell as the bootstrap sees it. */
export const modelOf = ({ start, runs: own }: TestedCell, runs: readonly RunPredictions[]): BootstrapModel => ({
  name: start.summary.name,
  seeds: runs.map(({ test }) => test.probabilities),
  pretrainings: own.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
  thresholds: runs.map(({ thresholds }) => thresholds),
});

/** Compares all cells of one data set on the same redraws of its test split. The result does not depend on the threads. */
export function evaluateDataset(
  cells: readonly TestedCell[],
  config: ExperimentConfig,
  folder: string,
  { threads, redrawn }: RedrawThreads,
): Omit<DatasetEvaluation, 'cells'> & { cells: Omit<Cell, keyof CellCurves>[] } {
  const { interval, margin } = config.statistics;
  const { name: dataset, findings } = cells[0]!.dataset;
  const runs = cells.map((cell) => runsOf(cell, config));
  const { labels, patients } = runs[0]![0]!.test;
  const models = cells.map((cell, i) => modelOf(cell, runs[i]!));
  const redrawing = redrawingOf(config, { labels, patients });
  const strata = redrawing.drawnWithin;
  const tested = {
    ...redrawing,
    strata,
    labels,
    findings: findings.length,
    models,
    interval,
    margin: margin ?? undefined,
  };
  const result = pairedBootstrap(tested, { threads });
  redrawn();
  const names = models.map(({ name }) => name);
  const pairs = corrected(unorderedPairs(result.comparisons, names), findings, config.statistics);
  const comparisons = withDelong(pairs, { ...redrawing, labels, models });
  return {
    cells: cells.map((cell, i) => cellOf(cell, runs[i]!, result.models[i]!, folder)),
    comparisons: comparisons.map((comparison) => ({ dataset, ...comparison })),
    undefinedRedraws: undefinedIn(result.models[0]!),
  };
}

/** The curves of a cell over the findings that its test split has a positive and a negative of. */
export function evaluateCurves(cell: TestedCell, config: ExperimentConfig): CellCurves {
  const runs = runsOf(cell, config);
  const { findings } = cell.dataset;
  const { labels } = runs[0]!.test;
  const estimable = findings.filter((_, f) => {
    const { positives, negatives } = countLabels(findingColumn(labels, findings.length, f));
    return positives > 0 && negatives > 0;
  });
  return curvesOf(runs, findings, estimable);
}

/** The test of a cross-validation: what looks into one test split is left out. */
export function evaluateFolds(
  cells: readonly TestedCell[],
  config: ExperimentConfig,
  folder: string,
  { threads, redrawn }: RedrawThreads,
): DatasetEvaluation {
  const { name: dataset, findings } = cells[0]!.dataset;
  const runs = cells.map((cell) => runsOf(cell, config));
  const models = cells.map(({ start, runs: own }, i): FoldedModel => {
    const trainings = new Map<string, FoldedModel['trainings'][number]>();
    for (const [r, { pretrainingSeed, seed }] of own.entries()) {
      const key = `${pretrainingSeed} ${seed}`;
      const training = trainings.get(key) ?? { ...(pretrainingSeed !== undefined && { pretrainingSeed }), folds: [] };
      trainings.set(key, training);
      training.folds.push(runs[i]![r]!);
    }
    return { name: start.summary.name, trainings: [...trainings.values()] };
  });
  const names = models.map(({ name }) => name);
  const result = foldedBootstrap(models, findings, config, threads);
  redrawn();
  const comparisons = corrected(unorderedPairs(result.comparisons, names), findings, config.statistics);
  return {
    cells: cells.map((cell, i) => {
      const model = result.models[i]!;
      const meanAurocOfSeed = runs[i]!.map(({ test }) => meanAuroc(test, model));
      const row = cellOf(cell, runs[i]!, { ...model, meanAurocOfSeed }, folder);
      return { ...row, ...curvesOf(runs[i]!, findings, row.meanOver) };
    }),
    comparisons: comparisons.map((comparison) => ({ dataset, ...comparison })),
    undefinedRedraws: undefinedIn(result.models[0]!),
  };
}

/** Over the estimable findings. */
function meanAuroc(
  { probabilities, labels, findings: { length: F } }: Predictions,
  { findings }: ModelEstimates,
): number {
  const estimable = [...findings.keys()].filter((f) => findings[f]!.estimable);
  const aurocs = estimable.map((f) => auroc(findingColumn(probabilities, F, f), findingColumn(labels, F, f)).auroc);
  return aurocs.reduce((sum, value) => sum + value, 0) / aurocs.length;
}

/** Over the estimable findings of a model: those of all models are alike. */
const undefinedIn = ({ findings }: ModelEstimates): number =>
  findings.filter(({ estimable }) => estimable).reduce((sum, { auroc }) => sum + auroc.undefinedRedraws, 0);

function cellOf(
  cell: TestedCell,
  runs: RunPredictions[],
  model: ModelEstimates,
  folder: string,
): Omit<Cell, keyof CellCurves> {
  const { findings } = cell.dataset;
  const rows = findings.map((finding, f) => {
    const own = model.findings[f]!;
    return {
      finding,
      positives: own.positives,
      negatives: own.negatives,
      auroc: intervalOf(own.auroc),
      thresholds: runs.map(({ thresholds }) => thresholds[f]!).filter(Number.isFinite),
      sensitivity: intervalOf(own.sensitivity),
      specificity: intervalOf(own.specificity),
      precision: intervalOf(own.precision),
      f1: intervalOf(own.f1),
      accuracy: intervalOf(own.accuracy),
      balancedAccuracy: intervalOf(own.balancedAccuracy),
      mcc: intervalOf(own.mcc),
      undefinedRedraws: own.auroc.undefinedRedraws,
    };
  });
  const inMean = findings.filter((_, f) => model.findings[f]!.estimable);
  return {
    dataset: cell.dataset.name,
    initialization: cell.start.summary.name,
    learningRate: cell.learningRate,
    ...(cell.search.length > 0 && { learningRateSearch: cell.search }),
    runs: cell.runs.map((run, i) => ({
      ...(run.pretrainingSeed !== undefined && { pretrainingSeed: run.pretrainingSeed }),
      seed: run.seed,
      ...(run.fold !== undefined && { fold: run.fold }),
      folder: relative(folder, run.folder),
      epochs: run.curve.length,
      bestEpoch: run.bestEpoch,
      seconds: run.seconds,
      imagesPerSecond: run.imagesPerSecond,
      curve: run.curve.map(({ epoch, trainLoss, validationLoss, quality }) => ({
        epoch,
        trainLoss,
        validationLoss,
        validationAuroc: quality.auroc ?? null,
      })),
      testMeanAuroc: finiteOrNull(model.meanAurocOfSeed[i]!),
    })),
    meanAuroc: intervalOf(model.meanAuroc),
    meanOver: inMean,
    notEstimable: rows
      .filter(({ finding }) => !inMean.includes(finding))
      .map(({ finding, positives, negatives }) => ({
        finding,
        positives,
        negatives,
        reason: reasonOf(positives, negatives),
      })),
    findings: rows,
  };
}

function curvesOf(
  runs: readonly RunPredictions[],
  findings: readonly string[],
  estimable: readonly string[],
): CellCurves {
  const tests = runs.map(({ test }) => test);
  return {
    roc: findings.map((finding, f) => ({
      finding,
      points: estimable.includes(finding)
        ? meanRocCurve(tests.map((test) => curveOf(test, findings.length, f))).map(
            ({ falsePositiveRate, truePositiveRate }) => [falsePositiveRate, truePositiveRate],
          )
        : [],
    })),
    precisionRecall: precisionRecallOf(tests, findings, estimable),
    calibration: calibrationOf(runs, findings, estimable),
    means: meansOf(tests),
  };
}

function reasonOf(positives: number, negatives: number): string {
  if (positives > 0 && negatives > 0) return 'some fold lacks positives or negatives';
  return positives === 0 ? 'no positive in the test split' : 'no negative in the test split';
}

const curveOf = ({ probabilities, labels }: Predictions, F: number, f: number) =>
  rocCurve(findingColumn(probabilities, F, f), findingColumn(labels, F, f));
