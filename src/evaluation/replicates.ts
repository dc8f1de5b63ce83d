/** Statistics of models in many versions of the test set: redraws, and what is left without some of its units. */
import { Worker } from 'node:worker_threads';
import { compiledUrl, Random } from '../base/index.js';
import { OPERATING_METRICS, operatingMetrics } from './confusion.js';
import type { JackknifeBlocks } from './jackknife.js';
import { LANES, Multiplicities, type RankedScores, RedrawCounter } from './ranked-scores.js';
import { Resampler } from './resampling.js';
import { SeedResampler } from './seed-resampling.js';

/** What is measured for each finding, in this order. */
export const METRICS = ['auroc', 'averagePrecision', ...OPERATING_METRICS] as const;
export type Metric = (typeof METRICS)[number];

/** A model whose scores are ranked. Plain data, for threads. */
export interface RankedModel {
  name: string;
  /** Pretraining of each training seed. */
  pretrainings: readonly number[];
  /** `[seeds][F]` */
  ranked: RankedScores[][];
  /** Whether there is a threshold, `[seeds][F]`. */
  hasThreshold: boolean[][];
  /** `[METRICS, F, columns]`, a column for each replicate; over shared memory. */
  values: Float64Array;
}

/** Replicates to be measured: first the redraws, then those that leave out a block of units each. Plain data, for threads. */
export interface Replicates {
  seed: number;
  redraws: number;
  rows: number;
  groups?: Int32Array;
  strata?: Int32Array;
  blocks?: JackknifeBlocks;
  /** Their number. */
  columns: number;
  models: readonly RankedModel[];
  /** Over shared memory: how many batches of replicates were taken and how many are done, then whether each is. */
  progress: Int32Array;
}

const TAKEN = 0;
const DONE = 1;
const BATCHES = 2;

/** Room for the values of a model. */
export function roomForValues(findings: number, columns: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * METRICS.length * findings * columns));
}

/** Room for `progress`. */
export function roomForProgress(columns: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (BATCHES + Math.ceil(columns / LANES))));
}

/**
 * Fills `values` of the models. The numbers do not depend on the number of threads, this one included.
 *
 * The other threads only take batches that nobody took, so one that cannot start takes none. What one took and has not done when
 * nothing was done for `patience` milliseconds is measured here: a thread that died costs time alone.
 */
export function measureReplicates(work: Replicates, threads: number, patience = PATIENCE_MILLISECONDS): void {
  const batches = work.progress.length - BATCHES;
  const workers = Array.from({ length: Math.min(threads, batches) - 1 }, () => {
    const worker = new Worker(compiledUrl('./replicates-thread.js', import.meta.url), {
      workerData: work,
      execArgv: [],
    });
    worker.on('error', () => {});
    worker.unref();
    return worker;
  });
  const own = measureBatches(work);
  waitForOthers(work.progress, batches, patience);
  for (let batch = 0; batch < batches; batch++) if (!work.progress[BATCHES + batch]) own.measure(batch);
  for (const worker of workers) void worker.terminate();
}

/** Hardly a batch takes as long. */
const PATIENCE_MILLISECONDS = 20_000;

function waitForOthers(progress: Int32Array, batches: number, patience: number): void {
  for (;;) {
    const done = Atomics.load(progress, DONE);
    if (done >= batches || Atomics.wait(progress, DONE, done, patience) === 'timed-out') return;
  }
}

/** Measures batches as long as there are any that no thread took. */
export function measureBatches(work: Replicates): BatchMeasurer {
  const { progress } = work;
  const measurer = new BatchMeasurer(work);
  for (;;) {
    const batch = Atomics.add(progress, TAKEN, 1);
    if (batch >= progress.length - BATCHES) return measurer;
    measurer.measure(batch);
    Atomics.store(progress, BATCHES + batch, 1);
    Atomics.add(progress, DONE, 1);
    Atomics.notify(progress, DONE);
  }
}

class BatchMeasurer {
  private readonly resampler: Resampler;
  private readonly seeds: SeedResampler[];
  private readonly times: Uint16Array;
  private readonly multiplicities: Multiplicities;
  private readonly measurer = new LaneMeasurer();

