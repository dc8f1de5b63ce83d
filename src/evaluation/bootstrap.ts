import { inputError, Random } from '../base/index.js';
import { OPERATING_METRICS, type OperatingMetric, operatingMetrics } from './confusion.js';
import { bootstrapPValues, type Estimate, type PValues, summarize } from './estimate.js';
import { RankedScores } from './ranked-scores.js';
import { Resampler } from './resampling.js';
import { countLabels, findingColumn, type LabelCounts } from './scores.js';
import { SeedResampler } from './seed-resampling.js';

/** A model, trained once or with several seeds, and what it says about the test set: N rows, F findings. */
export interface BootstrapModel {
  /** Unique among the models compared. Its draws of training seeds depend on it. */
  name: string;
  /** Probabilities `[N, F]` of each training seed. */
  seeds: Float32Array[];
  /** Pretraining that each training seed started from: integers, equal where it was the same. Left out: one for all. */
  pretrainings?: readonly number[];
  /** Thresholds `[F]` of each training seed, chosen on validation; NaN where there is none. Left out: no operating metrics. */
  thresholds?: Float64Array[];
}

export interface BootstrapOptions {
  /** `[N, F]`: 1, 0 or NaN (unknown: the row is left out for that finding). */
  labels: Float32Array;
  /** F */
  findings: number;
  models: BootstrapModel[];
  /** Patient number of each row `[N]`, to redraw patients with all their rows; undefined redraws rows. */
  groups?: Int32Array;
  /** Number of redraws, 1000 unless given. */
  redraws?: number;
  /** 0..2^32-1 */
  seed: number;
  /** Share of redraws inside an interval, 0.95 unless given. */
  confidence?: number;
}

export interface BootstrapResult {
  redraws: number;
  seed: number;
  confidence: number;
  /** Number of units redrawn: patients, or rows. */
  units: number;
  models: ModelEstimates[];
  /** One per ordered pair of models. */
  comparisons: Comparison[];
}

export interface ModelEstimates {
  name: string;
  /** Mean over the estimable findings; NaN where there is none. */
  meanAuroc: Estimate;
  /** Mean AUROC of each training seed on the whole test set. */
  meanAurocOfSeed: number[];
  /** One per finding. */
  findings: FindingEstimates[];
}

export interface FindingEstimates extends LabelCounts, Record<OperatingMetric, Estimate> {
  /** Whether the test set has a positive and a negative. Only such findings are in the mean AUROC. */
  estimable: boolean;
  auroc: Estimate;
}

export interface Comparison {
  first: string;
  second: string;
  /** Differences first - second, of the mean AUROC and of the AUROC of each finding. */
  meanAuroc: Difference;
  findings: Difference[];
}

export interface Difference extends Estimate, PValues {}

const METRICS = ['auroc', ...OPERATING_METRICS] as const;
type Metric = (typeof METRICS)[number];

/**
 * Paired bootstrap of models on one test set (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16).
 *
 * A redraw draws as many patients (or rows) as there are, with replacement, the same for every model; and, for each model on its own,
 * its training seeds, as `SeedResampler` does: as many as it has, with replacement, and where they start from several pretrainings,
 * these first. Its statistic is the mean over the seeds drawn. So the interval holds the variance of the test set and that between
 * trainings: the two are crossed, and resampled independently as in the pigeonhole bootstrap (Owen, Ann Appl Stat 1:386, 2007).
 *
 * A statistic of a finding is undefined (NaN) in a redraw that lacks what it needs, for instance a positive, or where it is undefined
 * for one of the seeds drawn; the redraw counts for everything else. The mean AUROC is over the findings that are estimable on the
 * whole test set; in a redraw, over those of them that are defined in it.
 *
 * A redraw depends on `seed` and its number alone, the draw of a model's seeds also on its name: neither the number of redraws nor
 * the other models change it.
 *
 * Throws an InputError for NaN probabilities of labelled rows, labels other than 1, 0, NaN, and two models of one name; a RangeError
 * for lengths that do not fit.
 */
