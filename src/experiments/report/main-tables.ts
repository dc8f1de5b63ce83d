import { cell, left, NONE, right, type Table, type TableCell } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { confidence, pValue, range, signed } from './format.js';
import { distinct, findCell, meanDifference, ranked } from './select.js';
import { byDataset, estimate, meanNotes, pNote } from './table.js';

/** What was compared: a row per initialization. */
export function initializationTable({ initializations }: ExperimentResult): Table {
  return {
    title: 'Initializations. Where the weights come from that fine-tuning started with.',
    columns: [left('Initialization'), left('Weights'), left('Network')],
    groups: [
      { rows: initializations.map(({ name, description, network }) => [cell(name), cell(description), cell(network)]) },
    ],
    notes: [],
  };
}

/** Mean AUROC per initialization (rows) and data set (columns). */
export function overviewTable(result: ExperimentResult): Table {
  const best = new Map(result.datasets.map(({ name }) => [name, ranked(result, name)[0]?.initialization]));
  return {
    title: `Mean test AUROC per initialization and data set, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Initialization'), ...result.datasets.map(({ name }) => right(name))],
    groups: [
      {
        rows: result.initializations.map(({ name }) => [
          cell(name),
          ...result.datasets.map((dataset) =>
            estimate(findCell(result, dataset.name, name)?.meanAuroc, best.get(dataset.name) === name),
          ),
        ]),
      },
    ],
    notes: ['Bold: the highest value of a data set.'],
  };
}

/** Per data set: the initializations from the highest mean AUROC down, each against the highest. */
export function mainTable(result: ExperimentResult): Table {
  return {
    title:
      `Mean test AUROC of each initialization, and its difference from the highest of the data set, ` +
      `with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Initialization'), right('Mean AUROC'), right('Difference'), right('p'), right('p, corrected')],
    groups: byDataset(result, (_, name) => mainRows(result, name)),
    notes: [
      'Bold: the highest value of a data set; whether it is more than chance is told by the differences from it.',
      pNote(result, result.statistics.families.mean),
      ...meanNotes(
        result.datasets.map(({ name, findings }) => {
          const meanOver = distinct(result.cells.filter((it) => it.dataset === name).flatMap((it) => it.meanOver));
          return { place: name, meanOver, of: findings.length };
        }),
      ),
    ],
  };
}

function mainRows(result: ExperimentResult, dataset: string): TableCell[][] {
  const estimated = ranked(result, dataset);
  const [best] = estimated;
  const without = result.cells.filter((it) => it.dataset === dataset && it.meanAuroc === null);
  return [...estimated, ...without].map(({ initialization, meanAuroc }) => {
    const isBest = initialization === best?.initialization;
    const pair = best && meanDifference(result, dataset, initialization, best.initialization);
    const difference = pair?.difference;
    return [
      cell(initialization),
      estimate(meanAuroc, isBest),
      isBest
        ? cell('reference')
        : difference
          ? { text: signed(difference.estimate), range: range(difference) }
          : cell(NONE),
      cell(isBest ? '' : pValue(pair?.p ?? null)),
      cell(isBest ? '' : pValue(pair?.pAdjusted ?? null)),
    ];
  });
}
