import { cell, decimals, type Figure, left, NONE, right, type Table, type TableCell } from '../../pages/index.js';
import {
  DEGRADATIONS,
  type Degradation,
  type DegradedResult,
  type ExperimentResult,
  type Interval,
} from '../result/index.js';
import { colorOf } from './figures.js';
import { confidence, pValue, range, signed } from './format.js';
import { intervalPanels } from './intervals.js';
import { distinct } from './select.js';
import { byDataset, estimate, meanNotes } from './table.js';

export const DEGRADATION_NAMES: Record<Degradation, string> = {
  border: 'border alone',
  centre: 'without border',
  shuffled: 'shuffled patches',
  'low-pass': 'low resolution',
  'lung-only': 'lungs alone',
  'lung-free': 'without lungs',
};

const share = (interval: Interval | null): TableCell =>
  interval ? { text: decimals(interval.estimate, 2), range: rangeOf(interval) } : cell(NONE);
const rangeOf = ({ low, high }: Interval) => `[${decimals(low, 2)}, ${decimals(high, 2)}]`;

/** AUROC among radiographs of one view, age and sex, beside the plain one. */
export function matchedTable(result: ExperimentResult): Table {
  const { matched = [] } = result;
  return {
    title:
      'Matched AUROC: positives compared only with negatives of the same view, age band and sex, as far as these are known.',
    columns: [
      left('Initialization'),
      left('AUROC of'),
      right('Plain'),
      right('Matched'),
      right('Plain \u2212 matched'),
      right('p'),
    ],
    groups: byDataset(result, (_, name) =>
      matched
        .filter(({ dataset, mean }) => dataset === name && mean !== null)
        .flatMap(({ initialization, mean, findings }) =>
          [{ finding: 'mean', ...mean! }, ...findings].map(({ finding, plain, matched: own, difference, p }) => [
            cell(initialization),
            cell(finding),
            estimate(plain),
            estimate(own),
            difference ? { text: signed(difference.estimate), range: range(difference) } : cell(NONE),
            cell(pValue(p)),
          ]),
        ),
    ),
    notes: [
      'p: two-sided, not corrected.',
      ...distinct(matched.flatMap(({ dataset, reason }) => (reason ? [`${dataset}: ${reason}.`] : []))),
      ...meanNotes(
        matched
          .filter(({ reason }) => !reason)
          .map(({ dataset, factors, meanOver }) => ({
            place: `${dataset}, matched on ${factors.join(', ')}`,
            meanOver,
          })),
      ),
    ],
  };
}

/** The same degradation of all models together. */
function inOrder({ degraded = [] }: ExperimentResult): DegradedResult[] {
  return [...degraded].sort((a, b) => DEGRADATIONS.indexOf(a.degradation) - DEGRADATIONS.indexOf(b.degradation));
}

/** What trained models reach on images that lack something. */
export function degradedTable(result: ExperimentResult): Table {
  const degraded = inOrder(result);
  return {
    title:
      'Degraded test images. Mean AUROC of the trained models on images that lack something, and the share of the AUROC left.',
    columns: [left('Images'), left('Initialization'), right('As they are'), right('Degraded'), right('Share left')],
    groups: byDataset(result, (_, name) =>
      degraded
        .filter(({ dataset, mean }) => dataset === name && mean !== null)
        .map(({ degradation, initialization, mean }) => [
          cell(DEGRADATION_NAMES[degradation]),
          cell(initialization),
          estimate(mean!.plain),
          estimate(mean!.auroc),
          share(mean!.share),
        ]),
    ),
    notes: [
      'Of the first run of each initialization, on the images as they are too.',
      ...(degraded.some(({ mean }) => mean?.share === null)
        ? ['No share is given where the interval of the AUROC on images as they are reaches 0.5.']
        : []),
      'Share left: (degraded \u2212 0.5) / (as they are \u2212 0.5). Near 1 the model needs no more than what is left of the image; a small share does ' +
        'not show that it reads anatomy, since it never saw such images.',
      ...distinct(
        degraded.map(({ dataset, degradation, description, reason }) =>
          reason
            ? `${dataset}, ${DEGRADATION_NAMES[degradation]}: ${reason}.`
            : `${DEGRADATION_NAMES[degradation]}: ${description}.`,
        ),
      ),
    ],
  };
}

/** A panel per data set: every degradation with every initialization's interval. */
export function degradedFigure(result: ExperimentResult): Figure {
  const groups = result.datasets.map(({ name }) => ({
    title: name,
    rows: inOrder(result)
      .filter(({ dataset, mean }) => dataset === name && mean?.auroc)
      .map(({ degradation, initialization, mean }) => ({
        label: `${DEGRADATION_NAMES[degradation]}: ${initialization}`,
        interval: mean!.auroc!,
        text: decimals(mean!.auroc!.estimate),
        color: colorOf(result, initialization),
      })),
  }));
  return {
    caption: `Mean AUROC on degraded test images, with ${confidence(result.statistics.confidence)} intervals; one color per initialization. Dashed: chance.`,
    legend: [],
    panels: intervalPanels(groups, 'Mean test AUROC', 0.5),
  };
}
