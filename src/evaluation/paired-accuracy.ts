import { Random } from '../base/index.js';
import { bootstrapPValues, type Estimate, type PValues, summarize } from './estimate.js';
import { Resampler } from './resampling.js';

export interface AccuracyOptions {
  /** Per model, whether it was right on each test row `[N]`: 1 or 0. */
  models: readonly { name: string; right: Uint8Array }[];
  /** Number of each row's group `[N]`, to redraw whole groups; undefined redraws rows. */
  groups?: Int32Array;
  /** 1000 unless given. */
  redraws?: number;
  seed: number;
  /** 0.95 unless given. */
  confidence?: number;
}

export interface AccuracyResult {
  /** Number of units redrawn: groups, or rows. */
  units: number;
  models: { name: string; accuracy: Estimate }[];
  /** One per ordered pair of models: first - second. */
  comparisons: { first: string; second: string; accuracy: Estimate & PValues }[];
}

/**
 * Accuracy of models on one test set by paired bootstrap, as `pairedBootstrap` does it for AUROC, with the same redraws for the same
 * seed and groups. Throws a RangeError for lengths that do not fit.
 */
export function pairedAccuracy(options: AccuracyOptions): AccuracyResult {
  const { models, groups, redraws = 1000, seed, confidence = 0.95 } = options;
  const rows = models[0]?.right.length ?? 0;
  if (models.some(({ right }) => right.length !== rows)) throw new RangeError('pairedAccuracy: rows differ');
  const resampler = new Resampler(rows, groups);
  const share = ({ right }: { right: Uint8Array }, multiplicity?: Uint16Array) => {
    let hits = 0;
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const count = multiplicity ? multiplicity[row]! : 1;
      hits += count * right[row]!;
      total += count;
    }
    return hits / total;
  };
  const draws = models.map(() => new Float64Array(redraws));
  for (let redraw = 0; redraw < redraws; redraw++) {
    const multiplicity = resampler.draw(Random.of(seed, 'test set', redraw));
    for (const [m, model] of models.entries()) draws[m]![redraw] = share(model, multiplicity);
  }
  const pairs = models.flatMap((first, a) => models.flatMap((second, b) => (a === b ? [] : [{ first, second, a, b }])));
  return {
    units: resampler.units,
    models: models.map((model, m) => ({
      name: model.name,
      accuracy: summarize(share(model), draws[m]!, confidence),
    })),
    comparisons: pairs.map(({ first, second, a, b }) => {
      const differences = draws[a]!.map((value, redraw) => value - draws[b]![redraw]!);
      const estimate = share(first) - share(second);
      const accuracy = { ...summarize(estimate, differences, confidence), ...bootstrapPValues(differences) };
      return { first: first.name, second: second.name, accuracy };
    }),
  };
}
