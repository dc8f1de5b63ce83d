import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { compiledUrl, HilumError, InputError, unpackError } from '../base/index.js';
import { batchCount, batches, epochOrder, type ImageReader } from '../imaging/index.js';
import { BATCHES_AHEAD, type FromWorker, type ToWorker, type WorkerStart } from './messages.js';
import { weightedOrder } from './sampling.js';
import type { Batch, Metrics, Position } from './task.js';

/** Images that a training thread may read: the feed 'train' in a new order each epoch, all others as they stand. */
export interface Feed {
  store: ImageReader;
  /** Which images of the store. */
  indices: Int32Array;
  batchSize: number;
  /** Of the feed 'train': what the images of an epoch are drawn with, one per entry of `indices`; each comes once where left out. */
  weights?: Float64Array | null;
}

/** Batches that are made elsewhere, such as crops of images: always the same ones for an epoch. */
export interface MadeFeed {
  /** How many images an epoch has. */
  images: number;
  batchSize: number;
  /** Full batches of an epoch, from batch `start` on, in ArrayBuffers of their own. */
  read(epoch: number, start: number): AsyncGenerator<Batch, void, undefined>;
}

export interface TrainingJob {
  /** URL of the compiled module that exports `createTask` (see `compiledUrl`). */
  taskModule: string;
  /** Given to `createTask`; must survive structured cloning. */
  config: unknown;
  /** The run's folder. A run found there goes on where it was. */
  folder: string;
  feeds: { train: Feed | MadeFeed } & Record<string, Feed | MadeFeed>;
  epochs: number;
  seed: number;
  device: string;
  threads: number;
  checkpointSeconds?: number;
  logEvery?: number;
}

export interface TrainingProgress {
  at: Position;
  /** Images since this process took the run up. */
  imagesDone: number;
  metrics: Metrics;
}

export type TrainingOutcome<R> = { status: 'done'; result: R; seconds: number } | { status: 'interrupted' };

export interface Training<R> {
  outcome: Promise<TrainingOutcome<R>>;
  /** Finishes the step, or leaves the evaluation, which is done anew when the run goes on; writes a checkpoint, ends. */
  stop(): void;
}

/** Steps of one epoch of a job: the last partial batch is dropped. Throws an InputError where not one batch fills. */
export function stepsPerEpoch(feed: Feed | MadeFeed): number {
  const { batchSize } = feed;
  const images = 'read' in feed ? feed.images : feed.indices.length;
  const steps = batchCount(images, batchSize, true);
  if (steps === 0) {
    throw new InputError(
      `training: found ${images} images; expected at least one batch of ${batchSize}. Lower batchSize.`,
    );
  }
  return steps;
}

/**
 * Starts a training in a thread of its own. This thread decodes its images and stays free for everything else. `onEpoch` gets what is
 * logged of each epoch, which counts from 1.
 */
export function startTraining<R>(
  job: TrainingJob,
  onProgress: (progress: TrainingProgress) => void = () => {},
  onEpoch: (report: { epoch: number; metrics: Metrics }) => void = () => {},
): Training<R> {
  const { folder, device, epochs, threads, seed, config, taskModule, checkpointSeconds = 120, logEvery = 0 } = job;
  const plan = { folder, device, epochs, stepsPerEpoch: stepsPerEpoch(job.feeds.train), checkpointSeconds, logEvery };
  mkdirSync(folder, { recursive: true });
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: WorkerStart = { taskModule, config, plan, threads, seed, stop };
  const worker = new Worker(compiledUrl('./worker.js', import.meta.url), { workerData });
  const streams = new Map<number, AsyncGenerator<Batch, void, undefined>>();
  const tell = (message: ToWorker, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  const outcome = new Promise<TrainingOutcome<R>>((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(error);
      worker.terminate();
    };
    worker.on('error', fail);
    worker.on('exit', () => reject(new HilumError(`${folder}: the training thread ended before its work was done`)));
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'open') streams.set(message.stream, openFeed(job, message));
      else if (message.type === 'next') deliver(message.stream, streams.get(message.stream), tell).catch(fail);
      else if (message.type === 'close') {
        streams.get(message.stream)?.return();
        streams.delete(message.stream);
      } else if (message.type === 'progress') onProgress(message);
      else if (message.type === 'epoch') onEpoch(message);
      else if (message.type === 'done') {
        resolve({ status: 'done', result: message.result as R, seconds: message.seconds });
      } else if (message.type === 'interrupted') resolve({ status: 'interrupted' });
      else fail(unpackError(message.error));
    });
  });
  return { outcome, stop: () => void Atomics.store(stop, 0, 1) };
}

function openFeed(job: TrainingJob, { feed, epoch, start }: Extract<FromWorker, { type: 'open' }>) {
  const found = job.feeds[feed];
  if (!found) throw new HilumError(`${job.folder}: the training asks for the feed '${feed}', which it was not given`);
  if ('read' in found) return found.read(epoch, start);
  const { store, indices, batchSize, weights } = found;
  const train = feed === 'train';
  const order = () => (weights ? weightedOrder(weights, job.seed, epoch) : epochOrder(indices.length, job.seed, epoch));
  return batches(store, train ? order().map((i) => indices[i]!) : indices, {
    batchSize,
    dropLast: train,
    ahead: BATCHES_AHEAD,
    start,
  });
}

async function deliver(
  stream: number,
  source: AsyncGenerator<Batch, void, undefined> | undefined,
  tell: (message: ToWorker, transfer?: ArrayBuffer[]) => void,
): Promise<void> {
  const next = await source?.next();
  const batch = next?.done ? null : (next?.value ?? null);
  const arrays = [batch?.images, batch?.extra?.images].filter((array) => array !== undefined);
  tell({ type: 'batch', stream, batch }, [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))]);
}
