import { splitRows } from '../../browse/index.js';
import { cell, compact, count, counted, decimals, duration, left, NONE, right, type Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result.js';
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

/** How each cell was trained. */
export function trainingTable(result: ExperimentResult): Table {
  return {
    title: 'Training. Learning rate, and per seed the epoch whose weights were tested and the mean test AUROC.',
    columns: [
      left('Initialization'),
      right('Learning rate'),
      left('Validation AUROC per candidate'),
      right('Best epoch'),
      right('Test AUROC per seed'),
      right('Time'),
      right('Images/s'),
    ],
    groups: byDataset(result, ({ cells }, name) =>
      cells
        .filter(({ dataset }) => dataset === name)
        .map(({ initialization, learningRate, learningRateSearch = [], runs }) => [
          cell(initialization),
          cell(compact(learningRate)),
          cell(
            learningRateSearch
              .map(
                (it) =>
                  `${compact(it.learningRate)}: ${it.validationAuroc === null ? NONE : decimals(it.validationAuroc)}`,
              )
              .join('; ') || 'not searched',
          ),
          cell(runs.map(({ bestEpoch, epochs }) => `${bestEpoch}/${epochs}`).join(', ')),
          cell(runs.map(({ testMeanAuroc }) => (testMeanAuroc === null ? NONE : decimals(testMeanAuroc))).join(', ')),
          cell(duration(runs.reduce((sum, { seconds }) => sum + seconds, 0))),
          cell(count(runs.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0) / Math.max(1, runs.length))),
        ]),
    ),
    notes: ['Best epoch / epochs run: the lowest validation loss. Time: all seeds in sum. Images/s: mean over seeds.'],
  };
}

/** Pretraining, where an initialization had one here. */
export function pretrainingTable({ initializations }: ExperimentResult): Table {
  return {
    title: 'Pretraining done in this experiment.',
    columns: [
      left('Initialization'),
      left('Data'),
      right('Images seen'),
      right('Steps'),
      right('Time'),
      right('Check'),
    ],
    groups: [
      {
        rows: initializations.flatMap(({ name, pretraining: it }) =>
          it
            ? [
                [
                  cell(name),
                  cell(it.data),
                  cell(count(it.images)),
                  cell(count(it.steps)),
                  cell(duration(it.seconds)),
                  cell(it.metric ? `${it.metric.name}: ${decimals(it.metric.value)}` : NONE),
                ],
              ]
            : [],
        ),
      },
    ],
    notes: [],
  };
}
