/** Whether a yes-or-no trait goes with groups: tests of 2 x G tables. */

/** Counts of one group. */
export interface GroupCounts {
  positives: number;
  negatives: number;
}

export interface Association {
  /** Null where the table has fewer than two groups, or one outcome only. */
  test: 'chi-square' | 'fisher' | null;
  /** NaN where there is no test. */
  p: number;
  /** Cramer's V, 0..1: the root of chi-square over the rows; for two groups the absolute phi coefficient. */
  cramersV: number;
  /** Groups that are not in the test. */
  leftOut: number[];
}

/** Fewer expected cases than this in a cell, and chi-square is no good approximation (Cochran, Biometrics 10:417, 1954). */
const LEAST_EXPECTED = 5;

/**
 * Whether the share of positives differs between groups: Pearson's chi-square without continuity correction, or, where two groups are
 * left and fewer than 5 cases are expected in a cell, Fisher's exact test. While more than two groups are left and a cell expects fewer
 * than 5, the smallest group is left out.
 */
export function association(groups: readonly GroupCounts[]): Association {
  const size = (g: number) => groups[g]!.positives + groups[g]!.negatives;
  let kept = [...groups.keys()].filter((g) => size(g) > 0);
  const counts = () => kept.map((g) => groups[g]!);
  while (kept.length > 2 && leastExpected(counts()) < LEAST_EXPECTED) {
    const smallest = kept.reduce((a, b) => (size(b) < size(a) ? b : a));
    kept = kept.filter((g) => g !== smallest);
  }
  const leftOut = [...groups.keys()].filter((g) => !kept.includes(g));
  const table = counts();
  const { positives, rows } = totals(table);
  if (kept.length < 2 || positives === 0 || positives === rows) {
    return { test: null, p: NaN, cramersV: NaN, leftOut };
  }
  const statistic = chiSquare(table);
  const cramersV = Math.sqrt(statistic / rows);
  if (leastExpected(table) >= LEAST_EXPECTED) {
    return { test: 'chi-square', p: chiSquareTail(statistic, kept.length - 1), cramersV, leftOut };
  }
  return { test: 'fisher', p: fisherExact(table[0]!, table[1]!), cramersV, leftOut };
}

/** Pearson's statistic of a 2 x G table in which neither row nor column is empty. */
export function chiSquare(groups: readonly GroupCounts[]): number {
  const { positives, rows } = totals(groups);
  let statistic = 0;
  for (const group of groups) {
    const expected = ((group.positives + group.negatives) * positives) / rows;
    const off = (group.positives - expected) ** 2;
    statistic += off / expected + off / (group.positives + group.negatives - expected);
  }
  return statistic;
}

/** Probability that chi-square with `degrees` degrees of freedom is at least `x`: the regularized upper incomplete gamma function. */
export function chiSquareTail(x: number, degrees: number): number {
  return upperGamma(degrees / 2, x / 2);
}

/**
 * Fisher's exact test of two groups, two-sided: the probability, with the margins as they are, of the tables that are no more likely
 * than this one (within a relative 1e-7, as in R's `fisher.test`).
 */
export function fisherExact(first: GroupCounts, second: GroupCounts): number {
  const rows = first.positives + first.negatives;
  const others = second.positives + second.negatives;
  const positives = first.positives + second.positives;
  const logOf = (k: number) => logChoose(rows, k) + logChoose(others, positives - k);
  const all = logChoose(rows + others, positives);
  const limit = logOf(first.positives) + 1e-7;
  let p = 0;
  for (let k = Math.max(0, positives - others); k <= Math.min(rows, positives); k++) {
    const log = logOf(k);
    if (log <= limit) p += Math.exp(log - all);
  }
  return Math.min(1, p);
}

function totals(groups: readonly GroupCounts[]): { positives: number; rows: number } {
  let positives = 0;
  let rows = 0;
  for (const group of groups) {
    positives += group.positives;
    rows += group.positives + group.negatives;
  }
  return { positives, rows };
}

function leastExpected(groups: readonly GroupCounts[]): number {
  const { positives, rows } = totals(groups);
  const rarer = Math.min(positives, rows - positives);
  return Math.min(...groups.map((group) => ((group.positives + group.negatives) * rarer) / rows));
}

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** Lanczos's approximation with g = 7 and nine terms, to about 1e-15 (Press et al., Numerical Recipes, section 6.1). */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** x > 0 */
function logGamma(x: number): number {
  const t = x + 6.5;
  const series = LANCZOS.reduce((sum, coefficient, i) => sum + (i === 0 ? coefficient : coefficient / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** Q(a, x), by its series below a + 1 and by a continued fraction above (Numerical Recipes, section 6.2). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * h;
}
