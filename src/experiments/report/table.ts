import type { ExperimentResult, Interval } from '../result.js';
import { decimals, NONE, range } from './format.js';

/** A table without a format: the same rows become HTML and Markdown. All strings are plain text, to be escaped by the writer. */
export interface Table {
  title: string;
  columns: Column[];
  groups: { heading?: string; rows: TableCell[][] }[];
  notes: string[];
}

export interface Column {
  text: string;
  align: 'left' | 'right';
}

export interface TableCell {
  text: string;
  /** The interval that belongs to a number. */
  range?: string;
  strong?: boolean;
}

export const left = (text: string): Column => ({ text, align: 'left' });
export const right = (text: string): Column => ({ text, align: 'right' });
export const cell = (text: string): TableCell => ({ text });
/** An estimate with its interval; a dash where there is none. */
export const estimate = (interval: Interval | null | undefined, strong = false): TableCell =>
  interval ? { text: decimals(interval.estimate), range: range(interval), strong } : cell(NONE);

/** One group of rows per data set, with a heading where there are several. */
export function byDataset(
  result: ExperimentResult,
  rows: (result: ExperimentResult, dataset: string) => TableCell[][],
): Table['groups'] {
  return result.datasets.map(({ name }) => ({
    heading: result.datasets.length > 1 ? name : undefined,
    rows: rows(result, name),
  }));
}
