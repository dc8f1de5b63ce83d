/** An interval of a difference first - second, of a figure of which more is better. */
export interface DifferenceInterval {
  low: number;
  high: number;
}

/** What an interval of a difference first - second allows to be said, each on its own; none where the interval is NaN. */
export interface Conclusions {
  /** The interval lies above 0, or below it. */
  superior: boolean;
  inferior: boolean;
  /** The first is worse by less than the margin, if at all: the interval lies above -margin. False without a margin. */
  nonInferior: boolean;
  /** The models differ by less than the margin in either direction: the interval lies within it. False without a margin. */
  equivalent: boolean;
}

/**
 * Conclusions by inclusion of the interval (ICH E9, 1998, section 3.3.2; Piaggio et al., JAMA 308:2594, 2012). A two-sided interval
 * of 95 % tests each one-sided hypothesis at 2.5 %; equivalence is then two one-sided tests at 2.5 % each (Schuirmann, J Pharmacokinet
 * Biopharm 15:657, 1987). A margin must be chosen before the data are seen. Throws a RangeError for a margin that is not above 0.
 */
export function concludeFrom({ low, high }: DifferenceInterval, margin?: number): Conclusions {
  checkMargin(margin);
  const within = margin ?? 0;
  return {
    superior: low > 0,
    inferior: high < 0,
    nonInferior: margin !== undefined && low > -within,
    equivalent: margin !== undefined && low > -within && high < within,
  };
}

export interface MarginPValues {
  /** Of the hypothesis that the first is worse by the margin or more. */
  pNonInferior: number;
  /** Of the hypothesis that they differ by the margin or more: the larger of two one-sided p-values. */
  pEquivalent: number;
}

/**
 * p-values from redraws `[B]` of a difference first - second, NaN where undefined (left out of B): with k redraws on the wrong side
 * of the margin, or on it, p = (k + 1) / (B + 1), as in `bootstrapPValues`. NaN where no redraw is defined.
 * Throws a RangeError for a margin that is not above 0.
 */
export function marginPValues(differences: Float64Array, margin: number): MarginPValues {
  checkMargin(margin);
  const defined = differences.filter((difference) => !Number.isNaN(difference));
  if (defined.length === 0) return { pNonInferior: NaN, pEquivalent: NaN };
  const p = (wrong: (difference: number) => boolean) => (defined.filter(wrong).length + 1) / (defined.length + 1);
  const pNonInferior = p((difference) => difference <= -margin);
  return {
    pNonInferior,
    pEquivalent: Math.max(
      pNonInferior,
      p((difference) => difference >= margin),
    ),
  };
}

function checkMargin(margin: number | undefined): void {
  if (margin !== undefined && !(margin > 0)) throw new RangeError(`margin ${margin} is not above 0`);
}
