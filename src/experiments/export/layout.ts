import type { Table, TableCell } from '../../pages/index.js';
import { textWidth } from './helvetica.js';

/** How wide each column of a table is, in points, and about how many lines its rows then take. */
export interface Layout {
  widths: number[];
  /** Without one line break that was not asked for. */
  natural: boolean;
  /** A word or an interval is wider than its column. */
  tooNarrow: boolean;
  lines: number;
}

/** Letters in print are about as wide as those of Helvetica, whose widths are known; bold and other fonts differ by less than this. */
const SPARE = 1.06;
/** Headings, and what is strong, may be bold. */
const BOLD = 1.1;

/**
 * Shares `available` points among the columns of a table in letters of `size` points: as wide as their content where all fits, else
 * no narrower than the longest word, and the rest by the square root of the content, which keeps rows low. `padding` is that of a
 * column, left and right together.
 */
export function layoutOf(
  table: Table,
  available: number,
  { size, padding }: { size: number; padding: number },
): Layout {
  const { columns, groups } = table;
  const rows = groups.flatMap((group) => group.rows);
  const measure = (text: string) => SPARE * textWidth(text, size);
  const weight = (strong = false) => (strong ? BOLD : 1);
  const wholeOf = ({ text, range, strong }: TableCell) => weight(strong) * measure(range ? `${text} ${range}` : text);
  const wordOf = ({ text, range = '', strong }: TableCell) =>
    weight(strong) * Math.max(...[text, range].flatMap(wordsOf).map(measure));
  const columnOf = (widthOf: (cell: TableCell) => number) =>
    columns.map(({ text }, i) => Math.max(widthOf({ text, strong: true }), ...rows.map((row) => widthOf(row[i]!))));
  const [whole, words] = [columnOf(wholeOf), columnOf(wordOf)];
  const room = available - padding * columns.length;
  const natural = sum(whole) <= room;
  const widths = natural ? whole : shared(words, whole, room);
  const linesOf = (cell: TableCell, i: number) => Math.ceil(wholeOf(cell) / widths[i]!);
  const headings = groups.filter(({ heading }) => heading !== undefined).length;
  return {
    widths,
    natural,
    tooNarrow: sum(words) > room,
    lines: headings + rows.reduce((lines, row) => lines + Math.max(...row.map(linesOf)), 0),
  };
}

/** An interval stays on one line: its spaces do not break. */
export const unbroken = (range: string) => (range.startsWith('[') ? range.replaceAll(' ', '\u00a0') : range);

const wordsOf = (text: string) => unbroken(text).split(/[^\S\u00a0]+/);

function shared(least: number[], most: number[], room: number): number[] {
  const at = (level: number) =>
    least.map((width, i) => Math.max(width, Math.min(most[i]!, level * Math.sqrt(most[i]!))));
  let [low, high] = [0, Math.max(...most)];
  for (let i = 0; i < 50; i++) {
    const level = (low + high) / 2;
    if (sum(at(level)) > room) high = level;
    else low = level;
  }
  const widths = at(low);
  const scale = Math.min(1, room / sum(widths));
  return widths.map((width) => width * scale);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
