import { OPERATING_METRICS } from '../../evaluation/index.js';
import type { ExperimentResult } from '../result/index.js';
import { analysisRows } from './analysis-rows.js';
import { COLUMNS, csvLine, csvOf, numbers, over, type Row, testedFinding, testedMean } from './csv-rows.js';
import { externalCsv } from './external-csv.js';
import { matrixCsv } from './matrix-csv.js';

/** A file of numbers. */
export interface CsvFile {
  name: string;
  text: () => string;
}

/** `comparison.csv`, and where the result has them `matrix.csv` and `external.csv`. */
export function csvFiles(result: ExperimentResult): CsvFile[] {
  const { matrix, externalValidation } = result;
  return [
    { name: 'comparison.csv', text: () => comparisonCsv(result) },
    ...(matrix ? [{ name: 'matrix.csv', text: () => matrixCsv(matrix) }] : []),
    ...(externalValidation?.length ? [{ name: 'external.csv', text: () => externalCsv(result) }] : []),
  ];
}

/**
 * Every number of the comparison in long format, with full precision (RFC 4180); those of a matrix's other settings and of external
 * validation have files of their own. `kind`: `model` (name = initialization), `difference` (name - comparedWith), `shortcut`
 * (name = predictor), or one of the analyses of models: `calibration`, `subgroup`, `gap`, `matched`, `degraded`, whose `group` says of what.
 * `finding` is empty for means over findings. Empty cells: not applicable or not estimable.
 */
export function comparisonCsv(result: ExperimentResult): string {
  const rows = [...modelRows(result), ...differenceRows(result), ...shortcutRows(result), ...analysisRows(result)];
  return csvOf(COLUMNS, rows);
}

/** Loss and AUROC of every run and epoch. */
export function curvesCsv({ cells }: ExperimentResult): string {
  const header = [
    'dataset',
    'initialization',
    'pretrainingSeed',
    'seed',
    'epoch',
    'trainLoss',
    'validationLoss',
    'validationAuroc',
    'tested',
  ];
  const rows = cells.flatMap(({ dataset, initialization, runs }) =>
    runs.flatMap(({ pretrainingSeed, seed, bestEpoch, curve }) =>
      curve.map(({ epoch, trainLoss, validationLoss, validationAuroc }) => [
        dataset,
        initialization,
        pretrainingSeed,
        seed,
        epoch,
        trainLoss,
        validationLoss,
        validationAuroc,
        epoch === bestEpoch ? 1 : 0,
      ]),
    ),
  );
  return [header, ...rows].map(csvLine).join('');
}

/** The points of every ROC curve. */
export function rocCsv({ cells }: ExperimentResult): string {
  const header = ['dataset', 'initialization', 'finding', 'falsePositiveRate', 'truePositiveRate'];
  const rows = cells.flatMap(({ dataset, initialization, roc }) =>
    roc.flatMap(({ finding, points }) => points.map((point) => [dataset, initialization, finding, ...point])),
  );
  return [header, ...rows].map(csvLine).join('');
}

function modelRows({ cells }: ExperimentResult): Row[] {
  return cells.flatMap((cell) => {
    const of = { dataset: cell.dataset, kind: 'model', name: cell.initialization };
    return [
      { ...of, metric: 'meanAuroc', ...numbers(cell.meanAuroc), note: over(cell.meanOver) },
      ...cell.findings.flatMap((item) => {
        const { finding, positives, negatives } = item;
        const note = cell.notEstimable.find((it) => it.finding === finding)?.reason;
        const present = OPERATING_METRICS.filter((metric) => item[metric] !== undefined);
        return (['auroc', ...present] as const).map((metric) => ({
          ...of,
          finding,
          metric,
          ...numbers(item[metric]),
          positives,
          negatives,
          note,
        }));
      }),
    ];
  });
}

function differenceRows({ comparisons }: ExperimentResult): Row[] {
  return comparisons.flatMap((pair) => {
    const { dataset, first, second, findings } = pair;
    const of = { dataset, kind: 'difference', name: first, comparedWith: second };
    return [
      { ...of, metric: 'meanAuroc', ...testedMean(pair) },
      ...findings.map((item) => ({ ...of, finding: item.finding, metric: 'auroc', ...testedFinding(item) })),
    ];
  });
}

function shortcutRows({ shortcuts }: ExperimentResult): Row[] {
  return shortcuts.flatMap(({ dataset, predictor, meanAuroc, meanOver, reason, findings }) => {
    const of = { dataset, kind: 'shortcut', name: predictor };
    return [
      { ...of, metric: 'meanAuroc', ...numbers(meanAuroc), note: reason ?? over(meanOver) },
      ...findings.map((it) => ({ ...of, finding: it.finding, metric: 'auroc', ...numbers(it.auroc), note: it.reason })),
    ];
  });
}
