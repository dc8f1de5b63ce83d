/** Whom a model serves worse, and what is left of its AUROC within groups. */
import { adjust, type BootstrapModel, type GapEstimate, subgroupAurocs } from '../../evaluation/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import { finiteOrNull, type Gap, intervalOf, type MatchedResult, type SubgroupResult } from '../result/index.js';
import { type Grouping, type GroupOptions, groupings, testLabels } from './groups.js';
import { matchedOf } from './matched.js';

/** How groups are made and compared. `ageBands`: the ages at which a new band begins. */
export type FactorOptions = GroupOptions & { ageBands: readonly number[] };

/** A model by groups of one data set, on the redraws of its test split. */
export function groupResults(
  dataset: TestedDataset,
  model: BootstrapModel,
  { ageBands, ...options }: FactorOptions,
): { subgroups: SubgroupResult[]; matched: MatchedResult[] } {
  const test = splitIndices(dataset, 'test');
  const tested = groupings(dataset.radiographs, ageBands).map((it) => {
    return { ...it, groupOf: test.map((i) => it.groupOf[i]!) };
  });
  return {
    subgroups: subgroupsOf(dataset, tested, model, options),
    matched: [matchedOf(dataset, tested, model, options)],
  };
}

function subgroupsOf(
  dataset: TestedDataset,
  tested: readonly Grouping[],
  model: BootstrapModel,
  options: GroupOptions,
): SubgroupResult[] {
  const { smallestGroup: atLeast, correction } = options;
  const { findings } = dataset;
  const rows = splitIndices(dataset, 'test');
  const labels = testLabels(dataset, rows);
  const estimates = tested.map(({ groupOf, names }) =>
    subgroupAurocs({
      ...options,
      labels,
      findings: findings.length,
      model,
      subgroups: groupOf,
      count: names.length,
      atLeast,
    }),
  );
  const adjusted = adjust(
    correction,
    estimates.map(({ gap }) => gap?.p ?? Number.NaN),
  );
  return estimates.map((estimate, t) => {
    const { factor, names, groupOf } = tested[t]!;
    const { groups, reference, meanOver, gap } = estimate;
    const gapOf = (it: GapEstimate, pAdjusted: number): Gap => ({
      highest: names[it.highest]!,
      lowest: names[it.lowest]!,
      difference: intervalOf(it.difference),
      p: finiteOrNull(it.p),
      pAdjusted: finiteOrNull(pAdjusted),
    });
    const ofFindings = adjust(
      correction,
      estimate.findings.map(({ p }) => p),
    );
    const againstReference = adjust(
      correction,
      groups.map((group) => group.againstReference?.p ?? Number.NaN),
    );
    const most = Math.max(...groups.map((group) => group.findings.filter(({ enough }) => enough).length));
    return {
      dataset: dataset.name,
      initialization: model.name,
      factor,
      atLeast,
      reference: names[reference] ?? null,
      meanOver: meanOver.map((f) => findings[f]!),
      groups: groups.map((group, g) => {
        const own = group.findings.filter(({ enough }) => enough).length;
        const patients = new Set(
          [...rows].filter((_, row) => groupOf[row] === g).map((i) => dataset.radiographs[i]!.patient),
        );
        const reason =
          `${atLeast} positives and ${atLeast} negatives of ${own} of ${findings.length} findings; ` +
          `${most} in the group with most`;
        return {
          name: names[g]!,
          images: group.rows,
          patients: patients.size,
          meanAuroc: intervalOf(group.meanAuroc),
          findings: group.findings.map(({ positives, negatives, auroc }, f) => ({
            finding: findings[f]!,
            positives,
            negatives,
            auroc: intervalOf(auroc),
          })),
          againstReference: group.againstReference
            ? {
                difference: intervalOf(group.againstReference.difference),
                p: finiteOrNull(group.againstReference.p),
                pAdjusted: finiteOrNull(againstReference[g]!),
              }
            : null,
          ...(!group.compared && { reason }),
        };
      }),
      gap: gap ? gapOf(gap, adjusted[t]!) : null,
      findings: estimate.findings.map((it, i) => ({ finding: findings[it.finding]!, ...gapOf(it, ofFindings[i]!) })),
    };
  });
}
