import { splitRows } from '../../browse/index.js';
import {
  cell,
  compact,
  count,
  counted,
  decimals,
  duration,
  left,
  NONE,
  right,
  type Table,
  type TableCell,
} from '../../pages/index.js';
import type { Cell, ExperimentResult } from '../result.js';
import { byPretraining } from './seeds.js';
import { byDataset } from './table.js';

/** Images, patients, views, sexes, ages and positives per split. */
export function dataTable({ datasets }: ExperimentResult): Table {
  return {
    title: 'Data. Radiographs, patients and positive labels per split.',
    columns: [left(''), right('Training'), right('Validation'), right('Test')],
    groups: datasets.map(({ name, splits, findings }) => {
      const parts = [splits.train, splits.validate, splits.test];
      return { heading: name, rows: splitRows(parts, findings) };
    }),
    notes: datasets.flatMap(({ name, unreadable, notes }) => [
      ...notes.map((note) => `${name}: ${note}`),
      ...(unreadable.length > 0 ? [`${name}: ${unreadableNote(unreadable)}`] : []),
    ]),
  };
}

function unreadableNote(unreadable: { id: string; reason: string }[]): string {
  const shown = unreadable.slice(0, 10).map(({ id, reason }) => `${id} (${reason})`);
  const rest = unreadable.length - shown.length;
  const are = unreadable.length === 1 ? 'is' : 'are';
  return `${counted(unreadable.length, 'radiograph')} could not be read and ${are} not counted: ${shown.join(', ')}${rest > 0 ? ` and ${count(rest)} more` : ''}.`;
}

/** How each cell was trained: a row per pretraining seed, where there are several. */
export function trainingTable(result: ExperimentResult): Table {
  const several = result.cells.some(({ runs }) => byPretraining(runs).length > 1);
  return {
    title:
      'Training. Learning rate, and per fine-tuning seed the epoch whose weights were tested and the mean test AUROC.',
    columns: [
      left('Initialization'),
      ...(several ? [right('Pretraining seed')] : []),
      right('Learning rate'),
      left('Validation AUROC per candidate'),
      right('Best epoch per seed'),
      right('Test AUROC per seed'),
      right('Time'),
      right('Images/s'),
    ],
    groups: byDataset(result, ({ cells }, name) =>
      cells.filter(({ dataset }) => dataset === name).flatMap((it) => trainingRows(it, several)),
    ),
    notes: [
      'Per seed: the fine-tuning seed, then its value. Best epoch / epochs run: the lowest validation loss. ' +
        'Time: all seeds of a row in sum. Images/s: mean over them.',
    ],
  };
}

function trainingRows(
  { initialization, learningRate, learningRateSearch = [], runs }: Cell,
  several: boolean,
): TableCell[][] {
  const search = learningRateSearch.map((it) => `${compact(it.learningRate)}: ${aurocText(it.validationAuroc)}`);
  return byPretraining(runs).map((own, i) => [
    cell(initialization),
    ...(several ? [cell(`${own[0]!.pretrainingSeed ?? NONE}`)] : []),
    cell(compact(learningRate)),
    cell(search.length === 0 ? 'not searched' : i === 0 ? search.join('; ') : 'as above'),
    cell(own.map(({ seed, bestEpoch, epochs }) => `${seed}: ${bestEpoch}/${epochs}`).join('; ')),
    cell(own.map(({ seed, testMeanAuroc }) => `${seed}: ${aurocText(testMeanAuroc)}`).join('; ')),
    cell(duration(own.reduce((sum, { seconds }) => sum + seconds, 0))),
    cell(count(own.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0) / own.length)),
  ]);
}

const aurocText = (auroc: number | null) => (auroc === null ? NONE : decimals(auroc));

/** Pretraining, where an initialization had one here. */
export function pretrainingTable({ initializations }: ExperimentResult): Table {
  return {
    title: 'Pretraining done in this experiment.',
    columns: [
      left('Initialization'),
      left('Data'),
      right('Seeds'),
      right('Images seen'),
      right('Steps'),
      right('Time'),
      right('Check'),
    ],
    groups: [
      {
        rows: initializations.flatMap(({ name, pretrainings: all = [] }) => {
          const [first] = all;
          if (!first) return [];
          const checks = all.flatMap(({ metric }) => (metric ? [metric.value] : []));
          const seconds = all.map((it) => it.seconds);
          return [
            [
              cell(name),
              cell(first.data),
              cell(all.map(({ seed }) => seed).join(', ')),
              cell(count(first.images)),
              cell(count(first.steps)),
              meanAndRange(seconds, duration),
              first.metric ? meanAndRange(checks, (it) => decimals(it), `${first.metric.name}: `) : cell(NONE),
            ],
          ];
        }),
      },
    ],
    notes: initializations.some(({ pretrainings = [] }) => pretrainings.length > 1)
      ? ['Images seen and steps: of each seed. Time and check: mean over seeds, and the lowest and highest.']
      : [],
  };
}

function meanAndRange(values: number[], format: (value: number) => string, prefix = ''): TableCell {
  const text = `${prefix}${format(values.reduce((sum, value) => sum + value, 0) / values.length)}`;
  if (values.length === 1) return cell(text);
  return { text, range: `${format(Math.min(...values))} to ${format(Math.max(...values))}` };
}
