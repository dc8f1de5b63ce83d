/** What pairs were tested by beside the bootstrap: columns, notes and sentences, each where the result has it. */
import { type Column, cell, count, counted, decimals, NONE, right, type TableCell } from '../../pages/index.js';
import type { ExperimentResult, FindingComparison, PairComparison } from '../result/index.js';
import { confidence, pInProse, pValue } from './format.js';
import { distinct } from './select.js';

type Evidence = Pick<ExperimentResult, 'comparisons' | 'statistics'>;

/** What a table of pairs says beside the bootstrap. */
export interface TestColumns<Row> {
  columns: Column[];
  cells(row: Row): TableCell[];
  notes: string[];
}

/** Of the means: the permutation test, and what the margin allows to be said. */
export function meanTests(result: Evidence): TestColumns<PairComparison> {
  const { permutations, margin, unit } = result.statistics;
  const reasons = result.comparisons.flatMap(({ dataset, first, second, permutation }) =>
    permutation?.reason ? [`${dataset}, ${first} \u2212 ${second}: no permutation test: ${permutation.reason}.`] : [],
  );
  return {
    columns: [
      ...(permutations === undefined ? [] : [right('p, permutation')]),
      ...(margin === undefined ? [] : [right(`Margin ${margin}`)]),
    ],
    cells: (pair) => [
      ...(permutations === undefined ? [] : [cell(pValue(pair.permutation?.p ?? null))]),
      ...(margin === undefined ? [] : [pair.margin ? marginCell(pair) : cell(NONE)]),
    ],
    notes: [
      ...(permutations === undefined
        ? []
        : [
            `Permutation: ${count(permutations)} random exchanges by ${unit}; two-sided, not corrected; of the trainings at hand, whose seeds are not redrawn.`,
            ...reasons,
          ]),
      ...(margin === undefined
        ? []
        : [
            `Margin: a difference of ${margin} does not matter, as the configuration says. Not inferior: the interval excludes that the one named is ` +
              `worse by ${margin} or more; equivalent: that they differ by ${margin} or more either way; better by more: that the lead is ${margin} or less. p: one-sided, by bootstrap, not corrected.`,
          ]),
    ],
  };
}

/** What a margin allows to be said of a pair, the most first. */
export type MarginOutcome =
  | 'equivalent'
  | 'first better by more'
  | 'second better by more'
  | 'first not inferior'
  | 'second not inferior'
  | 'not shown';

export function marginOutcome({
  mean: { difference },
  margin,
}: Pick<PairComparison, 'mean' | 'margin'>): MarginOutcome {
  if (!margin || !difference) return 'not shown';
  if (margin.equivalent) return 'equivalent';
  if (difference.low > margin.margin) return 'first better by more';
  if (difference.high < -margin.margin) return 'second better by more';
  if (margin.firstNonInferior) return 'first not inferior';
  return margin.secondNonInferior ? 'second not inferior' : 'not shown';
}

function marginCell(pair: PairComparison): TableCell {
  const { pFirstNonInferior, pSecondNonInferior, pEquivalent } = pair.margin!;
  const text = marginOutcome(pair);
  const p = {
    equivalent: pEquivalent,
    'first not inferior': pFirstNonInferior,
    'second not inferior': pSecondNonInferior,
  };
  const own = text in p ? p[text as keyof typeof p] : null;
  return { text, ...(own !== null && { range: pInProse(own) }) };
}

/** Of the findings: DeLong's test. */
export function findingTests({ comparisons }: Evidence): TestColumns<FindingComparison> {
  const has = comparisons.some(({ findings }) => findings.some(({ delong }) => delong));
  if (!has) return { columns: [], cells: () => [], notes: [] };
  const byPatient = isByPatient(comparisons);
  const reasons = comparisons.flatMap(({ dataset, first, second, findings }) =>
    findings.flatMap(({ finding, delong }) =>
      delong?.reason ? [`${dataset}, ${first} \u2212 ${second}, ${finding}: no DeLong test: ${delong.reason}.`] : [],
    ),
  );
  return {
    columns: [right(byPatient ? 'p, DeLong by patient' : 'p, DeLong')],
    cells: ({ delong }) => [cell(pValue(delong?.p ?? null))],
    notes: [
      `${byPatient ? 'DeLong by patient: the variance of Obuchowski (1997) for several images of a patient' : 'DeLong: images count as independent'}; ` +
        'two-sided, not corrected. Training seeds are taken as given: where there are several, the bootstrap, which redraws them, is the more cautious test.',
      ...distinct(reasons),
    ],
  };
}

/** Whether DeLong's variance is by patient for any finding: where each patient has one image, it is the same. */
const isByPatient = (comparisons: readonly PairComparison[]) =>
  comparisons.some(({ findings }) => findings.some(({ delong }) => delong?.patients !== undefined));

/** For the methods section, a sentence each. */
export function testsText({ comparisons, statistics }: Evidence): string {
  const { permutations, margin, unit } = statistics;
  const hasDelong = comparisons.some(({ findings }) => findings.some(({ delong }) => delong));
  const variance = isByPatient(comparisons)
    ? 'with the variance by patient (Obuchowski, 1997)'
    : 'with images as independent';
  return [
    ...(hasDelong
      ? [
          `Beside the bootstrap, differences of single findings were tested by DeLong's test (1988) ${variance}, training seeds taken as given.`,
        ]
      : []),
    ...(permutations === undefined
      ? []
      : [
          `The mean AUROC was also compared by a permutation test: the predictions of two models for a ${unit}, as ranks, were exchanged at random ` +
            `in ${counted(permutations, 'permutation')}, those of the same training seed with each other.`,
        ]),
    ...(margin === undefined
      ? []
      : [
          `A difference of the mean AUROC of ${margin} was taken not to matter: a model is called not inferior where the ${confidence(statistics.confidence)} ` +
            `interval of the difference excludes that it is worse by ${margin} or more, and two are called equivalent where the interval lies between ` +
            `${decimals(-margin)} and ${decimals(margin)}, each pair on its own.`,
        ]),
  ].join(' ');
}
