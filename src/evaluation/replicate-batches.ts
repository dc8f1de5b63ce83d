/** Replicates measured in batches of eight, which threads take one after the other. */
import { Random } from '../base/index.js';
import type { JackknifeBlocks } from './jackknife.js';
import { LANES, Multiplicities } from './ranked-scores.js';
import { LaneMeasurer, type RankedModel } from './replicates.js';
import { Resampler } from './resampling.js';
import { SeedResampler } from './seed-resampling.js';

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
const FIRST_BATCH = 2;

/** Room for `progress`. */
export function roomForProgress(columns: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (FIRST_BATCH + Math.ceil(columns / LANES))));
}

/** Number of batches. */
export const batchesOf = ({ progress }: Replicates): number => progress.length - FIRST_BATCH;

export const isDone = ({ progress }: Replicates, batch: number): boolean => progress[FIRST_BATCH + batch] === 1;

/** Waits until all batches are done. False where none was done for `patience` milliseconds. */
export function waitForAll(work: Replicates, patience: number): boolean {
  const { progress } = work;
  for (;;) {
    const done = Atomics.load(progress, DONE);
    if (done >= batchesOf(work)) return true;
    if (Atomics.wait(progress, DONE, done, patience) === 'timed-out') return false;
  }
}

/** Measures batches as long as there are any that no thread took. */
export function measureBatches(work: Replicates): BatchMeasurer {
  const { progress } = work;
  const measurer = new BatchMeasurer(work);
  for (;;) {
    const batch = Atomics.add(progress, TAKEN, 1);
    if (batch >= batchesOf(work)) return measurer;
    measurer.measure(batch);
    Atomics.store(progress, FIRST_BATCH + batch, 1);
    Atomics.add(progress, DONE, 1);
    Atomics.notify(progress, DONE);
  }
}

/** Measures batches, any of them. */
export class BatchMeasurer {
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
