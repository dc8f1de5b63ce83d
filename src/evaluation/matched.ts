import { bootstrapPValues, type Estimate, summarize } from './estimate.js';
import { findingColumn } from './scores.js';
import {
  countPairs,
  type Drawn,
  differenceDrawn,
  meanDrawn,
  type StratifiedOptions,
  stratifiedAurocs,
} from './stratified-auroc.js';

export interface MatchedOptions extends Omit<StratifiedOptions, 'over'> {
  /** 0.95 unless given. */
  confidence?: number;
}

export interface MatchedEstimates {
  /** One per finding. */
  findings: (MatchedEstimate & {
    /** Strata with a positive and a negative. */
    strata: number;
    /** Share of all pairs of a positive and a negative that are of one stratum; NaN without any pair. */
    pairs: number;
  })[];
  /** The findings with matched pairs, those of the mean. */
  meanOver: number[];
  mean: MatchedEstimate;
}

export interface MatchedEstimate {
  matched: Estimate;
  plain: Estimate;
  /** plain - matched: what telling the strata apart adds to the AUROC. */
  difference: Estimate;
  /** Two-sided. */
  p: number;
}

/**
 * AUROC over the pairs within strata, beside the plain one of the same rows and redraws. Rows in no stratum count in neither. What it
 * estimates and throws: `stratifiedAurocs`.
 */
export function matchedAurocs(options: MatchedOptions): MatchedEstimates {
  const { labels, findings: F, strata, count, redraws, confidence = 0.95 } = options;
  const of = (own: Int32Array, strataCount: number) =>
    stratifiedAurocs({ ...options, strata: own, count: strataCount, over: 'pairs within strata' }).map(([it]) => it!);
  const everything = strata.map((stratum) => Math.min(stratum, 0));
  const matched = of(strata, count);
  const plain = of(everything, 1);
  const pairs = matched.map((_, f) => {
    const column = findingColumn(labels, F, f);
    const within = countPairs(column, strata, count);
    return { strata: within.strata, pairs: within.pairs / countPairs(column, everything, 1).pairs };
  });
  const meanOver = [...pairs.keys()].filter((f) => pairs[f]!.strata > 0);
  const compare = (first: Drawn, second: Drawn): MatchedEstimate => {
    const difference = differenceDrawn(first, second);
    return {
      matched: summarize(second.whole, second.redraws, confidence),
      plain: summarize(first.whole, first.redraws, confidence),
      difference: summarize(difference.whole, difference.redraws, confidence),
      p: bootstrapPValues(difference.redraws).pTwoSided,
    };
  };
  const mean = (drawn: Drawn[]) =>
    meanDrawn(
      meanOver.map((f) => drawn[f]!),
      redraws,
    );
  return {
    findings: pairs.map((own, f) => ({ ...own, ...compare(plain[f]!, matched[f]!) })),
    meanOver,
    mean: compare(mean(plain), mean(matched)),
  };
}
