import { gunzipSync } from 'node:zlib';
import { inputError, messageOf, readBytes } from '../base/index.js';

/** A row of a published table: required columns always, optional ones where the table has them. */
export type Row<R extends string, O extends string = never> = Record<R, string> & Partial<Record<O, string>>;

export interface TableOptions {
  /** Accepts rows with fewer or more fields than the header, as `BBox_List_2017.csv` has them. Missing fields are ''. */
  ragged?: boolean;
}

/** The most that a compressed table may become: 1 GiB. */
const MOST_BYTES = 2 ** 30;

/**
 * Reads the named columns of a CSV file (RFC 4180, header first; byte order mark, CRLF and gzip accepted), one object per row, one
 * row at a time so that a large table never lies in memory as objects. Row n is row n + 2 of the file, as `rowName` says.
 * Throws, at the first step, an InputError that names the file and the missing column, and later one that names a row with more or
 * fewer fields than the header.
 */
export function* readTable<R extends string, O extends string = never>(
  path: string,
  required: readonly R[],
  optional: readonly O[] = [],
  { ragged = false }: TableOptions = {},
): Generator<[index: number, row: Row<R, O>], void> {
  const records = recordsOf(path);
  const header = records.next().value;
  if (!header) throw inputError({ what: path, found: 'an empty file', expected: `the columns ${required.join(', ')}` });
  requireColumns(path, header, required);
  const columns = [...required, ...optional].flatMap((name) =>
    header.includes(name) ? [{ name, at: header.indexOf(name) }] : [],
  );
  let index = 0;
  for (const fields of records) {
    if (fields.length !== header.length && !ragged) {
      throw inputError({
        what: rowName(path, index),
        found: `${fields.length} fields`,
        expected: `${header.length}, as in the header`,
        fix: 'The file may be cut off: download it again.',
      });
    }
    const row: Record<string, string> = {};
    for (const { name, at } of columns) row[name] = fields[at] ?? '';
    yield [index++, row as Row<R, O>];
  }
}

/** The header of a CSV file. Throws an InputError where there is none. */
export function readHeader(path: string): string[] {
  const header = recordsOf(path).next().value;
  if (header) return header;
  throw inputError({ what: path, found: 'an empty file', expected: 'a table with a header' });
}

/** Throws an InputError, naming those that are missing, unless a table has all the columns. */
export function requireColumns(path: string, header: readonly string[], required: readonly string[]): void {
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw inputError({
    what: `${path}: header`,
    found: header.join(', ').slice(0, 500),
    expected: missing.map((name) => `a column "${name}"`).join(' and '),
    fix: 'Use the table as published.',
  });
}

/** What an error calls row `index` of a table read by `readTable`: counted from 1, the header included. */
export function rowName(path: string, index: number): string {
  return `${path}: row ${index + 2}`;
}

/** Reads a list with one entry per line; blank lines are skipped. Throws an InputError that names the file. */
export function readList(path: string): string[] {
  return [...linesOf(readDecompressed(path))].map((line) => line.trim()).filter((line) => line !== '');
}

/** Records in order; a line without a quotation mark, as nearly all are, is merely split. Blank lines are skipped. */
function* recordsOf(path: string): Generator<string[], undefined> {
  let open = '';
  for (const line of linesOf(readDecompressed(path))) {
    const text = open === '' ? line : `${open}\n${line}`;
    if (!text.includes('"')) {
      if (text !== '') yield text.split(',');
    } else if (hasOpenQuote(text)) {
      open = text;
      continue;
    } else yield splitQuoted(text);
    open = '';
  }
  if (open !== '') {
    const found = `a quotation mark that is never closed (${open.slice(0, 60)} …)`;
    throw inputError({ what: path, found, expected: 'a comma-separated table', fix: 'Download the file again.' });
  }
}

function hasOpenQuote(text: string): boolean {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++;
  return count % 2 === 1;
}

/** The fields of one record, RFC 4180: a quoted field may hold commas and line breaks, and quotation marks doubled. */
function splitQuoted(record: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= record.length; ) {
    if (record[at] === '"') {
      let end = record.indexOf('"', at + 1);
      while (record[end + 1] === '"') end = record.indexOf('"', end + 2);
      const comma = record.indexOf(',', end);
      const tail = comma < 0 ? record.length : comma;
      fields.push(record.slice(at + 1, end).replaceAll('""', '"') + record.slice(end + 1, tail));
      at = tail + 1;
    } else {
      const comma = record.indexOf(',', at);
      const tail = comma < 0 ? record.length : comma;
      fields.push(record.slice(at, tail));
      at = tail + 1;
    }
  }
  return fields;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Lines as strings of their own, so that a kept field holds on to its line and not to the whole text. */
function* linesOf(bytes: Buffer): Generator<string, void> {
  const mark = bytes.subarray(0, 3).toString('latin1') === '\xEF\xBB\xBF' ? 3 : 0;
  for (let at = mark; at < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const next = feed < 0 ? bytes.length : feed;
    const end = next > at && bytes[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    yield bytes.toString('utf8', at, end);
    at = next + 1;
  }
}

function readDecompressed(path: string): Buffer {
  const bytes = readBytes(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES, chunkSize: 2 ** 20 });
  } catch (error) {
    const found = `damaged or oversized gzip data (${messageOf(error)})`;
    throw inputError({ what: path, found, expected: 'a complete .gz file', fix: 'Download the file again.' });
  }
}
