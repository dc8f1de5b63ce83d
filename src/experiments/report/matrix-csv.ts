import type { MatrixResult } from '../result/index.js';
import { csvOf, NUMBERS, numbers, over, type RowOf, TESTS, testedFinding, testedMean } from './csv-rows.js';

const COLUMNS = [
  'dataset',
  'setting',
  'imageSize',
  'labelFraction',
  'tuning',
  'kind',
  'name',
  'comparedWith',
  'factor',
  ...NUMBERS,
  ...TESTS,
] as const;

type Row = RowOf<(typeof COLUMNS)[number]>;

/**
 * Every number of the matrix in long format, with full precision. `setting` is what it is of, `imageSize` (pixels), `labelFraction` (0..1) and
 * `tuning` its values where they vary. `kind`: `model` (name = initialization), `difference` (name - comparedWith, two initializations in the
 * setting), `settings` (setting - comparedWith, two settings of the initialization `name` that differ in `factor`). p is corrected over the
 * pairs of one setting and data set, for `settings` over the pairs of one initialization and data set; for findings over those of one pair.
 */
export function matrixCsv({ settings, comparisons }: MatrixResult): string {
  const valuesOf = new Map(settings.map(({ name, values }) => [name, values]));
  const rows = settings.flatMap(({ name: setting, values, cells, comparisons: pairs }): Row[] => [
    ...cells.flatMap(({ dataset, initialization, meanAuroc, meanOver, findings, notEstimable }): Row[] => {
      const of = { dataset, setting, ...values, kind: 'model', name: initialization };
      return [
        { ...of, metric: 'meanAuroc', ...numbers(meanAuroc), note: over(meanOver) },
        ...findings.map(({ finding, auroc, positives, negatives }) => {
          const note = notEstimable.find((it) => it.finding === finding)?.reason;
          return { ...of, finding, metric: 'auroc', ...numbers(auroc), positives, negatives, note };
        }),
      ];
    }),
    ...pairs.flatMap((pair): Row[] => {
      const { dataset, first, second, findings } = pair;
      const of = { dataset, setting, ...values, kind: 'difference', name: first, comparedWith: second };
      return [
        { ...of, metric: 'meanAuroc', ...testedMean(pair) },
        ...findings.map((it) => ({ ...of, finding: it.finding, metric: 'auroc', ...testedFinding(it) })),
      ];
    }),
  ]);
  const between = comparisons.flatMap((pair): Row[] => {
    const { dataset, initialization, factor, first, second, findings } = pair;
    const of = { dataset, setting: first, ...valuesOf.get(first), kind: 'settings', name: initialization };
    const both = { ...of, comparedWith: second, factor };
    return [
      { ...both, metric: 'meanAuroc', ...testedMean(pair) },
      ...findings.map((it) => ({ ...both, finding: it.finding, metric: 'auroc', ...testedFinding(it) })),
    ];
  });
  return csvOf(COLUMNS, [...rows, ...between]);
}