export function pairedBootstrap(options: BootstrapOptions): BootstrapResult {
  const { findings, models, groups, redraws = 1000, seed, confidence = 0.95 } = options;
  checkOptions(options);
  const labels = Array.from({ length: findings }, (_, f) => findingColumn(options.labels, findings, f));
  const counts = labels.map(countLabels);
  const estimable = counts.map(({ positives, negatives }) => positives > 0 && negatives > 0);
  const samples = models.map((model) => new ModelSample(model, labels));
  const rows = options.labels.length / findings;

  const wholeTestSet = new Uint16Array(rows).fill(1);
  const estimates = samples.map((sample) => {
    const draws = new Draws(findings, 1);
    sample.measure(wholeTestSet, sample.seeds.all, draws, 0);
    return draws;
  });
  const resampler = new Resampler(rows, groups);
  const drawn = samples.map(() => new Draws(findings, redraws));
  for (let redraw = 0; redraw < redraws; redraw++) {
    const multiplicity = resampler.draw(Random.of(seed, 'test set', redraw));
    for (const [m, sample] of samples.entries()) {
      sample.measure(
        multiplicity,
        sample.seeds.draw(Random.of(seed, 'training seeds', sample.name, redraw)),
        drawn[m]!,
        redraw,
      );
    }
  }

  const meanEstimates = estimates.map((draws) => draws.meanAuroc(estimable)[0]!);
  const meanDraws = drawn.map((draws) => draws.meanAuroc(estimable));
  const results = models.map(
    ({ name }, m): ModelEstimates => ({
      name,
      meanAuroc: summarize(meanEstimates[m]!, meanDraws[m]!, confidence),
      meanAurocOfSeed: samples[m]!.meanAurocOfSeed(wholeTestSet, estimable),
      findings: counts.map((count, f) => {
        const of = (metric: Metric) => summarize(estimates[m]!.of(metric, f)[0]!, drawn[m]!.of(metric, f), confidence);
        const metrics = Object.fromEntries(METRICS.map((metric) => [metric, of(metric)])) as Record<Metric, Estimate>;
        return { ...count, estimable: estimable[f]!, ...metrics };
      }),
    }),
  );
  const comparisons: Comparison[] = [];
  for (const [a, first] of models.entries()) {
    for (const [b, second] of models.entries()) {
      if (a === b) continue;
      comparisons.push({
        first: first.name,
        second: second.name,
        meanAuroc: difference(meanEstimates[a]! - meanEstimates[b]!, meanDraws[a]!, meanDraws[b]!, confidence),
        findings: counts.map((_, f) => {
          const estimate = estimates[a]!.of('auroc', f)[0]! - estimates[b]!.of('auroc', f)[0]!;
          return difference(estimate, drawn[a]!.of('auroc', f), drawn[b]!.of('auroc', f), confidence);
        }),
      });
    }
  }
  return { redraws, seed, confidence, units: resampler.units, models: results, comparisons };
}

function difference(estimate: number, first: Float64Array, second: Float64Array, confidence: number): Difference {
  const differences = first.map((value, redraw) => value - second[redraw]!);
  return { ...summarize(estimate, differences, confidence), ...bootstrapPValues(differences) };
}

/** A model's ranked scores, ready for redraws. */
class ModelSample {
  readonly name: string;
  readonly seeds: SeedResampler;
  /** `[seeds][F]` */
  private readonly ranked: RankedScores[][];
  private readonly hasThreshold: boolean[][];

  constructor({ name, seeds, pretrainings, thresholds }: BootstrapModel, labels: Float32Array[]) {
    this.name = name;
    this.seeds = new SeedResampler(pretrainings ?? seeds.map(() => 0));
    this.ranked = seeds.map((probabilities, s) =>
      labels.map((column, f) => {
        const scores = findingColumn(probabilities, labels.length, f);
        checkScores(scores, column, `model ${name}, seed ${s}, finding ${f}`);
        return new RankedScores(scores, column, thresholds?.[s]?.[f] ?? NaN);
      }),
    );
    this.hasThreshold = seeds.map((_, s) => labels.map((_, f) => !Number.isNaN(thresholds?.[s]?.[f] ?? NaN)));
  }

