import { adjust, association, type Correction } from '../../evaluation/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import { type ConfoundingResult, finiteOrNull } from '../result/index.js';
import { type Grouping, groupings } from './groups.js';

/** What goes with the findings, in training and in test. `ageBands`: the ages at which a new band begins. */
export function confoundingResults(
  dataset: TestedDataset,
  { ageBands, correction }: { ageBands: readonly number[]; correction: Correction },
): ConfoundingResult[] {
  return groupings(dataset.radiographs, ageBands).flatMap((grouping) =>
    (['train', 'test'] as const).map((split) => confoundingOf(dataset, grouping, split, correction)),
  );
}

/** How often each finding is in each group of a split, and whether more often than by chance. */
function confoundingOf(
  dataset: TestedDataset,
  { factor, names, groupOf }: Grouping,
  split: 'train' | 'test',
  correction: Correction,
): ConfoundingResult {
  const { findings, labels, radiographs } = dataset;
  const F = findings.length;
  const known = [...splitIndices(dataset, split)].filter((i) => groupOf[i]! >= 0);
  const tables = findings.map((_, f) => {
    const labelled = known.filter((i) => !Number.isNaN(labels[i * F + f]));
    const patients = new Set<string>();
    const firsts = labelled.filter((i) => patients.size < patients.add(radiographs[i]!.patient).size);
    const countIn = (rows: readonly number[]) =>
      names.map((_, g) => {
        const own = rows.filter((i) => groupOf[i] === g);
        const positives = own.filter((i) => labels[i * F + f] === 1).length;
        return { positives, negatives: own.length - positives };
      });
    return { all: countIn(labelled), tested: association(countIn(firsts)) };
  });
  const adjusted = adjust(
    correction,
    tables.map(({ tested }) => tested.p),
  );
  return {
    dataset: dataset.name,
    split,
    factor,
    groups: names.map((name, g) => ({ name, images: known.filter((i) => groupOf[i] === g).length })),
    findings: tables.map(({ all, tested }, f) => ({
      finding: findings[f]!,
      groups: all,
      test: tested.test,
      p: finiteOrNull(tested.p),
      pAdjusted: finiteOrNull(adjusted[f]!),
      cramersV: finiteOrNull(tested.cramersV),
      leftOut: tested.leftOut.map((g) => names[g]!),
    })),
  };
}
