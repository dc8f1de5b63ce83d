/**
 * Adjusted p-values of a family of tests that hold the false discovery rate (Benjamini and Hochberg, J R Stat Soc B 57:289, 1995):
 * of the p-values in ascending order, the i-th of m becomes the smallest p_j m / j over j >= i. In the order given.
 * NaN, a test that could not be made, is no member of the family and stays NaN. Throws a RangeError for p outside 0..1.
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  const adjusted = Float64Array.from(pValues);
  for (const p of adjusted) {
    if (p < 0 || p > 1) throw new RangeError(`benjaminiHochberg: p-value ${p} is outside 0..1`);
  }
  const family = [...adjusted.keys()].filter((i) => !Number.isNaN(adjusted[i]));
  family.sort((a, b) => adjusted[b]! - adjusted[a]!);
  let smallest = 1;
  family.forEach((i, position) => {
    smallest = Math.min(smallest, adjusted[i]! * (family.length / (family.length - position)));
    adjusted[i] = smallest;
  });
  return adjusted;
}
