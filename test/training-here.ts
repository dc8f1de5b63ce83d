/**
 * `startTraining` in this thread: the start of a thread costs more than the few steps of a small training. One training runs at a time,
 * since all share the random generator. For `vi.mock('../src/training/index.js', ...)`.
 */
import { mkdirSync } from 'node:fs';
import { batches, epochOrder } from '../src/imaging/index.js';
import { manualSeed, setThreads } from '../src/torch/index.js';
import { runTask } from '../src/training/runner.js';
import { weightedOrder } from '../src/training/sampling.js';
import type { CreateTask, Metrics } from '../src/training/task.js';
import type { Training, TrainingJob, TrainingOutcome, TrainingProgress } from '../src/training/training.js';

let last: Promise<unknown> = Promise.resolve();

export function startTrainingHere<R>(
  job: TrainingJob,
  onProgress: (progress: TrainingProgress) => void = () => {},
  onEpoch: (report: { epoch: number; metrics: Metrics }) => void = () => {},
): Training<R> {
  const outcome = last.then(() => train(job, onProgress, onEpoch)) as Promise<TrainingOutcome<R>>;
  last = outcome.catch(() => {});
  return { outcome, stop: () => {} };
}

async function train(
  {
    folder,
    device,
    epochs,
    threads,
    seed,
    config,
    taskModule,
    feeds,
    checkpointSeconds = 120,
    logEvery = 0,
  }: TrainingJob,
  onProgress: (progress: TrainingProgress) => void,
  onEpoch: (report: { epoch: number; metrics: Metrics }) => void,
) {
  mkdirSync(folder, { recursive: true });
  setThreads(threads);
  manualSeed(seed, device);
  const source = taskModule.replace('/dist/', '/').replace(/\.js$/, '.ts');
  const { createTask } = (await import(/* @vite-ignore */ source)) as { createTask: CreateTask<unknown> };
  const { train } = feeds;
  const images = 'read' in train ? train.images : train.indices.length;
  const stepsPerEpoch = Math.floor(images / train.batchSize);
  const totalSteps = epochs * stepsPerEpoch;
  const task = createTask(config, { folder, device, stepsPerEpoch, totalSteps, throwIfStopped: () => {} });
  const read = (name: string, epoch: number, start: number) => {
    const feed = feeds[name]!;
    if ('read' in feed) return feed.read(epoch, start);
    const { store, indices, batchSize, weights } = feed;
    const order = weights ? weightedOrder(weights, seed, epoch) : epochOrder(indices.length, seed, epoch);
    const rows = name === 'train' ? order.map((i) => indices[i]!) : indices;
    return batches(store, rows, { batchSize, dropLast: name === 'train', ahead: 2, start });
  };
  return runTask(
    task,
    { folder, device, epochs, stepsPerEpoch, checkpointSeconds, logEvery },
    { epoch: (epoch, start) => read('train', epoch, start), read: (name) => read(name, 0, 0) },
    { stopped: () => false, onProgress, onEpoch },
  );
}
