import { writeSync } from 'node:fs';
import type { Table } from '../src/pages/index.js';

/** Prints the one JSON document that a command started with `--json` gives on standard output. */
export function printJson(value: unknown): void {
  writeAll(1, `${JSON.stringify(value, null, 2)}\n`);
}

/** Prints the result of a command for people, on standard output. */
export function print(text: string): void {
  writeAll(1, text.endsWith('\n') ? text : `${text}\n`);
}

/** Tells people how it goes, or warns: on standard error, so that standard output holds results alone. */
export function note(text: string): void {
  writeAll(2, text.endsWith('\n') ? text : `${text}\n`);
}

/** Rows as columns of equal width, those of `left` aligned left and the others right; the first row is the heading. */
export function table(rows: string[][], left: readonly number[] = [0]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    widths
      .map((width, i) => (left.includes(i) ? (row[i] ?? '').padEnd(width) : (row[i] ?? '').padStart(width)))
      .join('  ');
  const [heading = '', ...body] = rows.map(line);
  return [heading, widths.map((width) => '-'.repeat(width)).join('  '), ...body]
    .map((text) => `${text.trimEnd()}\n`)
    .join('');
}

/** A page's table as text: a group's heading stands above its rows, which are indented. */
export function textTable({ columns, groups }: Table): string {
  const rows = groups.flatMap(({ heading, rows: body }) => {
    const cells = body.map((row) => row.map(({ text, range }) => (range ? `${text} ${range}` : text)));
    return heading === undefined ? cells : [[heading], ...cells.map(([first, ...rest]) => [`  ${first}`, ...rest])];
  });
  return table([columns.map(({ text }) => text), ...rows]);
}

/** A word of a command line as one would type it. */
export const shown = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Writes everything before it returns, so that nothing is lost when the process ends; a closed pipe ends it quietly. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') process.exit(process.exitCode ?? 0);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
