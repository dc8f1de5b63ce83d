import {
  adjust,
  type BootstrapModel,
  type Comparison,
  type Correction,
  concludeFrom,
  countLabels,
  delongTest,
  findingColumn,
  placementsOfSeeds,
} from '../../evaluation/index.js';
import {
  type DelongComparison,
  type Difference,
  finiteOrNull,
  intervalOf,
  type MarginVerdict,
  type PairComparison,
} from '../result/index.js';
import type { Redrawing } from './redrawing.js';

export type NamedComparison = Omit<PairComparison, 'dataset'>;

/** A comparison, and the same read the other way round. */
export interface ComparedPair extends Comparison {
  reversed: Comparison;
}

/** The comparisons of every unordered pair, the one named first in `names` first. */
export function unorderedPairs(comparisons: readonly Comparison[], names: readonly string[]): ComparedPair[] {
  return comparisons
    .filter(({ first, second }) => names.indexOf(first) < names.indexOf(second))
    .map((pair) => {
      const reversed = comparisons.find(({ first, second }) => first === pair.second && second === pair.first)!;
      return { ...pair, reversed };
    });
}

/**
 * With corrected p-values: over all that are given for means, over the findings of one comparison for findings. With a margin, what it
 * allows to be said of the means, each pair on its own.
 */
export function corrected(
  pairs: readonly ComparedPair[],
  findings: readonly string[],
  { correction, margin }: { correction: Correction; margin?: number | null },
): NamedComparison[] {
  const means = adjust(
    correction,
    pairs.map(({ meanAuroc }) => meanAuroc.pTwoSided),
  );
  return pairs.map(({ first, second, meanAuroc, findings: perFinding, reversed }, i) => {
    const adjusted = adjust(
      correction,
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
      ...(margin && { margin: marginVerdict(meanAuroc, reversed.meanAuroc, margin) }),
    };
  });
}

/** The models of a test, and on what: labels `[N * F]`. */
export interface ComparedModels extends Pick<Redrawing, 'groups' | 'confidence'> {
  models: readonly Pick<BootstrapModel, 'name' | 'seeds'>[];
  labels: Float32Array;
}

/** With DeLong's test of every estimable finding, by patient where the redraws are. Training seeds are taken as given. */
export function withDelong<C extends NamedComparison>(
  comparisons: readonly C[],
  { models, labels, groups, confidence }: ComparedModels,
): C[] {
  const F = comparisons[0]?.findings.length ?? 0;
  const tested = Array.from(
    { length: F },
    (_, f): ((first: string, second: string) => DelongComparison) | undefined => {
      const { positives, negatives } = countLabels(findingColumn(labels, F, f));
      if (positives === 0 || negatives === 0) return undefined;
      const of = new Map(
        models.map(({ name, seeds }) => [name, placementsOfSeeds(seeds, labels, { findings: F, finding: f, groups })]),
      );
      return (first, second) => {
        const { difference, low, high, patients, pTwoSided, reason } = delongTest(
          of.get(first)!,
          of.get(second)!,
          confidence,
        );
        return {
          ...(patients !== undefined && { patients }),
          difference: Number.isFinite(low) ? { estimate: difference, low, high } : null,
          p: finiteOrNull(pTwoSided),
          ...(reason && { reason }),
        };
      };
    },
  );
  return comparisons.map((comparison) => ({
    ...comparison,
    findings: comparison.findings.map((finding, f) => {
      const delong = tested[f]?.(comparison.first, comparison.second);
      return { ...finding, ...(delong && { delong }) };
    }),
  }));
}

function differenceOf(difference: Comparison['meanAuroc'], pAdjusted: number): Difference {
  return {
    difference: intervalOf(difference),
    p: finiteOrNull(difference.pTwoSided),
    pAdjusted: finiteOrNull(pAdjusted),
    pGreater: finiteOrNull(difference.pGreater),
  };
}

function marginVerdict(
  forward: Comparison['meanAuroc'],
  backward: Comparison['meanAuroc'],
  margin: number,
): MarginVerdict {
  const [there, back] = [concludeFrom(forward, margin), concludeFrom(backward, margin)];
  return {
    margin,
    firstNonInferior: there.nonInferior,
    secondNonInferior: back.nonInferior,
    equivalent: there.equivalent,
    pFirstNonInferior: finiteOrNull(forward.pNonInferior!),
    pSecondNonInferior: finiteOrNull(backward.pNonInferior!),
    pEquivalent: finiteOrNull(forward.pEquivalent!),
  };
}
