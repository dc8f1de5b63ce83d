import { CORRECTION_NAMES } from '../../evaluation/index.js';
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

/** What the columns of p are, where `family` is what is corrected over. */
export function pNote({ statistics: { correction } }: Pick<ExperimentResult, 'statistics'>, family: string): string {
  return correction === 'none'
    ? 'p: two-sided, not corrected for the number of comparisons.'
    : `p: two-sided, not corrected. Corrected: ${CORRECTION_NAMES[correction]}, over ${family}.`;
}

/** Over which findings means are, said once for all places (data sets, pairs of them) that have the same. */
export function meanNotes(means: readonly { place: string; meanOver: readonly string[]; of?: number }[]): string[] {
  const groups = new Map<string, Set<string>>();
  for (const { place, meanOver, of } of means) {
    const total = of === undefined ? `${meanOver.length}` : `${meanOver.length} of ${of}`;
    const over = meanOver.length > 0 ? `${total} findings (${meanOver.join(', ')})` : 'no finding';
    groups.set(over, (groups.get(over) ?? new Set()).add(place));
  }
  const largest = Math.max(...[...groups.values()].map(({ size }) => size));
  const sorted = [...groups].sort(([, a], [, b]) => a.size - b.size);
  return sorted.map(([over, places], i) => {
    const last = i === sorted.length - 1;
    const named = last && places.size === largest && places.size > 3;
    const where = named ? (sorted.length > 1 ? 'All others' : 'All') : [...places].join('; ');
    return `${where}: mean over ${over}.`;
  });
}
