import { gunzipSync } from 'node:zlib';
import { inputError, messageOf, readBytes } from '../base/index.js';

/** A row of a published table: required columns always, optional ones where the table has them, and `together` where asked. */
export type Row<R extends string, O extends string = never> = Record<R, string> &
  Partial<Record<O | 'together', string>>;

export interface TableOptions {
  /** Accepts rows with fewer or more fields than the header, as `BBox_List_2017.csv` has them. Missing fields are ''. */
  ragged?: boolean;
  /** What the error for a missing column advises. */
  fix?: string;
  /** What that for a row of another length advises; that the file may be cut off by default. */
  damaged?: string;
  /** One character between the fields; a comma by default. */
  separator?: string;
  /**
   * Columns whose cells are wanted as one text, joined by the separator in this order, in the field `together`: for rows that are
   * looked up by all their labels. Where the columns stand side by side, as published, lines are not taken apart there.
   */
  together?: readonly string[];
}

/** Which fields of a record are wanted. */
interface Wanted {
  /** By field; undefined where it is not wanted. */
  names: readonly (string | undefined)[];
  /** The fields of `together`. */
  together: readonly number[];
  sideBySide: boolean;
}

const CUT_OFF = 'The file may be cut off: download it again.';
/** The most that a compressed table may become: 512 MiB. */
const MOST_BYTES = 2 ** 29;
/** The most characters of one record: more means a quotation mark that is never closed. */
const LONGEST_RECORD = 2 ** 20;

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
  { ragged = false, fix, damaged = CUT_OFF, separator = ',', together = [] }: TableOptions = {},
): Generator<[index: number, row: Row<R, O>], void> {
  const records = new Records(path, separator);
  const header = headerOf(records, `the columns ${required.join(', ')}`);
  requireColumns(path, header, [...required, ...together], fix);
  const wanted = fieldsWanted(header, [...required, ...optional], together);
  for (let index = 0; records.next(); index++) {
    const row: Record<string, string> = {};
    const count = records.cut(wanted, row);
    if (count !== header.length) {
      if (!ragged) {
        throw inputError({
          what: rowName(path, index),
          found: `${count} fields`,
          expected: `${header.length}, as in the header`,
          fix: damaged,
        });
      }
      for (const name of wanted.names) if (name) row[name] ??= '';
    }
    yield [index, row as Row<R, O>];
  }
}

function fieldsWanted(header: readonly string[], columns: readonly string[], joined: readonly string[]): Wanted {
  const names = header.map((name, field) =>
    columns.includes(name) && header.indexOf(name) === field ? name : undefined,
  );
  const together = joined.map((name) => header.indexOf(name));
  return { names, together, sideBySide: together.every((field, i) => field === together[0]! + i) };
}

/** The header of a CSV file. Throws an InputError where there is none. */
export function readHeader(path: string, separator = ','): string[] {
  return headerOf(new Records(path, separator), 'a table with a header');
}

function headerOf(records: Records, expected: string): string[] {
  if (!records.next()) throw inputError({ what: records.path, found: 'an empty file', expected });
  return records.fields();
}

/** Throws an InputError, naming those that are missing, unless a table has all the columns. */
export function requireColumns(
  path: string,
  header: readonly string[],
  required: readonly string[],
  fix = 'Use the table as published.',
): void {
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw inputError({
    what: `${path}: header`,
    found: header.join(', ').slice(0, 500),
    expected: missing.map((name) => `a column "${name}"`).join(' and '),
    fix,
  });
}

/** What an error calls row `index` of a table read by `readTable`: counted from 1, the header included. */
export function rowName(path: string, index: number): string {
  return `${path}: row ${index + 2}`;
}

/** Reads a list with one entry per line; blank lines are skipped. Throws an InputError that names the file. */
export function readList(path: string): string[] {
  const lines = new Lines(readDecompressed(path));
  const list: string[] = [];
  while (lines.next()) {
    const entry = lines.text.trim();
    if (entry !== '') list.push(entry);
  }
  return list;
}

/** The records of a table, one at a time: a line each, or several where a quoted field holds line breaks. Blank lines are skipped. */
class Records {
  /** The record on which the cursor stands. */
  private text = '';
  private quoted = false;
  /** Where that record starts in the bytes, if it is one line of ASCII; -1 otherwise. */
  private start = -1;
  private readonly bytes: Buffer;
  private readonly lines: Lines;

  constructor(
    readonly path: string,
    private readonly separator: string,
  ) {
    this.bytes = readDecompressed(path);
    this.lines = new Lines(this.bytes);
  }

  /** Steps to the next record; false where there is none. */
  next(): boolean {
    const { lines } = this;
    while (lines.next()) {
      this.text = lines.text;
      this.start = lines.start;
      if (this.text === '') continue;
      this.quoted = this.text.includes('"');
      for (let open = hasOpenQuote(this.text); open; open = open !== hasOpenQuote(lines.text)) {
        if (this.text.length > LONGEST_RECORD || !lines.next()) throw this.neverClosed();
        this.text += `\n${lines.text}`;
        this.start = -1;
      }
      return true;
    }
    return false;
  }

