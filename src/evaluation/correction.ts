/** How the p-values of a family of tests are adjusted; `none` leaves them as they are. */
export const CORRECTIONS = ['benjamini-hochberg', 'benjamini-yekutieli', 'holm', 'none'] as const;
export type Correction = (typeof CORRECTIONS)[number];

/** What a correction is called in a sentence, and what it holds. */
export const CORRECTION_NAMES: Record<Correction, string> = {
  'benjamini-hochberg': 'Benjamini-Hochberg (false discovery rate)',
  'benjamini-yekutieli': 'Benjamini-Yekutieli (false discovery rate under any dependence)',
  holm: 'Holm (family-wise error rate)',
  none: 'none (p as it is)',
};

/**
 * Adjusted p-values of a family of tests, in the order given: a hypothesis is rejected at level a where its adjusted p is at most a.
 * NaN, a test that could not be made, is no member of the family and stays NaN. Throws a RangeError for p outside 0..1.
 *
 * - `benjamini-hochberg` holds the false discovery rate of tests that are independent or positively dependent (J R Stat Soc B
 *   57:289, 1995): of the p-values in ascending order, the i-th of m becomes the smallest p_j m / j over j >= i.
 * - `benjamini-yekutieli` holds it under any dependence (Ann Stat 29:1165, 2001): the same, times 1 + 1/2 + ... + 1/m.
 * - `holm` holds the probability of any false rejection (Scand J Stat 6:65, 1979): the largest p_j (m + 1 - j) over j <= i.
 */
export function adjust(method: Correction, pValues: ArrayLike<number>): Float64Array {
  const adjusted = Float64Array.from(pValues);
  for (const p of adjusted) {
    if (p < 0 || p > 1) throw new RangeError(`adjust: p-value ${p} is outside 0..1`);
  }
  const ascending = [...adjusted.keys()].filter((i) => !Number.isNaN(adjusted[i]));
  ascending.sort((a, b) => adjusted[a]! - adjusted[b]!);
  const m = ascending.length;
  if (method === 'holm') {
    let largest = 0;
    for (const [j, i] of ascending.entries()) {
      largest = Math.max(largest, adjusted[i]! * (m - j));
      adjusted[i] = Math.min(1, largest);
    }
  } else if (method !== 'none') {
    const factor = method === 'benjamini-yekutieli' ? harmonic(m) : 1;
    let smallest = 1;
    for (const [before, i] of ascending.reverse().entries()) {
      smallest = Math.min(smallest, adjusted[i]! * factor * (m / (m - before)));
      adjusted[i] = smallest;
    }
  }
  return adjusted;
}

/** `adjust` after Benjamini and Hochberg. */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  return adjust('benjamini-hochberg', pValues);
}

/** 1 + 1/2 + ... + 1/m */
function harmonic(m: number): number {
  let total = 0;
  for (let i = 1; i <= m; i++) total += 1 / i;
  return total;
}
