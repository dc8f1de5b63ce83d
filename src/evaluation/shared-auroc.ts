import { type Estimate, summarize } from './estimate.js';
import { countLabels, findingColumn } from './scores.js';
import { type Drawn, meanDrawn, type StratifiedOptions, stratifiedAurocs } from './stratified-auroc.js';

export interface SharedOptions extends Omit<StratifiedOptions, 'model' | 'strata' | 'count' | 'over'> {
  /** Probabilities `[N, F]` of a model on the images as they are. */
  plain: Float32Array;
  /** Probabilities `[N, F]` of the same model on other versions of the same images. */
  versions: readonly Float32Array[];
  /** 0.95 unless given. */
  confidence?: number;
}

export interface SharedEstimates {
  /** One per finding. */
  findings: SharedEstimate[];
  /** Findings with a positive and a negative, those of the mean. */
  meanOver: number[];
  mean: SharedEstimate;
}

export interface SharedEstimate {
  auroc: Estimate;
  plain: Estimate;
  /** (auroc - 0.5) / (plain - 0.5); NaN where the interval of the plain one reaches 0.5, as a share of nothing is none. */
  share: Estimate;
}

/**
 * How much of a model's AUROC is left on other versions of the test images, on the same redraws: one result per version. The share
 * divides what is left above chance by what there is. Throws as `stratifiedAurocs`.
 */
export function sharedAurocs(options: SharedOptions): SharedEstimates[] {
  const { labels, findings: F, versions, redraws, confidence = 0.95 } = options;
  const strata = new Int32Array(labels.length / F);
  const measure = (probabilities: Float32Array) => {
    const model = { name: 'one run', seeds: [probabilities] };
    return stratifiedAurocs({ ...options, model, strata, count: 1, over: 'each stratum' }).map(([it]) => it!);
  };
  const meanOver = Array.from({ length: F }, (_, f) => f).filter((f) => {
    const { positives, negatives } = countLabels(findingColumn(labels, F, f));
    return positives > 0 && negatives > 0;
  });
  const mean = (drawn: Drawn[]) =>
    meanDrawn(
      meanOver.map((f) => drawn[f]!),
      redraws,
    );
  const plain = measure(options.plain);
  return versions.map((probabilities) => {
    const own = measure(probabilities);
    return {
      findings: own.map((auroc, f) => shareOf(auroc, plain[f]!, confidence)),
      meanOver,
      mean: shareOf(mean(own), mean(plain), confidence),
    };
  });
}

function shareOf(auroc: Drawn, plain: Drawn, confidence: number): SharedEstimate {
  const ofPlain = summarize(plain.whole, plain.redraws, confidence);
  const share = (own: number, all: number) => (ofPlain.low > 0.5 && all > 0.5 ? (own - 0.5) / (all - 0.5) : NaN);
  const shares = auroc.redraws.map((own, b) => share(own, plain.redraws[b]!));
  return {
    auroc: summarize(auroc.whole, auroc.redraws, confidence),
    plain: ofPlain,
    share: summarize(share(auroc.whole, plain.whole), shares, confidence),
  };
}