  /** All fields of the record. */
  fields(): string[] {
    const fields: string[] = [];
    this.cut({ names: [], together: [], sideBySide: true }, {}, fields);
    return fields;
  }

  /**
   * Puts the wanted fields of the record into `row`, all of them into `every` if given, and counts them. RFC 4180: a quoted field may
   * hold separators and line breaks, and quotation marks doubled.
   */
  cut({ names, together, sideBySide }: Wanted, row: Record<string, string>, every?: string[]): number {
    const { text, separator, quoted } = this;
    const first = sideBySide && !quoted && together.length > 0 ? together[0]! : -1;
    const last = first + together.length - 1;
    let start = 0;
    for (let at = 0, field = 0; ; field++) {
      const close = quoted && text.charCodeAt(at) === QUOTE ? this.closing(at) : -1;
      const next = text.indexOf(separator, close < 0 ? at : close);
      const end = next < 0 ? text.length : next;
      const name = names[field];
      if (name !== undefined || every) {
        const value =
          close < 0
            ? this.slice(at, end)
            : text.slice(at + 1, close).replaceAll('""', '"') + text.slice(close + 1, end);
        if (name !== undefined) row[name] = value;
        every?.push(value);
      }
      if (field === first) start = at;
      if (first >= 0 && field === last) row.together = text.slice(start, end);
      if (next < 0) {
        if (first < 0 && together.length > 0) row.together = this.join(together);
        return field + 1;
      }
      at = next + 1;
    }
  }

  private join(fields: readonly number[]): string {
    const all = this.fields();
    return fields.map((field) => all[field] ?? '').join(this.separator);
  }

  /** Where the quotation mark stands that closes the one at `open`. */
  private closing(open: number): number {
    const { text } = this;
    let close = text.indexOf('"', open + 1);
    while (close >= 0 && text.charCodeAt(close + 1) === QUOTE) close = text.indexOf('"', close + 2);
    if (close < 0) throw this.neverClosed();
    return close;
  }

  /** A longer part of a string keeps the whole string in memory, so it is read from the bytes again. */
  private slice(from: number, to: number): string {
    if (to - from < SHORTEST_SHARED || this.start < 0) return this.text.slice(from, to);
    return this.bytes.toString('utf8', this.start + from, this.start + to);
  }

  private neverClosed(): Error {
    return inputError({
      what: this.path,
      found: `a quotation mark that is never closed (${this.text.slice(0, 60)} …)`,
      expected: 'a complete table',
      fix: 'Download the file again.',
    });
  }
}

function hasOpenQuote(text: string): boolean {
  let open = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) open = !open;
  return open;
}

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** V8 copies shorter parts of a string (SlicedString::kMinLength). */
const SHORTEST_SHARED = 13;

/** The lines of a text, one at a time, each a string of its own. */
class Lines {
  text = '';
  /** Where the line starts in the bytes, if it is ASCII; -1 otherwise. */
  start = -1;
  private at: number;

  constructor(private readonly bytes: Buffer) {
    this.at = bytes.subarray(0, 3).toString('latin1') === '\xEF\xBB\xBF' ? 3 : 0;
  }

  next(): boolean {
    const { bytes, at } = this;
    if (at >= bytes.length) return false;
    const feed = bytes.indexOf(LINE_FEED, at);
    const next = feed < 0 ? bytes.length : feed;
    const end = next > at && bytes[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    this.text = bytes.toString('utf8', at, end);
    this.start = this.text.length === end - at ? at : -1;
    this.at = next + 1;
    return true;
  }
}

function readDecompressed(path: string): Buffer {
  const bytes = readBytes(path);
  refuseOtherFormats(path, bytes);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES, chunkSize: unpackedSize(bytes) + 1 });
  } catch (error) {
    const found = `damaged or oversized gzip data (${messageOf(error)})`;
    throw inputError({ what: path, found, expected: 'a complete .gz file', fix: 'Download the file again.' });
  }
}

/** UTF-16, as spreadsheets write "Unicode text", and workbooks themselves. */
function refuseOtherFormats(path: string, bytes: Buffer): void {
  const start = bytes.subarray(0, 4).toString('latin1');
  const found =
    start.startsWith('\xFF\xFE') || start.startsWith('\xFE\xFF')
      ? 'text in UTF-16'
      : start === 'PK\x03\x04'
        ? 'a workbook or ZIP file'
        : undefined;
  if (found) throw inputError({ what: path, found, expected: 'CSV in UTF-8', fix: 'Save it as "CSV UTF-8".' });
}

/**
 * What a gzip file says of its size (RFC 1952, ISIZE): one piece of memory that is large enough, where the file is sound. Deflate
 * makes at most 1032 bytes of one.
 */
function unpackedSize(bytes: Buffer): number {
  const stated = bytes.length < 18 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  return Math.max(Math.min(stated, 1032 * bytes.length, MOST_BYTES), 2 ** 20);
}
