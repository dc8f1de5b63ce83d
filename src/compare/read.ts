import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { inputError, nearest } from '../base/index.js';
import { readHeader, readTable } from '../datasets/index.js';
import { counted, listed } from '../pages/index.js';
import { adviceFor, Cells } from './cells.js';
import { type FindingColumn, type NamedColumns, nameKey, recognizeColumns } from './columns.js';

/** What a file says of its rows, which follow each other as in the file. NaN where it says nothing. */
export interface PredictionFile {
  path: string;
  ids: string[];
  patients?: string[];
  /** Whether the file has a column `split`, of which the rows are one. */
  hasSplit: boolean;
  /** By finding, `[N]`. */
  scores: Map<string, Float64Array>;
  labels: Map<string, Float64Array>;
  /** Columns left out because they hold no number, with the first text of each. */
  texts: Map<string, string>;
  notes: string[];
}

export interface ReadOptions extends NamedColumns {
  kind: 'predictions' | 'labels';
  /** Rows of this split alone, where the file has a column `split`; `all` for every row. */
  split: string;
  /** These findings alone. */
  findings?: readonly string[];
}

/** The CSV files that an argument means: itself; a run's `predictions.csv`; or those of the runs, or all, in a folder: seeds of one model. */
export function predictionFiles(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return [path];
  const files = (folder: string) => readdirSync(folder).sort();
  if (files(path).includes('predictions.csv')) return [join(path, 'predictions.csv')];
  const runs = files(path)
    .map((name) => join(path, name, 'predictions.csv'))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const tables = files(path)
    .filter((name) => /\.csv(\.gz)?$/i.test(name))
    .map((name) => join(path, name));
  const found = runs.length > 0 ? runs : tables;
  if (found.length > 0) return found;
  throw inputError({
    what: path,
    found: 'a folder without predictions',
    expected: 'predictions.csv in it or in its folders, or other CSV files',
  });
}

/** What to call a model by its files or folders: the name of the one, or what the names of several begin with. */
export function nameOf(paths: readonly string[]): string {
  const names = paths.map((path) => {
    const name = basename(resolve(path)).replace(/\.csv(\.gz)?$/i, '');
    return name === 'predictions' ? basename(dirname(resolve(path))) : name;
  });
  if (names.length === 1) return names[0]!;
  let common = names[0]!;
  while (!names.every((name) => name.startsWith(common))) common = common.slice(0, -1);
  // Not a part of a word: "b_se" of b_second and b_seed.
  if (names.some((name) => /\p{L}/u.test(name[common.length] ?? ''))) common = common.replace(/\p{L}+$/u, '');
  return common.replace(/[\s_-]*(seed)?[\s_-]*$/i, '') || names[0]!;
}

/**
 * Reads a file of predictions or labels: CSV (RFC 4180, also .gz), fields parted by comma, semicolon or tab; columns by the rules of
 * `recognizeColumns`. Throws an InputError that names the file and the column or row.
 */
export function readPredictionFile(path: string, options: ReadOptions): PredictionFile {
  const separator = separatorOf(readHeader(path).join(','));
  const columns = recognizeColumns(path, readHeader(path, separator), options.kind, options);
  const { id, patient, split } = columns;
  const { findings } = options;
  requireFindings(path, options.kind === 'predictions' ? columns.scores : columns.labels, findings);
  const [scores, labels] = [chosen(columns.scores, findings), chosen(columns.labels, findings)];
  const required = [
    id,
    ...[patient, split].filter((name) => name !== undefined),
    ...[...scores, ...labels].map(({ column }) => column),
  ];
  const values = new Map([...scores, ...labels].map(({ column }) => [column, new Cells(separator)]));
  const ids: string[] = [];
  const patients: string[] = [];
  const rows: number[] = [];
  const others = new Set<string>();
  for (const [index, row] of readTable(path, required, [], {
    separator,
    damaged: 'Complete the row, or quote what holds a separator.',
  })) {
    const at = `${path}: row ${index + 2}`;
    if (split && options.split !== 'all' && row[split] !== options.split) {
      others.add(row[split]!);
      continue;
    }
    const name = row[id]!.trim();
    if (name === '') throw inputError({ what: `${at}, ${id}`, found: 'nothing', expected: 'the id of the row' });
    ids.push(name);
    rows.push(index + 2);
    if (patient) {
      const who = row[patient]!.trim();
      if (who === '')
        throw inputError({
          what: `${at}, ${patient}`,
          found: 'nothing',
          expected: 'a patient',
          fix: 'Fill it in, or remove the column.',
        });
      patients.push(who);
    }
    for (const [column, cells] of values) cells.add(row[column]!, `${at}, ${column}`);
  }
  if (ids.length === 0) throw noRows(path, options.split, others);
  refuseTwice(path, id, ids, rows);
  const notes: string[] = [];
  if (columns.ignored.length > 0)
    notes.push(`${path}: ${counted(columns.ignored.length, 'column')} not used: ${listed(columns.ignored)}.`);
  const texts = new Map<string, string>();
  const used = { path, values, texts, notes };
  const commas = [...values].filter(([, cells]) => cells.commas).map(([column]) => column);
  if (commas.length > 0) notes.push(`${path}: numbers with a decimal comma in ${listed(commas)}.`);
  return {
    path,
    ids,
    ...(patient && { patients }),
    hasSplit: split !== undefined,
    scores: numbersOf(scores, columns.marked, used),
    labels: numbersOf(labels, columns.marked || options.kind === 'predictions', used),
    texts,
    notes,
  };
}

