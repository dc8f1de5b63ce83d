import { permutationTest } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { finiteOrNull, type PairComparison } from '../result/index.js';
import { runsOf, type TestedCell } from './evaluate.js';
import { redrawingOf } from './redrawing.js';

/** The permutation test of two initializations on one test split. */
export interface PairPermutation extends Pick<PairComparison, 'first' | 'second'> {
  permutation: NonNullable<PairComparison['permutation']>;
  /** p-values, two-sided, in the order of the findings; null where there is none. */
  findings: (number | null)[];
}

/**
 * Exchanges what two cells of one data set say of each patient (or image, as the redraws), the s-th run of one with the s-th of the
 * other. Its random numbers are its own: no redraw depends on them.
 */
export function permutationOfPair(first: TestedCell, second: TestedCell, config: ExperimentConfig): PairPermutation {
  const { permutations } = config.statistics;
  const findings = first.dataset.findings.length;
  const names = { first: first.start.summary.name, second: second.start.summary.name };
  if (first.runs.length !== second.runs.length) {
    const reason = `${first.runs.length} and ${second.runs.length} runs, which cannot be exchanged in pairs`;
    return { ...names, permutation: { permutations, p: null, reason }, findings: Array(findings).fill(null) };
  }
  const [one, two] = [first, second].map((cell) => runsOf(cell, config).map(({ test }) => test)) as [Tests, Tests];
  const { labels, patients } = one[0]!;
  const { groups, seed } = redrawingOf(config, { labels, patients });
  const [a, b] = [one, two].map((tests) => tests.map(({ probabilities }) => probabilities)) as [Scores, Scores];
  const result = permutationTest({ labels, findings, first: a, second: b, groups, permutations, seed });
  return {
    ...names,
    permutation: { permutations, p: finiteOrNull(result.meanAuroc.pTwoSided) },
    findings: result.findings.map(({ pTwoSided }) => finiteOrNull(pTwoSided)),
  };
}

type Tests = ReturnType<typeof runsOf>[number]['test'][];
type Scores = Float32Array[];

/** With the permutation tests of those pairs that have one. */
export function withPermutations(
  comparisons: readonly PairComparison[],
  tests: readonly PairPermutation[],
): PairComparison[] {
  return comparisons.map((comparison) => {
    const own = tests.find(({ first, second }) => first === comparison.first && second === comparison.second);
    if (!own) return comparison;
    const findings = comparison.findings.map((finding, f) => ({ ...finding, pPermutation: own.findings[f]! }));
    return { ...comparison, permutation: own.permutation, findings };
  });
}
