import { OPERATING_METRICS } from '../../evaluation/index.js';
import type { Difference, ExperimentResult } from '../result/index.js';
import { analysisRows } from './analysis-rows.js';
import { COLUMNS, numbers, type Row } from './csv-rows.js';

/**
 * Every number of the comparison in long format, with full precision (RFC 4180).
 * `kind`: `model` (name = initialization), `difference` (name - comparedWith), `shortcut` (name = predictor), or one of the analyses of
 * models: `calibration`, `subgroup`, `gap`, `matched`, `degraded`, `external` (dataset = where it was trained), whose `group` says of what.
 * `finding` is empty for means over findings. Empty cells: not applicable or not estimable.
 */
export function comparisonCsv(result: ExperimentResult): string {
  const rows = [...modelRows(result), ...differenceRows(result), ...shortcutRows(result), ...analysisRows(result)];
  return [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))].map(csvLine).join('');
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

/** One record with its line end. */
export function csvLine(values: readonly (string | number | null | undefined)[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

function field(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function modelRows({ cells }: ExperimentResult): Row[] {
  return cells.flatMap((cell) => {
    const of = { dataset: cell.dataset, kind: 'model', name: cell.initialization };
    return [
      { ...of, metric: 'meanAuroc', ...numbers(cell.meanAuroc), note: `over ${cell.meanOver.join('|')}` },
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
  const tested = ({ difference, p, pAdjusted, pGreater }: Difference) => ({
    ...numbers(difference),
    p,
    pAdjusted,
    pGreater,
  });
  return comparisons.flatMap(({ dataset, first, second, mean, findings }) => {
    const of = { dataset, kind: 'difference', name: first, comparedWith: second };
    return [
      { ...of, metric: 'meanAuroc', ...tested(mean) },
      ...findings.map((item) => ({ ...of, finding: item.finding, metric: 'auroc', ...tested(item) })),
    ];
  });
}

function shortcutRows({ shortcuts }: ExperimentResult): Row[] {
  return shortcuts.flatMap(({ dataset, predictor, meanAuroc, meanOver, reason, findings }) => {
    const of = { dataset, kind: 'shortcut', name: predictor };
    return [
      { ...of, metric: 'meanAuroc', ...numbers(meanAuroc), note: reason ?? `over ${meanOver.join('|')}` },
      ...findings.map((it) => ({ ...of, finding: it.finding, metric: 'auroc', ...numbers(it.auroc), note: it.reason })),
    ];
  });
}
