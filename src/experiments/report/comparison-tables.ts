import { OPERATING_METRICS, type OperatingMetric } from '../../evaluation/index.js';
import { cell, count, counted, left, NONE, right, type Table, type TableCell } from '../../pages/index.js';
import {
  type Cell,
  type Difference,
  type ExperimentResult,
  type Interval,
  LUNG_ONLY,
  type ShortcutResult,
} from '../result/index.js';
import { confidence, pValue, range, signed } from './format.js';
import { findingTests, meanTests } from './pair-tests.js';
import { distinct, findCell, isShortcut, ranked, reaches, sameMembers } from './select.js';
import { byDataset, estimate, pNote } from './table.js';

/** Every pair of initializations: difference of the mean AUROC, p raw and corrected, and the other tests there are. */
export function pairTable(result: ExperimentResult): Table {
  const others = meanTests(result);
  return {
    title: `Pairs of initializations. Difference of the mean test AUROC over the same redraws, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Difference'), right('Mean AUROC'), ...pColumns, ...others.columns],
    groups: byDataset(result, ({ comparisons }, name) =>
      comparisons
        .filter(({ dataset }) => dataset === name)
        .map((pair) => [
          cell(`${pair.first} \u2212 ${pair.second}`),
          ...differenceCells(pair.mean),
          ...others.cells(pair),
        ]),
    ),
    notes: [correctionNote(result, 'mean'), ...others.notes],
  };
}

const pColumns = [right('p'), right('p, corrected'), right('p, one-sided')];

function differenceCells({ difference, p, pAdjusted, pGreater }: Difference): TableCell[] {
  return [
    difference ? { text: signed(difference.estimate), range: range(difference) } : cell(NONE),
    cell(pValue(p)),
    cell(pValue(pAdjusted)),
    cell(pValue(pGreater)),
  ];
}

function correctionNote(result: ExperimentResult, over: 'mean' | 'findings'): string {
  return `${pNote(result, result.statistics.families[over])} One-sided: that the first is better, not corrected.`;
}

/** Test AUROC per finding (rows) and initialization (columns). */
export function findingTable(result: ExperimentResult): Table {
  const names = result.initializations.map(({ name }) => name);
  return {
    title: `Test AUROC per finding, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Finding'), right('Positive / negative'), ...names.map(right)],
    groups: byDataset(result, (_, dataset) => {
      const cells = names.map((name) => findCell(result, dataset, name));
      return findingsOf(cells).map((finding) => {
        const results = cells.map((it) => it?.findings.find((item) => item.finding === finding));
        const first = results.find((item) => item !== undefined)!;
        const highest = Math.max(...results.map((item) => item?.auroc?.estimate ?? -1));
        return [
          cell(finding),
          cell(`${count(first.positives)} / ${count(first.negatives)}`),
          ...results.map((item) => estimate(item?.auroc, item?.auroc?.estimate === highest)),
        ];
      });
    }),
    notes: ['Bold: the highest value of a finding.', ...notEstimableNotes(result)],
  };
}

function findingsOf(cells: (Cell | undefined)[]): string[] {
  return distinct(cells.flatMap((it) => it?.findings.map(({ finding }) => finding) ?? []));
}

function notEstimableNotes(result: ExperimentResult): string[] {
  return result.datasets.flatMap(({ name }) => {
    const items = result.cells.filter(({ dataset }) => dataset === name).flatMap(({ notEstimable }) => notEstimable);
    return distinct(
      items.map(
        (it) => `${it.finding} (${count(it.positives)} positive, ${count(it.negatives)} negative: ${it.reason})`,
      ),
    ).map((text) => `${name}: not estimable and left out of the mean: ${text}.`);
  });
}

const METRIC_NAMES: Record<OperatingMetric, string> = {
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  precision: 'Precision',
  f1: 'F1',
  accuracy: 'Accuracy',
  balancedAccuracy: 'Balanced accuracy',
  mcc: 'MCC',
};