  constructor(private readonly work: Replicates) {
    const { rows, groups, strata, models } = work;
    this.resampler = new Resampler(rows, groups, strata);
    this.seeds = models.map(({ pretrainings }) => new SeedResampler(pretrainings));
    this.times = new Uint16Array(this.resampler.units);
    this.multiplicities = new Multiplicities(this.resampler.units);
  }

  measure(batch: number): void {
    const { work, measurer, multiplicities } = this;
    const first = LANES * batch;
    const last = Math.min(first + LANES, work.columns);
    for (let replicate = first; replicate < last; replicate++)
      multiplicities.set(replicate - first, this.draw(replicate));
    for (const [m, model] of work.models.entries()) {
      const weights = Array.from({ length: last - first }, (_, lane) => this.weights(m, first + lane));
      measurer.measure(model, multiplicities, weights, first);
    }
  }

  private draw(replicate: number): Uint16Array {
    const { seed, redraws, blocks } = this.work;
    if (replicate < redraws) return this.resampler.drawUnits(Random.of(seed, 'test set', replicate));
    for (let unit = 0; unit < this.times.length; unit++) {
      this.times[unit] = blocks!.ofUnit[unit] === replicate - redraws ? 0 : 1;
    }
    return this.times;
  }

  private weights(m: number, replicate: number): Float64Array {
    const { seed, redraws, models } = this.work;
    const resampler = this.seeds[m]!;
    if (replicate >= redraws) return resampler.all;
    return resampler.draw(Random.of(seed, 'training seeds', models[m]!.name, replicate)).slice();
  }
}

/** Measures a model in up to eight replicates at once. */
export class LaneMeasurer {
  private readonly counter = new RedrawCounter();

  /**
   * Writes the means over seeds, weighted by `weights` `[lanes][seeds]`, into the columns of `model.values` from `first` on. NaN where a statistic is undefined for a seed of some weight. Writes each number once, so that it does no harm where two
   * threads measure the same.
   */
  measure(
    { ranked, hasThreshold, values }: RankedModel,
    multiplicities: Multiplicities,
    weights: readonly Float64Array[],
    first: number,
  ): void {
    const findings = ranked[0]!.length;
    const columns = values.length / (METRICS.length * findings);
    const lanes = weights.length;
    const sums = new Float64Array(METRICS.length * findings * lanes);
    for (const [s, perFinding] of ranked.entries()) {
      const drawn = [...weights.keys()].filter((lane) => weights[lane]![s] !== 0);
      if (drawn.length === 0) continue;
      for (const [f, scores] of perFinding.entries()) {
        this.counter.count(scores, multiplicities);
        for (const lane of drawn) {
          const measured = this.metrics(lane, weights[lane]![s]!, hasThreshold[s]![f]!);
          for (const [metric, value] of measured.entries()) sums[(metric * findings + f) * lanes + lane]! += value;
        }
      }
    }
    for (let row = 0; row < METRICS.length * findings; row++) {
      values.set(sums.subarray(row * lanes, (row + 1) * lanes), row * columns + first);
    }
  }

  /** `[METRICS]` of what was counted, times a weight. */
  private metrics(lane: number, weight: number, hasThreshold: boolean): number[] {
    const { counter } = this;
    const positives = counter.positives[lane]!;
    const negatives = counter.negatives[lane]!;
    const truePositives = counter.truePositives[lane]!;
    const falsePositives = counter.falsePositives[lane]!;
    const falseNegatives = positives - truePositives;
    const trueNegatives = negatives - falsePositives;
    const pairs = positives * negatives;
    const operating = operatingMetrics({ truePositives, falsePositives, trueNegatives, falseNegatives });
    return [
      (weight * (pairs - counter.losses[lane]!)) / pairs,
      (weight * counter.precisions[lane]!) / positives,
      ...OPERATING_METRICS.map((metric) => (hasThreshold ? weight * operating[metric] : NaN)),
    ];
  }
}
