import { type BootstrapModel, type MatchedEstimate, matchedAurocs } from '../../evaluation/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import { type Factor, finiteOrNull, intervalOf, type MatchedAuroc, type MatchedResult } from '../result/index.js';
import { type Grouping, type GroupOptions, strataOf, testLabels } from './groups.js';

/** What is known of nearly every patient, goes with many findings, and shows in the image. */
const MATCHED: readonly Factor[] = ['view', 'age', 'sex'];

/** AUROC of a model over pairs that agree in view, age band and sex, as far as the data set tells them. `tested`: groups of the test rows. */
export function matchedOf(
  dataset: TestedDataset,
  tested: readonly Grouping[],
  model: BootstrapModel,
  options: GroupOptions,
): MatchedResult {
  const { findings } = dataset;
  const rows = splitIndices(dataset, 'test');
  const used = MATCHED.flatMap((factor) => tested.filter((grouping) => grouping.factor === factor));
  const base = { dataset: dataset.name, initialization: model.name, factors: used.map(({ factor }) => factor) };
  const nothing = (reason: string) => ({
    ...base,
    unmatched: rows.length,
    findings: [],
    mean: null,
    meanOver: [],
    reason,
  });
  if (used.length === 0) return nothing('the data set tells neither views nor ages nor sexes that differ');
  const { strata, count } = strataOf(used, rows.length);
  if (count === 0) return nothing(`no test radiograph has a known ${base.factors.join(', ')}`);
  const estimates = matchedAurocs({
    ...options,
    labels: testLabels(dataset, rows),
    findings: findings.length,
    model,
    strata,
    count,
  });
  const stored = ({ matched, plain, difference, p }: MatchedEstimate): MatchedAuroc => ({
    matched: intervalOf(matched),
    plain: intervalOf(plain),
    difference: intervalOf(difference),
    p: finiteOrNull(p),
  });
  return {
    ...base,
    unmatched: strata.filter((stratum) => stratum < 0).length,
    findings: estimates.findings.map((it, f) => ({
      finding: findings[f]!,
      strata: it.strata,
      pairs: finiteOrNull(it.pairs) ?? 0,
      ...stored(it),
    })),
    mean: estimates.meanOver.length > 0 ? stored(estimates.mean) : null,
    meanOver: estimates.meanOver.map((f) => findings[f]!),
    ...(estimates.meanOver.length === 0 && { reason: 'no stratum has a positive and a negative of any finding' }),
  };
}
