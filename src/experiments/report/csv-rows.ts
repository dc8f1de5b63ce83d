import type { Difference, Interval } from '../result/index.js';

/** What every table of numbers ends with: the estimate with its interval, mean and standard deviation over the redraws, p and counts. */
export const NUMBERS = [
  'finding',
  'metric',
  'estimate',
  'low',
  'high',
  'mean',
  'sd',
  'p',
  'pAdjusted',
  'pGreater',
  'positives',
  'negatives',
  'note',
] as const;

export const COLUMNS = ['dataset', 'kind', 'name', 'comparedWith', 'group', ...NUMBERS] as const;

type Value = string | number | null | undefined;

/** A record of some columns; what does not apply is left out. */
export type RowOf<Column extends string> = Partial<Record<Column, Value>>;

/** A number of the comparison in long format. */
export type Row = RowOf<(typeof COLUMNS)[number]>;

export function numbers(interval: Interval | null | undefined): RowOf<keyof Interval> {
  return interval ? { ...interval } : {};
}

/** The numbers of a tested difference. */
export function testedNumbers({ difference, p, pAdjusted, pGreater }: Difference) {
  return { ...numbers(difference), p, pAdjusted, pGreater };
}

/** The findings of a mean. */
export const over = (findings: readonly string[]) => `over ${findings.join('|')}`;

/** A header and a line per row (RFC 4180). */
export function csvOf<Column extends string>(columns: readonly Column[], rows: readonly RowOf<Column>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map(csvLine).join('');
}

/** One record with its line end. */
export function csvLine(values: readonly Value[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

function field(value: Value): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
