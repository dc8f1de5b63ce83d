import { count, decimals, left, listed, NONE, percent, right, type Table, cell as text } from '../../pages/index.js';
import type { Predictions } from '../finetuning/predictions.js';
import type { Cell, ExperimentResult } from '../result/index.js';
import { confidence, escapeMarkdown } from './format.js';
import { estimate } from './table.js';

/** What the model of one run reaches on the test split, and what those of its kind reach together, with intervals. */
export function performance(
  result: ExperimentResult,
  cell: Cell,
  index: number,
  predictions: Predictions | undefined,
): (string | Table)[] {
  const { statistics } = result;
  const own = cell.runs[index]!.testMeanAuroc;
  const several = cell.runs.length > 1;
  const mean = cell.meanAuroc;
  const overall = mean
    ? `Mean test AUROC ${decimals(mean.estimate)} (${confidence(statistics.confidence)} interval ${decimals(mean.low)} to ${decimals(mean.high)}) over ${escapeMarkdown(listed(cell.meanOver))}` +
      `${several ? `, for the ${cell.runs.length} runs with other seeds together; this model alone: ${own === null ? NONE : decimals(own)}` : ''}.`
    : 'No finding could be estimated on the test split.';
  const thresholds = cell.findings.map((it) => thresholdOf(cell, it, index));
  return [
    overall,
    ...(predictions ? [ofThisModel(cell, thresholds, predictions, statistics.threshold)] : []),
    {
      title:
        `Test split: AUROC, and sensitivity and specificity at the threshold (${statistics.threshold}), with ${confidence(statistics.confidence)} intervals` +
        `${several ? `: means over the ${cell.runs.length} runs, each at its own threshold, so not the numbers of this model alone` : ''}.`,
      columns: [
        left('Finding'),
        right('Positive / negative'),
        right('AUROC'),
        ...(predictions ? [] : [right('Threshold of this model')]),
        right('Sensitivity'),
        right('Specificity'),
      ],
      groups: [
        {
          rows: cell.findings.map((it, f) => [
            text(it.finding),
            text(`${count(it.positives)} / ${count(it.negatives)}`),
            estimate(it.auroc),
            ...(predictions ? [] : [text(thresholdText(thresholds[f]))]),
            estimate(it.sensitivity),
            estimate(it.specificity),
          ]),
        },
      ],
      notes: cell.notEstimable.map(({ finding, reason }) => `${finding} is not estimable: ${reason}.`),
    },
  ];
}

const thresholdText = (threshold: number | undefined) => (threshold === undefined ? NONE : decimals(threshold, 4));

/** A run without a threshold is left out of the list, so that one cannot tell whose the others are. */
const thresholdOf = (cell: Cell, { thresholds }: Cell['findings'][number], index: number) =>
  thresholds.length === cell.runs.length ? thresholds[index] : undefined;

/** Who uses the model wants its numbers, and not those of its kind. */
function ofThisModel(cell: Cell, thresholds: (number | undefined)[], predictions: Predictions, rule: string): Table {
  const share = (of: number, all: number) =>
    text(all === 0 ? NONE : `${count(of)} of ${count(all)} (${percent(of, all)})`);
  return {
    title: `This model on the test split, at its thresholds (${rule}).`,
    columns: [left('Finding'), right('Threshold'), right('Positives found'), right('Negatives cleared')],
    groups: [
      {
        rows: cell.findings.map(({ finding }, f) => {
          const threshold = thresholds[f];
          const { found, positives, cleared, negatives } = called(predictions, finding, threshold ?? Number.NaN);
          return threshold === undefined
            ? [text(finding), text(NONE), text(NONE), text(NONE)]
            : [text(finding), text(thresholdText(threshold)), share(found, positives), share(cleared, negatives)];
        }),
      },
    ],
    notes: ['Positives found: the sensitivity of this model; negatives cleared: its specificity.'],
  };
}

/** Test radiographs with a known label, and those that the threshold calls as they are labelled. */
function called({ findings, splits, labels, probabilities }: Predictions, finding: string, threshold: number) {
  const column = findings.indexOf(finding);
  const counts = { found: 0, positives: 0, cleared: 0, negatives: 0 };
  for (const [row, split] of splits.entries()) {
    const at = row * findings.length + column;
    if (column < 0 || split !== 'test' || Number.isNaN(labels[at])) continue;
    const positive = probabilities[at]! >= threshold;
    if (labels[at] === 1) {
      counts.positives++;
      if (positive) counts.found++;
    } else {
      counts.negatives++;
      if (!positive) counts.cleared++;
    }
  }
  return counts;
}

/** What models of this kind reach on other data sets: the nearest there is to another hospital. */
export function external({ externalValidation = [], statistics }: ExperimentResult, cell: Cell): (string | Table)[] {
  const rows = externalValidation
    .filter(
      ({ initialization, trainedOn, testedOn }) =>
        initialization === cell.initialization && trainedOn === cell.dataset && testedOn !== cell.dataset,
    )
    .map(({ testedOn, meanAuroc, meanOver }) => [
      text(testedOn),
      estimate(meanAuroc),
      text(meanOver.length > 0 ? meanOver.join(', ') : NONE),
    ]);
  if (rows.length === 0) return [];
  const title = `External validation: mean AUROC on other data sets, over the runs, with ${confidence(statistics.confidence)} intervals.`;
  return [
    {
      ...table(title, ['Tested on', 'Mean AUROC', 'Findings'], rows),
      columns: [left('Tested on'), right('Mean AUROC'), left('Findings')],
    },
  ];
}

/** A table of one group: the first column of names, the others of numbers. */
export function table(title: string, columns: string[], rows: Table['groups'][number]['rows']): Table {
  return {
    title,
    columns: columns.map((name, i) => (i === 0 ? left(name) : right(name))),
    groups: [{ rows }],
    notes: [],
  };
}
