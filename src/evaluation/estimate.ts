/** A statistic of the test set with its bootstrap distribution. NaN where it is undefined. */
export interface Estimate {
  /** On the whole test set, with all training seeds. */
  estimate: number;
  /** Mean and standard deviation (n - 1) over the redraws in which the statistic is defined. */
  mean: number;
  sd: number;
  /** Percentile interval over the same redraws. */
  low: number;
  high: number;
  /** Redraws in which the statistic is undefined. */
  undefinedRedraws: number;
}

export interface PValues {
  /** One-sided, for "first > second". */
  pGreater: number;
  /** Two-sided, for "first and second differ". */
  pTwoSided: number;
}

/** Summarises a statistic over redraws `[B]`, NaN where undefined. The interval holds the share `confidence` of the redraws. */
export function summarize(estimate: number, redraws: Float64Array, confidence: number): Estimate {
  const defined = redraws.filter((value) => !Number.isNaN(value)).sort();
  const mean = sum(defined) / defined.length;
  return {
    estimate,
    mean,
    sd: defined.length > 1 ? Math.sqrt(sum(defined.map((value) => (value - mean) ** 2)) / (defined.length - 1)) : NaN,
    low: quantile(defined, (1 - confidence) / 2),
    high: quantile(defined, (1 + confidence) / 2),
    undefinedRedraws: redraws.length - defined.length,
  };
}

/**
 * p-values from redraws `[B]` of a difference first - second, NaN where undefined (left out of B). With k redraws in which first is
 * not greater (difference <= 0), p = (k + 1) / (B + 1), never 0 (Davison and Hinkley, Bootstrap Methods and their Application, 1997,
 * section 4.2; Phipson and Smyth, Stat Appl Genet Mol Biol 9:39, 2010). Two-sided: twice the smaller of both directions, at most 1.
 * NaN where no redraw is defined.
 */
export function bootstrapPValues(differences: Float64Array): PValues {
  let notGreater = 0;
  let notLess = 0;
  let defined = 0;
  for (const difference of differences) {
    if (Number.isNaN(difference)) continue;
    defined++;
    if (difference <= 0) notGreater++;
    if (difference >= 0) notLess++;
  }
  if (defined === 0) return { pGreater: NaN, pTwoSided: NaN };
  const pGreater = (notGreater + 1) / (defined + 1);
  const pLess = (notLess + 1) / (defined + 1);
  return { pGreater, pTwoSided: Math.min(1, 2 * Math.min(pGreater, pLess)) };
}

/** Quantile of ascending values by linear interpolation (type 7 of Hyndman and Fan, Am Stat 50:361, 1996; NumPy's default). */
export function quantile(ascending: Float64Array, probability: number): number {
  if (ascending.length === 0) return NaN;
  const position = probability * (ascending.length - 1);
  const low = ascending[Math.floor(position)]!;
  const high = ascending[Math.ceil(position)]!;
  return low + (high - low) * (position - Math.floor(position));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
