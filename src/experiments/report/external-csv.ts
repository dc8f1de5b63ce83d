import type { ExperimentResult } from '../result/index.js';
import { csvOf, NUMBERS, numbers, over, type RowOf, TESTS, testedFinding, testedMean } from './csv-rows.js';

const COLUMNS = ['trainedOn', 'testedOn', 'kind', 'name', 'comparedWith', ...NUMBERS, 'leftOut', ...TESTS] as const;

type Row = RowOf<(typeof COLUMNS)[number]>;

/**
 * Every number of external validation in long format, with full precision. `kind`: `model` (name = initialization; rows with `trainedOn` equal to
 * `testedOn` are over all findings of the data set, the others over those that both have), `difference` (name - comparedWith). p is corrected
 * over the pairs of one training and one test data set, for findings over those of one pair. `leftOut`: test radiographs of patients whom the
 * training saw.
 */
export function externalCsv({ externalValidation = [], externalComparisons = [] }: ExperimentResult): string {
  const models = externalValidation.flatMap(
    ({ initialization, trainedOn, testedOn, meanAuroc, meanOver, findings, leftOut, note, reason }): Row[] => {
      const of = { trainedOn, testedOn, kind: 'model', name: initialization, leftOut };
      const said = [reason ?? over(meanOver), ...(note ? [note] : [])].join('; ');
      return [
        { ...of, metric: 'meanAuroc', ...numbers(meanAuroc), note: said },
        ...findings.map(({ finding, positives, negatives, auroc }) => {
          return { ...of, finding, metric: 'auroc', ...numbers(auroc), positives, negatives };
        }),
      ];
    },
  );
  const pairs = externalComparisons.flatMap((pair): Row[] => {
    const { trainedOn, testedOn, first, second, findings } = pair;
    const of = { trainedOn, testedOn, kind: 'difference', name: first, comparedWith: second };
    return [
      { ...of, metric: 'meanAuroc', ...testedMean(pair) },
      ...findings.map((it) => ({ ...of, finding: it.finding, metric: 'auroc', ...testedFinding(it) })),
    ];
  });
  return csvOf(COLUMNS, [...models, ...pairs]);
}
