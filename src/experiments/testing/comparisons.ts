import { adjust, type Comparison, type Correction } from '../../evaluation/index.js';
import { type Difference, finiteOrNull, intervalOf, type PairComparison } from '../result/index.js';

export type NamedComparison = Omit<PairComparison, 'dataset'>;

/** The comparisons of every unordered pair, the one named first in `names` first. */
export function unorderedPairs(comparisons: readonly Comparison[], names: readonly string[]): Comparison[] {
  return comparisons.filter(({ first, second }) => names.indexOf(first) < names.indexOf(second));
}

/** With corrected p-values: over all that are given for means, over the findings of one comparison for findings. */
export function corrected(
  comparisons: readonly Comparison[],
  findings: readonly string[],
  method: Correction,
): NamedComparison[] {
  const means = adjust(
    method,
    comparisons.map(({ meanAuroc }) => meanAuroc.pTwoSided),
  );
  return comparisons.map(({ first, second, meanAuroc, findings: perFinding }, i) => {
    const adjusted = adjust(
      method,
      perFinding.map(({ pTwoSided }) => pTwoSided),
    );
    return {
      first,
      second,
      mean: differenceOf(meanAuroc, means[i]!),
      findings: perFinding.map((difference, f) => ({
        finding: findings[f]!,
        ...differenceOf(difference, adjusted[f]!),
        undefinedRedraws: difference.undefinedRedraws,
      })),
    };
  });
}

function differenceOf(difference: Comparison['meanAuroc'], pAdjusted: number): Difference {
  return {
    difference: intervalOf(difference),
    p: finiteOrNull(difference.pTwoSided),
    pAdjusted: finiteOrNull(pAdjusted),
    pGreater: finiteOrNull(difference.pGreater),
  };
}
