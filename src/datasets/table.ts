import { parse } from 'csv-parse/sync';
import { inputError, messageOf, readText } from '../base/index.js';

/** A row of a published table: required columns always, optional ones where the table has them. */
export type Row<R extends string, O extends string = never> = Record<R, string> & Partial<Record<O, string>>;

/**
 * Reads the named columns of a CSV file (RFC 4180, header first, byte order mark and CRLF accepted), one object per row, one row at a
 * time so that a large table never lies in memory as objects. Row n is row n + 2 of the file, as `rowName` says.
 * Throws, at the first step, an InputError that names the file and the missing column, and later one that names a row with more or
 * fewer fields than the header.
 */
export function* readTable<R extends string, O extends string = never>(
  path: string,
  required: readonly R[],
  optional: readonly O[] = [],
): Generator<[index: number, row: Row<R, O>], void> {
  const records = recordsOf(path);
  const header = records.next().value;
  if (!header) throw inputError({ what: path, found: 'an empty file', expected: `the columns ${required.join(', ')}` });
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    throw inputError({
      what: `${path}: header`,
      found: header.join(', ').slice(0, 500),
      expected: missing.map((name) => `a column "${name}"`).join(' and '),
      fix: 'Use the table as published.',
    });
  }
  const columns = [...required, ...optional].flatMap((name) =>
    header.includes(name) ? [{ name, at: header.indexOf(name) }] : [],
  );
  let index = 0;
  for (const fields of records) {
    if (fields.length !== header.length) {
      throw inputError({
        what: rowName(path, index),
        found: `${fields.length} fields`,
        expected: `${header.length}, as in the header`,
        fix: 'The file may be cut off: download it again.',
      });
    }
    const row: Record<string, string> = {};
    for (const { name, at } of columns) row[name] = fields[at]!;
    yield [index++, row as Row<R, O>];
  }
}

/** What an error calls row `index` of a table read by `readTable`: counted from 1, the header included. */
export function rowName(path: string, index: number): string {
  return `${path}: row ${index + 2}`;
}

/** A table without a quotation mark needs no parser: splitting it is four times as fast, and the large published tables have none. */
function* recordsOf(path: string): Generator<string[], undefined> {
  const text = readText(path).replace(/^\uFEFF/, '');
  if (text.includes('"')) {
    try {
      yield* parse(text, { relax_column_count: true, skip_empty_lines: true });
    } catch (error) {
      throw inputError({ what: path, found: `invalid CSV (${messageOf(error)})`, expected: 'a comma-separated table' });
    }
  } else {
    for (const line of linesOf(text)) if (line !== '') yield line.split(',');
  }
}

/** Reads a list with one entry per line; blank lines are skipped. Throws an InputError that names the file. */
export function readList(path: string): string[] {
  return linesOf(readText(path))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function linesOf(text: string): string[] {
  return text.replaceAll('\r\n', '\n').split('\n');
}
