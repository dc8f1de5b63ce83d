import { join, relative } from 'node:path';
import {
  auroc,
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
import {
  type Cell,
  type DegradedResult,
  finiteOrNull,
  intervalOf,
  type PairComparison,
  type ShortcutResult,
} from '../result/index.js';
import { calibrationOf } from './calibration.js';
import { corrected, unorderedPairs } from './comparisons.js';
import { type DegradedRun, degradedResults } from './degraded.js';
import { type FoldedModel, foldedBootstrap } from './evaluate-folds.js';
import { meansOf, precisionRecallOf } from './precision-recall.js';
import { redrawingOf } from './redrawing.js';
import { shortcutsOf } from './shortcuts.js';
import { type GroupResults, groupResults } from './subgroups.js';

/** A cell as its test sees it: with the data set's labels and pixel features, without its images. */
export type TestedCell = Omit<CellRuns, 'dataset'> & { dataset: TestedDataset };

export interface DatasetEvaluation extends GroupResults {
  cells: Cell[];
  comparisons: PairComparison[];
  shortcuts: ShortcutResult[];
  degraded: DegradedResult[];
  undefinedRedraws: number;
}

/** Of a data set that no model was trained on. */
export const NOTHING_TRAINED: DatasetEvaluation = {
  cells: [],
  comparisons: [],
  shortcuts: [],
  degraded: [],
  subgroups: [],
  confounding: [],
  matched: [],
  undefinedRedraws: 0,
};

export interface EvaluationInput {
  /** They share the data set. */
  cells: TestedCell[];
  degraded: DegradedRun[];
  config: ExperimentConfig;
  folder: string;
  /** Whether it is also looked into what the models read. */
  isReference: boolean;
}

export interface RedrawThreads {
  threads: number;
  /** Called when the models' redraws are done: the rest takes one thread. */
  redrawn(): void;
}

/** Tests all initializations of one data set on the same redraws of its test split. The result does not depend on the threads. */
export function evaluateDataset(
  { cells, degraded, config, folder, isReference }: EvaluationInput,
  { threads, redrawn }: RedrawThreads,
): DatasetEvaluation {
  const { correction, threshold, interval } = config.statistics;
  const { dataset } = cells[0]!;
  const { findings } = dataset;
  const runs = cells.map((cell) => cell.runs.map((run) => readRun(join(run.folder, 'predictions.csv'), threshold)));
  if (config.crossValidation) return evaluateFolds(cells, runs, config, folder, threads);
  const { labels, patients } = runs[0]![0]!.test;
  const models = cells.map((cell, i) => ({
    name: cell.start.summary.name,
    seeds: runs[i]!.map(({ test }) => test.probabilities),
    pretrainings: cell.runs.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
    thresholds: runs[i]!.map(({ thresholds }) => thresholds),
  }));
  const redrawing = redrawingOf(config, { labels, patients });
  const strata = redrawing.drawnWithin;
  const tested = { ...redrawing, strata, labels, findings: findings.length, models, interval };
  const result = pairedBootstrap(tested, { threads });
  redrawn();
  const names = models.map(({ name }) => name);
  const comparisons = corrected(unorderedPairs(result.comparisons, names), findings, correction);
  return {
    ...NOTHING_TRAINED,
    ...(isReference && {
      shortcuts: shortcutsOf(dataset, redrawing),
      degraded: degradedResults(degraded, dataset, redrawing),
      ...groupResults(dataset, models, { ...config.statistics, ...redrawing }),
    }),
    cells: cells.map((cell, i) => cellOf(cell, runs[i]!, result.models[i]!, folder)),
    comparisons: comparisons.map((comparison) => ({ dataset: dataset.name, ...comparison })),
    undefinedRedraws: undefinedIn(result.models[0]!),
  };
}

/** The test of a cross-validation: what looks into one test split is left out. */
function evaluateFolds(
  cells: TestedCell[],
  runs: RunPredictions[][],
  config: ExperimentConfig,
  folder: string,
  threads: number,
): DatasetEvaluation {
  const { name: dataset, findings } = cells[0]!.dataset;
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
  const comparisons = corrected(unorderedPairs(result.comparisons, names), findings, config.statistics.correction);
  return {
    ...NOTHING_TRAINED,
    cells: cells.map((cell, i) => {
      const model = result.models[i]!;
      const meanAurocOfSeed = runs[i]!.map(({ test }) => meanAuroc(test, model));
      return cellOf(cell, runs[i]!, { ...model, meanAurocOfSeed }, folder);
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

function cellOf(cell: TestedCell, runs: RunPredictions[], model: ModelEstimates, folder: string): Cell {
  const { findings } = cell.dataset;
  const F = findings.length;
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
  const tests = runs.map(({ test }) => test);
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
    roc: findings.map((finding, f) => ({
      finding,
      points: inMean.includes(finding)
        ? meanRocCurve(runs.map(({ test }) => curveOf(test, F, f))).map(({ falsePositiveRate, truePositiveRate }) => [
            falsePositiveRate,
            truePositiveRate,
          ])
        : [],
    })),
    precisionRecall: precisionRecallOf(tests, findings, inMean),
    calibration: calibrationOf(runs, findings, inMean),
    means: meansOf(tests),
  };
}

function reasonOf(positives: number, negatives: number): string {
  if (positives > 0 && negatives > 0) return 'some fold lacks positives or negatives';
  return positives === 0 ? 'no positive in the test split' : 'no negative in the test split';
}

const curveOf = ({ probabilities, labels }: Predictions, F: number, f: number) =>
  rocCurve(findingColumn(probabilities, F, f), findingColumn(labels, F, f));