/** The metrics at the operating point that the result has: older ones have fewer. */
export function operatingTable(result: ExperimentResult): Table {
  const metrics = OPERATING_METRICS.filter((metric) =>
    result.cells.some(({ findings }) => findings.some((item) => item[metric] !== undefined)),
  );
  return {
    title: `At the operating point (${result.statistics.threshold}), with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [
      left('Finding'),
      left('Initialization'),
      right('Threshold'),
      ...metrics.map((metric) => right(METRIC_NAMES[metric])),
    ],
    groups: byDataset(result, (_, dataset) => {
      const cells = result.cells.filter((it) => it.dataset === dataset);
      return findingsOf(cells).flatMap((finding) =>
        cells.flatMap((it) => {
          const item = it.findings.find((found) => found.finding === finding);
          if (!item?.auroc) return [];
          return [
            [
              cell(finding),
              cell(it.initialization),
              cell(thresholdsText(item.thresholds)),
              ...metrics.map((metric) => estimate(item[metric])),
            ],
          ];
        }),
      );
    }),
    notes: [
      'One threshold per run, or the lowest and highest of many. Findings that are not estimable are left out. Precision is the positive ' +
        'predictive value at the prevalence of the test split.',
    ],
  };
}

/** All of a few, in the order of the runs. */
function thresholdsText(thresholds: readonly number[]): string {
  if (thresholds.length > 3) return `${Math.min(...thresholds).toFixed(2)} to ${Math.max(...thresholds).toFixed(2)}`;
  return thresholds.map((threshold) => threshold.toFixed(2)).join(', ') || NONE;
}

/** Every pair of initializations, per finding. */
export function findingPairTable(result: ExperimentResult): Table {
  const others = findingTests(result);
  return {
    title: `Pairs of initializations per finding. Difference of the test AUROC over the same redraws, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Finding'), right('AUROC'), ...pColumns, ...others.columns],
    groups: result.comparisons.map(({ dataset, first, second, findings }) => ({
      heading: `${dataset}: ${first} \u2212 ${second}`,
      rows: findings
        .filter(({ difference }) => difference !== null)
        .map((item) => [cell(item.finding), ...differenceCells(item), ...others.cells(item)]),
    })),
    notes: [
      correctionNote(result, 'findings'),
      ...others.notes,
      ...result.comparisons.flatMap(({ dataset, first, second, findings }) =>
        findings
          .filter(({ difference, undefinedRedraws }) => difference !== null && undefinedRedraws > 0)
          .map(
            ({ finding, undefinedRedraws }) =>
              `${dataset}, ${first} \u2212 ${second}, ${finding}: ${counted(undefinedRedraws, 'redraw')} without a positive or without a negative left out.`,
          ),
      ),
    ],
  };
}

/** What shortcuts reach, beside the best model of the data set. */
export function shortcutTable(result: ExperimentResult): Table {
  const fitted = result.shortcuts.filter(({ findings }) => findings.length > 0);
  const predictors = distinct(fitted.map(({ predictor }) => predictor));
  return {
    title:
      'Shortcuts. Test AUROC of logistic regressions on simple features, beside the initialization with the highest mean.',
    columns: [left('Finding'), ...predictors.map(right), right('Best model')],
    groups: result.datasets.map(({ name }) => {
      const [best] = ranked(result, name);
      const shortcuts = predictors.map((predictor) =>
        result.shortcuts.find((it) => it.dataset === name && it.predictor === predictor),
      );
      return {
        heading: best ? `${name} (best model: ${best.initialization})` : name,
        rows: [meanRow(shortcuts, best), ...findingsOf([best]).map((finding) => shortcutRow(shortcuts, best, finding))],
      };
    }),
    notes: [
      `${MARK} within or above the interval of the best model.`,
      `Each predictor is a logistic regression fitted on the training split; number of inputs: ${distinct(
        fitted.map(({ predictor, columns }) => `${predictor} ${columns}`),
      ).join(', ')}. Mean: over the findings in the mean of the models.`,
      ...(predictors.includes('16 x 16 thumbnail')
        ? ['The 16 x 16 thumbnail holds outlines of heart and lungs, but no detail.']
        : []),
      ...(predictors.includes(LUNG_ONLY)
        ? [`The ${LUNG_ONLY} sees the lungs, coarsely, and nothing else: it is no shortcut, and is not marked.`]
        : []),
      ...reasons(result.shortcuts),
    ],
  };
}

/** Why predictors have no mean, each reason once. */
function reasons(shortcuts: readonly ShortcutResult[]): string[] {
  return distinct(shortcuts.flatMap(({ reason }) => reason ?? [])).map((reason) => {
    const own = shortcuts.filter((it) => it.reason === reason);
    const [datasets, predictors] = [own.map((it) => it.dataset), own.map((it) => it.predictor)].map(distinct);
    return `${datasets!.join(', ')}: ${predictors!.join(', ')}: ${reason}.`;
  });
}

const MARK = '\u2020';

function shortcutCell(
  of: ShortcutResult | undefined,
  auroc: Interval | null | undefined,
  model: Interval | null | undefined,
): TableCell {
  const shown = estimate(auroc);
  const isMarked = of && isShortcut(of) && auroc && model && reaches(auroc, model);
  return isMarked ? { ...shown, text: `${shown.text} ${MARK}` } : shown;
}

function meanRow(shortcuts: (ShortcutResult | undefined)[], best: Cell | undefined): TableCell[] {
  const comparable = (it: ShortcutResult | undefined) => best && it && sameMembers(it.meanOver, best.meanOver);
  return [
    { text: 'Mean', strong: true },
    ...shortcuts.map((it) => shortcutCell(it, comparable(it) ? it!.meanAuroc : null, best?.meanAuroc)),
    estimate(best?.meanAuroc, true),
  ];
}

function shortcutRow(shortcuts: (ShortcutResult | undefined)[], best: Cell | undefined, finding: string): TableCell[] {
  const model = best?.findings.find((it) => it.finding === finding)?.auroc;
  return [
    cell(finding),
    ...shortcuts.map((it) => shortcutCell(it, it?.findings.find((item) => item.finding === finding)?.auroc, model)),
    estimate(model),
  ];
}
