import { cell, decimals, NONE, type Table, type TableCell } from '../../pages/index.js';
import type { ExperimentResult, Interval } from '../result/index.js';
import { range } from './format.js';

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
