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
  const { header, rows, cells: cellsOf } = openTable(path);
  const findings = header.filter((column) => column.startsWith('probability ')).map((column) => column.slice(12));
  const columns = new Map(header.map((column, i) => [column, i]));
  const column = (name: string) => {
    const found = columns.get(name);
    if (found !== undefined) return found;
    throw inputError({ what: path, found: `the columns ${header.join(', ')}`, expected: `a column '${name}'` });
  };
  if (findings.length === 0) column('probability of a finding');
  const [id, patient, split] = [column('id'), column('patient'), column('split')];
  const label = findings.map((finding) => column(`label ${finding}`));
  const probability = findings.map((finding) => column(`probability ${finding}`));
  const F = findings.length;
  const read: Predictions = {
    ids: [],
    patients: [],
    splits: [],
    findings,
    labels: new Float32Array(rows * F),
    probabilities: new Float32Array(rows * F),
  };
  const names = new Map<string, string>();
  const nameOf = (cell: string) => names.get(cell) ?? own(cell, names);
  for (let row = 0; row < rows; row++) {
    const cells = cellsOf(row);
    if (cells.length !== header.length) {
      const expected = `${header.length}, as in the header`;
      throw inputError({ what: `${path}: row ${row + 2}`, found: `${cells.length} fields`, expected });
    }
    const fail = (at: number, expected: string) => {
      const what = `${path}: row ${row + 2}, ${header[at]}`;
      return inputError({ what, found: JSON.stringify(cells[at]), expected });
    };
    for (let f = 0; f < F; f++) {
      const known = cells[label[f]!]!;
      if (known !== '' && known !== '0' && known !== '1') throw fail(label[f]!, '0, 1, or nothing where it is unknown');
      const said = cells[probability[f]!]!;
      const value = said === '' ? Number.NaN : Number(said);
      if (!(value >= 0 && value <= 1)) throw fail(probability[f]!, 'a number from 0 to 1');
      read.labels[row * F + f] = known === '' ? Number.NaN : Number(known);
      read.probabilities[row * F + f] = value;
    }
    read.ids.push(own(cells[id]!));
    read.patients.push(nameOf(cells[patient]!));
    read.splits.push(nameOf(cells[split]!));
  }
  return read;
}

/** A string of its own: a piece of the file's text would keep all of it in memory. */
function own(cell: string, names?: Map<string, string>): string {
  const copy = Buffer.from(cell).toString();
  names?.set(copy, copy);
  return copy;
}

interface Table {
  header: string[];
  /** Without the header. */
  rows: number;
  cells(row: number): string[];
}

/** Where nothing but the header is quoted, lines are cut at commas one by one: several times as fast, in less memory. */
function openTable(path: string): Table {
  const text = readText(path);
  if (text.lastIndexOf('"') < text.indexOf('\n') && !text.includes('\r')) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    const [header = []] = parseRecords(path, lines[0]!);
    return { header, rows: lines.length - 1, cells: (row) => lines[row + 1]!.split(',') };
  }
  const [header = [], ...records] = parseRecords(path, text);
  return { header, rows: records.length, cells: (row) => records[row]! };
}

function parseRecords(path: string, text: string): string[][] {
  try {
    return parse(text, { relax_column_count: true });
  } catch (error) {
    throw inputError({ what: path, found: `invalid CSV (${messageOf(error)})`, expected: 'the predictions of a run' });
  }
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
