import { dirname } from 'node:path';
import { Interrupted, removeAsides } from '../base/index.js';
import { checkpointPath, loadCheckpoint, type Progress, saveCheckpoint } from './checkpoint.js';
import { RunLog } from './run-log.js';
import type { Batch, Metrics, Position, ReadFeed, TrainingTask } from './task.js';

export interface RunPlan {
  folder: string;
  device: string;
  epochs: number;
  stepsPerEpoch: number;
  /** Seconds between checkpoints inside an epoch; the end of an epoch always writes one. */
  checkpointSeconds: number;
  /** Steps between lines of `metrics.jsonl` inside an epoch; 0 for epoch lines alone. */
  logEvery: number;
}

export interface RunSignals {
  /** True once the run should write a checkpoint and end; it stays so. */
  stopped(): boolean;
  onProgress(report: { at: Position; imagesDone: number; metrics: Metrics }): void;
  /** After each epoch, which counts from 1: what is logged of it. */
  onEpoch?(report: { epoch: number; metrics: Metrics }): void;
}

/** Reads the training feed of an epoch from a batch on. */
export type ReadEpoch = (epoch: number, start: number) => AsyncIterable<Batch>;

export const throwIf = (stopped: () => boolean) => (): void => {
  if (stopped()) throw new Interrupted('stopped');
};

export type RunOutcome = { status: 'done'; result: unknown; seconds: number } | { status: 'interrupted' };

/**
 * Trains from the last checkpoint, or from the start, to the end. What a checkpoint holds and the feeds' fixed order
 * make an interrupted run end with the same bits as an undisturbed one.
 */
export async function runTask(
  task: TrainingTask,
  plan: RunPlan,
  feeds: { epoch: ReadEpoch; read: ReadFeed },
  signals: RunSignals,
): Promise<RunOutcome> {
  const { folder, device, epochs, stepsPerEpoch } = plan;
  for (const written of [folder, dirname(checkpointPath(folder))]) removeAsides(written);
  const found = loadCheckpoint(folder, task, device);
  const progress: Progress = found ?? {
    epoch: 0,
    stepOfEpoch: 0,
    sums: {},
    seconds: 0,
    log: { metrics: 0, events: 0 },
  };
  using log = new RunLog(folder, progress.log);
  let images = 0;
  let clock = performance.now();
  let saved = clock;
  const save = () => {
    const now = performance.now();
    progress.seconds += (now - clock) / 1000;
    clock = now;
    progress.log = log.sync();
    saveCheckpoint(folder, task, progress, device);
    saved = performance.now();
  };

  const read = readUntil(signals, feeds.read);
  if (!found) {
    const begun = await unlessStopped(task.begin?.(read));
    if (begun === STOPPED) return { status: 'interrupted' };
    if (begun) {
      log.epoch(0, begun);
      signals.onEpoch?.({ epoch: 0, metrics: begun });
    }
  }
  while (progress.epoch < epochs && !task.ended?.()) {
    for await (const batch of feeds.epoch(progress.epoch, progress.stepOfEpoch)) {
      const at: Position = {
        epoch: progress.epoch,
        stepOfEpoch: progress.stepOfEpoch,
        step: progress.epoch * stepsPerEpoch + progress.stepOfEpoch,
        stepsPerEpoch,
        totalSteps: epochs * stepsPerEpoch,
      };
      const metrics = task.step(batch, at);
      progress.stepOfEpoch++;
      for (const [name, value] of Object.entries(metrics)) progress.sums[name] = (progress.sums[name] ?? 0) + value;
      if (plan.logEvery > 0 && at.step % plan.logEvery === 0) log.step(at.step, metrics);
      images += batch.indices.length;
      signals.onProgress({ at, imagesDone: images, metrics });
      // A stop on an epoch's last step goes through: the checkpoint stands between two steps, validation after them.
      if (progress.stepOfEpoch === stepsPerEpoch) break;
      if (signals.stopped()) {
        save();
        return { status: 'interrupted' };
      }
      if (performance.now() - saved > plan.checkpointSeconds * 1000) save();
    }
    const sums = Object.entries(progress.sums);
    const means: Metrics = Object.fromEntries(sums.map(([name, sum]) => [name, sum / stepsPerEpoch]));
    const ended = await unlessStopped(task.endEpoch?.(progress.epoch, read, means));
    if (ended === STOPPED) {
      save();
      return { status: 'interrupted' };
    }
    const report = { epoch: progress.epoch + 1, metrics: { ...means, ...ended } };
    log.epoch(report.epoch, report.metrics);
    signals.onEpoch?.(report);
    Object.assign(progress, { epoch: progress.epoch + 1, stepOfEpoch: 0, sums: {} });
    save();
    if (signals.stopped()) return { status: 'interrupted' };
  }
  const result = await unlessStopped(task.finish(read));
  return result === STOPPED ? { status: 'interrupted' } : { status: 'done', result, seconds: progress.seconds };
}

/** Feeds that end with Interrupted before the next batch once the run is asked to stop. */
function readUntil({ stopped }: RunSignals, read: ReadFeed): ReadFeed {
  const throwIfStopped = throwIf(stopped);
  return async function* (feed) {
    throwIfStopped();
    for await (const batch of read(feed)) {
      throwIfStopped();
      yield batch;
    }
  };
}

const STOPPED = Symbol('stopped');

/** What comes of `work`, or STOPPED where it was left with Interrupted. */
async function unlessStopped<T>(work: Promise<T> | undefined): Promise<T | undefined | typeof STOPPED> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Interrupted) return STOPPED;
    throw error;
  }
}