function chosen(columns: readonly FindingColumn[], findings: readonly string[] | undefined): readonly FindingColumn[] {
  if (!findings) return columns;
  const keys = findings.map(nameKey);
  return columns.filter(({ finding }) => keys.includes(nameKey(finding)));
}

function requireFindings(path: string, columns: readonly FindingColumn[], wanted: readonly string[] = []): void {
  const known = columns.map(({ finding }) => finding);
  const missing = wanted.find((name) => !known.some((finding) => nameKey(finding) === nameKey(name)));
  if (missing === undefined) return;
  const found = `the findings ${known.join(', ').slice(0, 300)}`;
  const fix = `Did you mean "${nearest(missing, known)}"?`;
  throw inputError({ what: path, found, expected: `${missing}, as --findings says`, fix });
}

function separatorOf(header: string): string {
  return [',', ';', '\t'].reduce((best, it) => (header.split(it).length > header.split(best).length ? it : best));
}

/** Columns of numbers. One that is not marked and holds no number at all, such as a view position, is left out. */
function numbersOf(
  wanted: readonly FindingColumn[],
  marked: boolean,
  { path, values, texts, notes }: Pick<PredictionFile, 'path' | 'texts' | 'notes'> & { values: Map<string, Cells> },
) {
  const numbers = new Map<string, Float64Array>();
  for (const { column, finding } of wanted) {
    const cells = values.get(column)!;
    if (cells.numbers === 0 && !marked && !cells.almostNumbers) {
      notes.push(`${path}: column ${column} holds no number and is not used.`);
      texts.set(column, cells.wrong?.text ?? '');
      continue;
    }
    if (cells.wrong) {
      const { at, text } = cells.wrong;
      throw inputError({
        what: at,
        found: JSON.stringify(text),
        expected: 'a finite number, or nothing where it is unknown',
        fix: adviceFor(text) ?? (marked ? undefined : 'Name the findings with --findings where the column is none.'),
      });
    }
    numbers.set(finding, Float64Array.from(cells.values));
  }
  return numbers;
}

function noRows(path: string, split: string, others: Set<string>): Error {
  if (others.size === 0) return inputError({ what: path, found: 'a header alone', expected: 'rows' });
  return inputError({
    what: `${path}: split`,
    found: listed([...others].slice(0, 10).map((name) => JSON.stringify(name))),
    expected: `rows of the split "${split}"`,
    fix: 'Name another with --split, or take every row with --split all.',
  });
}

function refuseTwice(path: string, column: string, ids: readonly string[], rows: readonly number[]): void {
  if (new Set(ids).size === ids.length) return;
  const firsts = new Map<string, number>();
  const twice = new Map<string, string>();
  for (const [i, id] of ids.entries()) {
    const first = firsts.get(id);
    if (first === undefined) firsts.set(id, rows[i]!);
    else if (!twice.has(id)) twice.set(id, `${id} in rows ${first} and ${rows[i]}`);
  }
  throw inputError({
    what: `${path}: ${column}`,
    found: `${counted(twice.size, 'id')} more than once (${examples([...twice.values()], 3)})`,
    expected: 'one row per image, with a column per finding',
    fix: 'Remove the rows that are there twice, turn a list of images and findings into such a table, or name the column that tells rows apart with --id.',
  });
}

/** `a, b, c, …` */
export function examples(names: readonly string[], most = 5): string {
  return names.slice(0, most).join(', ') + (names.length > most ? ', …' : '');
}
