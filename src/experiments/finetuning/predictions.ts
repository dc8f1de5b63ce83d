import { parse } from 'csv-parse/sync';
import { inputError, messageOf, readText, writeFileAtomic } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';

/** What a model says about some radiographs; rows follow each other as in the file. */
export interface Predictions {
  ids: string[];
  patients: string[];
  splits: string[];
  findings: string[];
  /** `[N * F]`: 1, 0, NaN. */
  labels: Float32Array;
  /** `[N * F]`, 0..1. */
  probabilities: Float32Array;
}

/** Writes `predictions.csv`: id, patient, split, then label and probability per finding; an unknown label is blank. */
export function writePredictions(
  path: string,
  findings: readonly string[],
  rows: readonly { radiograph: Radiograph; probabilities: Float32Array }[],
): void {
  const header = ['id', 'patient', 'split', ...findings.flatMap((name) => [`label ${name}`, `probability ${name}`])];
  const lines = rows.map(({ radiograph: { id, patient, split, labels }, probabilities }) => {
    const values = findings.flatMap((_, f) => {
      const label = labels[f]!;
      return [Number.isNaN(label) ? '' : String(label), String(probabilities[f])];
    });
    return [id, patient, split, ...values];
  });
  writeFileAtomic(path, [header, ...lines].map((cells) => `${cells.map(quoted).join(',')}\n`).join(''));
}

/** Reads a `predictions.csv`. Throws an InputError that names the file and the column or row. */
export function readPredictions(path: string): Predictions {
  const [header = [], ...rows] = parseRows(path);
  const findings = header.filter((column) => column.startsWith('probability ')).map((column) => column.slice(12));
  const columns = new Map(header.map((column, i) => [column, i]));
  const column = (name: string) => {
    const found = columns.get(name);
    if (found !== undefined) return found;
    throw inputError({ what: path, found: `the columns ${header.join(', ')}`, expected: `a column '${name}'` });
  };
  if (findings.length === 0) column('probability of a finding');
  const [id, patient, split] = [column('id'), column('patient'), column('split')];
  const labels = new Float32Array(rows.length * findings.length);
  const probabilities = new Float32Array(rows.length * findings.length);
  for (const [f, finding] of findings.entries()) {
    const [label, probability] = [column(`label ${finding}`), column(`probability ${finding}`)];
    for (const [row, cells] of rows.entries()) {
      const fail = (at: number, expected: string) => {
        const what = `${path}: row ${row + 2}, ${header[at]}`;
        return inputError({ what, found: JSON.stringify(cells[at]), expected });
      };
      const known = ['', '0', '1'].includes(cells[label]!);
      if (!known) throw fail(label, '0, 1, or nothing where it is unknown');
      const value = cells[probability] === '' ? Number.NaN : Number(cells[probability]);
      if (!(value >= 0 && value <= 1)) throw fail(probability, 'a number from 0 to 1');
      labels[row * findings.length + f] = cells[label] === '' ? Number.NaN : Number(cells[label]);
      probabilities[row * findings.length + f] = value;
    }
  }
  const pick = (i: number) => rows.map((cells) => cells[i]!);
  return { ids: pick(id), patients: pick(patient), splits: pick(split), findings, labels, probabilities };
}

function parseRows(path: string): string[][] {
  const text = readText(path);
  let rows: string[][];
  try {
    rows = parse(text, { relax_column_count: true });
  } catch (error) {
    throw inputError({ what: path, found: `invalid CSV (${messageOf(error)})`, expected: 'the predictions of a run' });
  }
  const short = rows.findIndex((cells) => cells.length !== rows[0]!.length);
  if (short < 0) return rows;
  const expected = `${rows[0]!.length}, as in the header`;
  throw inputError({ what: `${path}: row ${short + 1}`, found: `${rows[short]!.length} fields`, expected });
}

/** The rows of one split. */
export function ofSplitOnly(predictions: Predictions, split: string): Predictions {
  const rows = [...predictions.splits.keys()].filter((row) => predictions.splits[row] === split);
  const F = predictions.findings.length;
  const values = (source: Float32Array) => {
    const own = new Float32Array(rows.length * F);
    for (const [i, row] of rows.entries()) own.set(source.subarray(row * F, (row + 1) * F), i * F);
    return own;
  };
  return {
    ids: rows.map((row) => predictions.ids[row]!),
    patients: rows.map((row) => predictions.patients[row]!),
    splits: rows.map(() => split),
    findings: predictions.findings,
    labels: values(predictions.labels),
    probabilities: values(predictions.probabilities),
  };
}

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
