import { splitRows } from '../../browse/index.js';
import { cell, count, counted, left, NONE, percent, right, type Table, type TableCell } from '../../pages/index.js';
import type { ExperimentResult, SplitSummary } from '../result/index.js';

/** One row per data set: its size, its patients, its views. */
export function datasetTable({ datasets }: ExperimentResult): Table {
  const size = ({ images, patients }: SplitSummary): TableCell =>
    images > 0 ? { text: count(images), range: `${count(patients)} patients` } : cell(NONE);
  return {
    title: 'Data sets. Radiographs and patients per split, and who they are.',
    columns: [
      left('Data set'),
      right('Training'),
      right('Validation'),
      right('Test'),
      right('Median age, years'),
      right('Female'),
      right('Views'),
      right('Findings'),
    ],
    groups: [
      {
        rows: datasets.map(({ name, splits: { train, validate, test }, findings }) => {
          const parts = [train, validate, test];
          const sexes = summed(parts.map((it) => it.sexes));
          return [
            cell(name),
            ...parts.map(size),
            cell(test.medianAgeYears?.toString() ?? NONE),
            cell(sexes.F === undefined ? NONE : percent(sexes.F, total(sexes))),
            cell(shares(summed(parts.map((it) => it.views)))),
            cell(count(findings.length)),
          ];
        }),
      },
    ],
    notes: [
      'Age: of the test split. Female and views: share of the radiographs of all splits of which they are known.',
    ],
  };
}

type Counts = Record<string, number>;

function summed(parts: readonly (Counts | undefined)[]): Counts {
  const sums: Counts = {};
  for (const part of parts) {
    for (const [key, number] of Object.entries(part ?? {})) sums[key] = (sums[key] ?? 0) + number;
  }
  return sums;
}

const total = (counts: Counts) => Object.values(counts).reduce((sum, number) => sum + number, 0);

function shares(counts: Counts): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, number]) => `${name} ${percent(number, total(counts))}`).join(', ') || NONE;
}

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
