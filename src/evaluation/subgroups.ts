import { type Estimate, summarize } from './estimate.js';
import { countLabels, findingColumn, type LabelCounts } from './scores.js';
import {
  type Drawn,
  differenceDrawn,
  meanDrawn,
  type StratifiedOptions,
  stratifiedAurocs,
} from './stratified-auroc.js';

export interface SubgroupOptions extends Omit<StratifiedOptions, 'strata' | 'over'> {
  /** Subgroup of each row `[N]`, 0..count-1; negative: not known. */
  subgroups: Int32Array;
  /** Positives, and negatives, that a group must have for its AUROC of a finding; 10 unless given. */
  atLeast?: number;
  /** 0.95 unless given. */
  confidence?: number;
}

export interface SubgroupEstimates {
  /** One per group. */
  groups: GroupEstimates[];
  /** The largest group that is compared; -1 where fewer than two are. */
  reference: number;
  /** The findings that every compared group has enough cases of. */
  meanOver: number[];
  /** Of the means; undefined where fewer than two groups are compared. */
  gap?: GapEstimate;
  /** Of the findings that two groups or more have enough cases of, which need not be the compared ones. */
  findings: ({ finding: number } & GapEstimate)[];
}

export interface GroupEstimates {
  rows: number;
  compared: boolean;
  /** Over `meanOver`; NaN where the group is not compared. */
  meanAuroc: Estimate;
  /** One per finding; NaN where there are too few cases. */
  findings: (LabelCounts & { enough: boolean; auroc: Estimate })[];
  /** This group minus the reference, of the mean. */
  againstReference?: { difference: Estimate; p: number };
}

/** The group with the largest AUROC minus that with the smallest. */
export interface GapEstimate {
  highest: number;
  lowest: number;
  difference: Estimate;
  /** As `equalityP`, over all groups. */
  p: number;
}

/**
 * AUROC of a model in each subgroup of the test rows, and the gap between subgroups, on the redraws of `pairedBootstrap`.
 *
 * A group is compared by its mean where it has enough cases of half as many findings as the group with most; means are over the findings
 * that all compared groups have, and while these have none in common the group with the fewest leaves. Throws as `stratifiedAurocs`.
 */
export function subgroupAurocs(options: SubgroupOptions): SubgroupEstimates {
  const { findings: F, subgroups, count, redraws, atLeast = 10, confidence = 0.95 } = options;
  const drawn = stratifiedAurocs({ ...options, strata: subgroups, over: 'each stratum' });
  const columns = Array.from({ length: F }, (_, f) => findingColumn(options.labels, F, f));
  const cases = Array.from({ length: count }, (_, g) =>
    columns.map((column) => countLabels(column.filter((_, row) => subgroups[row] === g))),
  );
  const enough = cases.map((ofGroup) =>
    ofGroup.map(({ positives, negatives }) => Math.min(positives, negatives) >= atLeast),
  );
  const rows = cases.map((_, g) => subgroups.filter((own) => own === g).length);
  const { compared, meanOver } = comparable(enough);
  const reference = compared.length < 2 ? -1 : compared.reduce((a, g) => (rows[g]! > rows[a]! ? g : a));
  const means = new Map(
    compared.map((g) => [
      g,
      meanDrawn(
        meanOver.map((f) => drawn[f]![g]!),
        redraws,
      ),
    ]),
  );
  const estimate = ({ whole, redraws }: Drawn) => summarize(whole, redraws, confidence);
  return {
    groups: cases.map((ofGroup, g) => {
      const mean = means.get(g);
      const other = means.get(reference);
      return {
        rows: rows[g]!,
        compared: mean !== undefined,
        meanAuroc: estimate(mean ?? undefinedDrawn(redraws)),
        findings: ofGroup.map((counts, f) => {
          const isEnough = enough[g]![f]!;
          return { ...counts, enough: isEnough, auroc: estimate(isEnough ? drawn[f]![g]! : undefinedDrawn(redraws)) };
        }),
        ...(mean &&
          other &&
          g !== reference && {
            againstReference: { difference: estimate(differenceDrawn(mean, other)), p: equalityP([mean, other]) },
          }),
      };
    }),
    reference,
    meanOver,
    ...(means.size > 1 && { gap: gapOf(means, confidence) }),
    findings: columns.flatMap((_, f) => {
      const groups = new Map([...cases.keys()].filter((g) => enough[g]![f]).map((g) => [g, drawn[f]![g]!]));
      return groups.size > 1 ? [{ finding: f, ...gapOf(groups, confidence) }] : [];
    }),
  };
}

/**
 * p-value of the hypothesis that two or more statistics are equal, by the bootstrap: k redraws in which the statistics, each less its
 * value on the whole test set, lie at least as far apart as the values themselves do; p = (k + 1) / (B + 1) (Efron and Tibshirani, An
 * Introduction to the Bootstrap, 1993, section 16.2: the redraws are moved to where the hypothesis holds). Redraws in which one is
 * undefined are left out of B; NaN where none is left.
 */
export function equalityP(statistics: readonly Drawn[]): number {
  const range = (values: number[]) => Math.max(...values) - Math.min(...values);
  const found = range(statistics.map(({ whole }) => whole));
  let defined = 0;
  let asFar = 0;
  for (let b = 0; b < statistics[0]!.redraws.length; b++) {
    const apart = range(statistics.map(({ whole, redraws }) => redraws[b]! - whole));
    if (Number.isNaN(apart)) continue;
    defined++;
    if (apart >= found) asFar++;
  }
  return defined === 0 || Number.isNaN(found) ? NaN : (asFar + 1) / (defined + 1);
}

function gapOf(groups: ReadonlyMap<number, Drawn>, confidence: number): GapEstimate {
  const numbers = [...groups.keys()];
  const aurocOf = (g: number) => groups.get(g)!.whole;
  const highest = numbers.reduce((a, b) => (aurocOf(b) > aurocOf(a) ? b : a));
  const lowest = numbers.reduce((a, b) => (b !== highest && (a === highest || aurocOf(b) < aurocOf(a)) ? b : a));
  const difference = differenceDrawn(groups.get(highest)!, groups.get(lowest)!);
  return {
    highest,
    lowest,
    difference: summarize(difference.whole, difference.redraws, confidence),
    p: equalityP([...groups.values()]),
  };
}

/** The groups that can be compared by their means, and over which findings. `enough` `[G][F]`. */
function comparable(enough: boolean[][]): { compared: number[]; meanOver: number[] } {
  const known = enough.map((ofGroup) => ofGroup.filter(Boolean).length);
  const most = Math.max(0, ...known);
  let compared = [...enough.keys()].filter((g) => known[g]! > 0 && known[g]! >= most / 2);
  const common = () => (enough[0] ?? []).flatMap((_, f) => (compared.every((g) => enough[g]![f]) ? [f] : []));
  while (compared.length > 1 && common().length === 0) {
    const fewest = compared.reduce((a, b) => (known[b]! < known[a]! ? b : a));
    compared = compared.filter((g) => g !== fewest);
  }
  return { compared, meanOver: compared.length > 0 ? common() : [] };
}

const undefinedDrawn = (redraws: number): Drawn => ({
  whole: NaN,
  redraws: new Float64Array(redraws).fill(NaN),
});
