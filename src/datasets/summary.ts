import { inputError } from '../base/index.js';
import type { Finding } from './findings.js';
import { type Radiograph, type RadiographDataset, SPLITS, type Split } from './radiograph.js';

export interface LabelCounts {
  positive: number;
  negative: number;
  unknown: number;
}

export interface SplitSummary {
  images: number;
  patients: number;
  /** By published name. */
  findings: Record<string, LabelCounts>;
  /** Images per view position and per sex; `unknown` where the table has none. */
  views: Record<string, number>;
  sexes: Record<string, number>;
  /** Left out where no age is known. */
  medianAgeYears?: number;
}

/** Counts of a data set, per split. */
export function summarize({ radiographs, findings }: RadiographDataset): Record<Split, SplitSummary> {
  const entries = SPLITS.map((split) => {
    const rows = radiographs.filter((radiograph) => radiograph.split === split);
    return [split, summarizeRadiographs(rows, findings)] as const;
  });
  return Object.fromEntries(entries) as Record<Split, SplitSummary>;
}

/** Counts of some radiographs. `findings` are those of their data set, in the order of `labels`. */
export function summarizeRadiographs(rows: readonly Radiograph[], findings: readonly Finding[]): SplitSummary {
  const median = medianOf(rows.map(({ ageYears }) => ageYears).filter((age) => !Number.isNaN(age)));
  return {
    images: rows.length,
    patients: new Set(rows.map(({ patient }) => patient)).size,
    findings: Object.fromEntries(findings.map(({ name }, column) => [name, countLabels(rows, column)])),
    views: tally(rows.map(({ view }) => view)),
    sexes: tally(rows.map(({ sex }) => sex)),
    ...(median === undefined ? {} : { medianAgeYears: median }),
  };
}

/**
 * Weight of the positives in the binary cross-entropy: negatives / positives per finding, over the radiographs given, which must be
 * those that training really uses. Unknown labels do not count. Returns `[findings]`.
 * Throws an InputError where there is no radiograph, and, with the counts, for every finding that has one class only.
 */
export function posWeight(rows: readonly Radiograph[], findings: readonly Finding[]): Float32Array {
  if (rows.length === 0) {
    throw inputError({ what: 'training split', found: 'no radiograph', expected: 'at least one' });
  }
  const counts = findings.map(({ name }, column) => ({ name, ...countLabels(rows, column) }));
  const onesided = counts.filter(({ positive, negative }) => positive === 0 || negative === 0);
  if (onesided.length > 0) {
    throw inputError({
      what: `training split, ${onesided.map(({ name }) => name).join(', ')}`,
      found: onesided.map((c) => `${c.name}: ${c.positive} positive, ${c.negative} negative`).join('; '),
      expected: 'positives and negatives of every finding',
      fix: 'Leave these findings out, or train on more radiographs.',
    });
  }
  return Float32Array.from(counts, ({ positive, negative }) => negative / positive);
}

function countLabels(rows: readonly Radiograph[], column: number): LabelCounts {
  const counts = { positive: 0, negative: 0, unknown: 0 };
  for (const { labels } of rows) {
    const label = labels[column]!;
    if (label === 1) counts.positive++;
    else if (label === 0) counts.negative++;
    else counts.unknown++;
  }
  return counts;
}

function tally(values: (string | null)[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value ?? 'unknown', (counts.get(value ?? 'unknown') ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function medianOf(values: number[]): number | undefined {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length > 0
      ? (sorted[middle - 1]! + sorted[middle]!) / 2
      : undefined;
}
