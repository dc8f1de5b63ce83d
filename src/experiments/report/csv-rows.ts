import type { Difference, FindingComparison, Interval, PairComparison } from '../result/index.js';

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

/**
 * Of a difference name - comparedWith, where it was tested so: DeLong's interval, two-sided p and variance (`by patient`, `by image`); p of the
 * permutation test; with a margin whether the one named is not inferior (1, 0), the one that it is compared with, and both equivalent.
 */
export const TESTS = [
  'pDelong',
  'delongLow',
  'delongHigh',
  'delongVariance',
  'pPermutation',
  'margin',
  'nonInferior',
  'pNonInferior',
  'comparedNonInferior',
  'pComparedNonInferior',
  'equivalent',
  'pEquivalent',
] as const;

export const COLUMNS = ['dataset', 'kind', 'name', 'comparedWith', 'group', ...NUMBERS, ...TESTS] as const;

type Value = string | number | null | undefined;

/** A record of some columns; what does not apply is left out. */
export type RowOf<Column extends string> = Partial<Record<Column, Value>>;

/** A number of the comparison in long format. */
export type Row = RowOf<(typeof COLUMNS)[number]>;

export function numbers(interval: Interval | null | undefined): RowOf<keyof Interval> {
  return interval ? { ...interval } : {};
}

/** The numbers of a finding's tested difference. */
export function testedFinding({ delong, pPermutation, ...difference }: FindingComparison): RowOf<Tested> {
  return {
    ...testedNumbers(difference),
    ...(delong && {
      pDelong: delong.p,
      delongLow: delong.difference?.low,
      delongHigh: delong.difference?.high,
      delongVariance: delong.patients === undefined ? 'by image' : 'by patient',
      note: delong.reason && `DeLong: ${delong.reason}`,
    }),
    pPermutation,
  };
}

/** The numbers of the tested difference of a pair's means. */
export function testedMean({ mean, permutation, margin }: Omit<PairComparison, 'dataset'>): RowOf<Tested> {
  const yes = (it: boolean) => (it ? 1 : 0);
  return {
    ...testedNumbers(mean),
    pPermutation: permutation?.p,
    note: permutation?.reason && `permutation: ${permutation.reason}`,
    ...(margin && {
      margin: margin.margin,
      nonInferior: yes(margin.firstNonInferior),
      pNonInferior: margin.pFirstNonInferior,
      comparedNonInferior: yes(margin.secondNonInferior),
      pComparedNonInferior: margin.pSecondNonInferior,
      equivalent: yes(margin.equivalent),
      pEquivalent: margin.pEquivalent,
    }),
  };
}

type Tested = (typeof NUMBERS)[number] | (typeof TESTS)[number];

function testedNumbers({ difference, p, pAdjusted, pGreater }: Difference) {
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
