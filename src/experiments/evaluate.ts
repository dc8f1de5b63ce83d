import { join, relative } from 'node:path';
import {
  adjust,
  type Comparison,
  type Correction,
  chooseThreshold,
  findingColumn,
  type ModelEstimates,
  meanRocCurve,
  pairedBootstrap,
  rocCurve,
  type ThresholdRule,
} from '../evaluation/index.js';
import { calibrationOf } from './calibration.js';
import { type DegradedRun, degradedResults } from './degraded.js';
import type { CellRuns } from './finetune.js';
import { intervalOf } from './numbers.js';
import { meansOf, precisionRecallOf } from './precision-recall.js';
import { ofSplitOnly, type Predictions, readPredictions } from './predictions.js';
import type { TestedDataset } from './prepare.js';
import type { Cell, DegradedResult, Difference, PairComparison, ShortcutResult } from './result.js';
import { finiteOrNull } from './result.js';
import type { ExperimentConfig } from './schema.js';
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

interface RunPredictions {
  validate: Predictions;
  test: Predictions;
  /** `[F]`, chosen on validation; NaN where validation has one class only. */
  thresholds: Float64Array;
}

/** Tests all initializations of one data set on the same redraws of its test split. `cells` share the data set. */
export function evaluateDataset(
  cells: TestedCell[],
  degraded: DegradedRun[],
  config: ExperimentConfig,
  folder: string,
): DatasetEvaluation {
  const { redraws, unit, correction, threshold, stratified, interval, confidence } = config.statistics;
  const { dataset } = cells[0]!;
  const { findings } = dataset;
  const runs = cells.map((cell) => cell.runs.map((run) => readRun(join(run.folder, 'predictions.csv'), threshold)));
  const { labels, patients } = runs[0]![0]!.test;
  const groups = unit === 'patient' ? numbered(patients) : undefined;
  const models = cells.map((cell, i) => ({
    name: cell.start.summary.name,
    seeds: runs[i]!.map(({ test }) => test.probabilities),
    pretrainings: cell.runs.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
    thresholds: runs[i]!.map(({ thresholds }) => thresholds),
  }));
  const { seed } = config;
  const strata = stratified ? withPositives(labels, findings.length, groups) : undefined;
  const redrawing = { groups, drawnWithin: strata, redraws, seed, confidence };
  const options = { labels, findings: findings.length, models, groups, strata, redraws, seed, interval, confidence };
  const result = pairedBootstrap(options);
  const pairs = cells.flatMap((first, i) => cells.slice(i + 1).map((second) => [first, second] as const));
  const comparisons = pairs.map(([first, second]) => {
    const [a, b] = [first.start.summary.name, second.start.summary.name];
    return result.comparisons.find((comparison) => comparison.first === a && comparison.second === b)!;
  });
  return {
    cells: cells.map((cell, i) => cellOf(cell, runs[i]!, result.models[i]!, folder)),
    comparisons: corrected(comparisons, findings, dataset.name, correction),
    shortcuts: shortcutsOf(dataset, redrawing),
    degraded: degradedResults(degraded, dataset, redrawing),
    ...groupResults(dataset, models, { ...config.statistics, ...redrawing }),
    undefinedRedraws: result.models[0]!.findings.filter((finding) => finding.estimable).reduce(
      (sum, { auroc }) => sum + auroc.undefinedRedraws,
      0,
    ),
  };
}

function readRun(path: string, rule: ThresholdRule): RunPredictions {
  const all = readPredictions(path);
  const validate = ofSplitOnly(all, 'validate');
  const F = all.findings.length;
  const thresholds = Float64Array.from({ length: F }, (_, f) =>
    chooseThreshold(rule, findingColumn(validate.probabilities, F, f), findingColumn(validate.labels, F, f)),
  );
  return { validate, test: ofSplitOnly(all, 'test'), thresholds };
}

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
        reason: positives === 0 ? 'no positive in the test split' : 'no negative in the test split',
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

const curveOf = ({ probabilities, labels }: Predictions, F: number, f: number) =>
  rocCurve(findingColumn(probabilities, F, f), findingColumn(labels, F, f));

/** Corrected p-values: over the pairs of the data set for means, over the findings of one pair for findings. */
function corrected(
  comparisons: Comparison[],
  findings: string[],
  dataset: string,
  method: Correction,
): PairComparison[] {
  const means = adjust(
    method,
    comparisons.map(({ meanAuroc }) => meanAuroc.pTwoSided),
  );
  return comparisons.map(({ first, second, meanAuroc, findings: perFinding }, i) => {
    const adjusted = adjust(
      method,
      perFinding.map(({ pTwoSided }) => pTwoSided),
    );
    return {
      dataset,
      first,
      second,
      mean: differenceOf(meanAuroc, means[i]!),
      findings: perFinding.map((difference, f) => ({
        finding: findings[f]!,
        ...differenceOf(difference, adjusted[f]!),
        undefinedRedraws: difference.undefinedRedraws,
      })),
    };
  });
}

function differenceOf(difference: Comparison['meanAuroc'], pAdjusted: number): Difference {
  return {
    difference: intervalOf(difference),
    p: finiteOrNull(difference.pTwoSided),
    pAdjusted: finiteOrNull(pAdjusted),
    pGreater: finiteOrNull(difference.pGreater),
  };
}

/** Of each row, 1 where its group (or itself) has any positive finding, else 0. */
function withPositives(labels: Float32Array, findings: number, groups: Int32Array | undefined): Int32Array {
  const rows = Int32Array.from({ length: labels.length / findings }, (_, row) => row);
  const groupOf = (row: number) => groups?.[row] ?? row;
  const positive = (row: number) => labels.subarray(row * findings, (row + 1) * findings).includes(1);
  const having = new Set([...rows].filter(positive).map(groupOf));
  return rows.map((row) => (having.has(groupOf(row)) ? 1 : 0));
}

/** Numbers equal names alike, in order of appearance. */
function numbered(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
}
