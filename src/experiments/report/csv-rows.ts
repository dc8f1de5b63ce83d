import type { Interval } from '../result/index.js';

export const COLUMNS = [
  'dataset',
  'kind',
  'name',
  'comparedWith',
  'group',
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

/** A number of the comparison in long format; what does not apply is left out. */
export type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null>>;

export function numbers(interval: Interval | null | undefined): Row {
  return interval ? { ...interval } : {};
}
