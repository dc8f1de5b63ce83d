/** What is left of the AUROC on degraded images. In a file of its own: it needs no images. */
import { type SharedEstimate, sharedAurocs } from '../../evaluation/index.js';
import { ofSplitOnly, readPredictions } from '../finetuning/predictions.js';
import { type DegradedAuroc, type DegradedResult, intervalOf } from '../result/index.js';
import type { Redrawing } from './redrawing.js';

/** A run's predictions of degraded test images, or why there are none. */
export type DegradedRun = Pick<DegradedResult, 'initialization' | 'degradation' | 'description' | 'run'> & {
  /** The run's own `predictions.csv`. */
  plain: string;
} & ({ predictions: string } | { reason: string });

/** The AUROC that is left, on the redraws of the models' test. `findings` in the order of the predictions. */
export function degradedResults(
  runs: readonly DegradedRun[],
  dataset: { name: string; findings: readonly string[] },
  options: Redrawing,
): DegradedResult[] {
  const test = (path: string) => ofSplitOnly(readPredictions(path), 'test');
  const { findings } = dataset;
  return [...new Set(runs.map(({ plain }) => plain))].flatMap((path) => {
    const own = runs.filter(({ plain }) => plain === path);
    const { labels, probabilities: plain } = test(path);
    const predicted = own.filter((run) => 'predictions' in run);
    const versions = predicted.map(({ predictions }) => test(predictions).probabilities);
    const estimates = sharedAurocs({ ...options, labels, findings: findings.length, plain, versions });
    return own.map(({ initialization, degradation, description, run, ...rest }): DegradedResult => {
      const base = { dataset: dataset.name, initialization, degradation, description, run };
      if ('reason' in rest) return { ...base, findings: [], mean: null, meanOver: [], reason: rest.reason };
      const {
        mean,
        meanOver,
        findings: each,
      } = estimates[predicted.findIndex((it) => it.degradation === degradation)]!;
      return {
        ...base,
        findings: each.map((it, f) => ({ finding: findings[f]!, ...stored(it) })),
        mean: meanOver.length > 0 ? stored(mean) : null,
        meanOver: meanOver.map((f) => findings[f]!),
        ...(meanOver.length === 0 && { reason: 'no finding is estimable' }),
      };
    });
  });
}

const stored = ({ auroc, plain, share }: SharedEstimate): DegradedAuroc => ({
  auroc: intervalOf(auroc),
  plain: intervalOf(plain),
  share: intervalOf(share),
});