  /** Writes the means over seeds, weighted `[seeds]`, into column `redraw`. */
  measure(multiplicity: Uint16Array, weights: Float64Array, into: Draws, redraw: number): void {
    for (const [s, weight] of weights.entries()) {
      if (weight === 0) continue;
      for (const [f, ranked] of this.ranked[s]!.entries()) {
        const counts = ranked.count(multiplicity);
        const positives = counts.truePositives + counts.falseNegatives;
        const negatives = counts.trueNegatives + counts.falsePositives;
        into.of('auroc', f)[redraw]! += (weight * counts.wins) / (positives * negatives);
        const metrics = operatingMetrics(counts);
        for (const metric of OPERATING_METRICS) {
          into.of(metric, f)[redraw]! += this.hasThreshold[s]![f] ? weight * metrics[metric] : NaN;
        }
      }
    }
  }

  meanAurocOfSeed(wholeTestSet: Uint16Array, estimable: boolean[]): number[] {
    return this.ranked.map((_, s) => {
      const draws = new Draws(estimable.length, 1);
      const only = Float64Array.from(this.ranked, (_, other) => (other === s ? 1 : 0));
      this.measure(wholeTestSet, only, draws, 0);
      return draws.meanAuroc(estimable)[0]!;
    });
  }
}

/** The statistics of a model in every redraw. */
class Draws {
  private readonly values: Record<Metric, Float64Array[]>;

  constructor(findings: number, redraws: number) {
    const columns = () => Array.from({ length: findings }, () => new Float64Array(redraws));
    this.values = Object.fromEntries(METRICS.map((metric) => [metric, columns()])) as Record<Metric, Float64Array[]>;
  }

  /** `[redraws]` */
  of(metric: Metric, finding: number): Float64Array {
    return this.values[metric][finding]!;
  }

  /** `[redraws]`: mean over the estimable findings that are defined in the redraw. */
  meanAuroc(estimable: boolean[]): Float64Array {
    const columns = this.values.auroc.filter((_, f) => estimable[f]);
    return Float64Array.from({ length: this.values.auroc[0]!.length }, (_, redraw) => {
      const defined = columns.map((column) => column[redraw]!).filter((value) => !Number.isNaN(value));
      return defined.reduce((total, value) => total + value, 0) / defined.length;
    });
  }
}

function checkOptions({ labels, findings, models, groups, redraws = 1000, confidence = 0.95 }: BootstrapOptions): void {
  const fail = (message: string): never => {
    throw new RangeError(`pairedBootstrap: ${message}`);
  };
  if (!Number.isInteger(findings) || findings < 1) fail(`findings is ${findings}`);
  if (labels.length === 0 || labels.length % findings !== 0) fail(`${labels.length} labels for ${findings} findings`);
  if (groups && groups.length !== labels.length / findings)
    fail(`${groups.length} groups for ${labels.length / findings} rows`);
  if (!Number.isInteger(redraws) || redraws < 1) fail(`redraws is ${redraws}`);
  if (!(confidence > 0 && confidence < 1)) fail(`confidence ${confidence} is outside 0..1`);
  for (const { name, seeds, pretrainings, thresholds } of models) {
    if (seeds.length === 0) fail(`model ${name} has no seeds`);
    if (pretrainings && pretrainings.length !== seeds.length)
      fail(`model ${name}: pretrainings of ${pretrainings.length} seeds`);
    if (thresholds && thresholds.length !== seeds.length)
      fail(`model ${name}: thresholds of ${thresholds.length} seeds`);
    for (const probabilities of seeds) {
      if (probabilities.length !== labels.length) fail(`model ${name}: ${probabilities.length} probabilities`);
    }
    for (const of of thresholds ?? []) if (of.length !== findings) fail(`model ${name}: ${of.length} thresholds`);
    if (models.filter((other) => other.name === name).length > 1) {
      throw inputError({ what: 'models', found: `two named ${name}`, expected: 'unique names' });
    }
  }
}

function checkScores(scores: Float32Array, labels: Float32Array, where: string): void {
  const row = scores.findIndex((score, i) => Number.isNaN(score) && !Number.isNaN(labels[i]));
  if (row >= 0) throw inputError({ what: `${where}, row ${row}`, found: 'NaN', expected: 'a probability' });
}
