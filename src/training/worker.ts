/** The training thread: builds the task, runs it, and asks the main thread for batches. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../base/index.js';
import { manualSeed, setThreads } from '../torch/index.js';
import { BATCHES_AHEAD, type FromWorker, type ToWorker, type WorkerStart } from './messages.js';
import { runTask, throwIf } from './runner.js';
import type { Batch, CreateTask } from './task.js';

const port = parentPort!;
const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

let streams = 0;
const waiting = new Map<number, ((batch: Batch | null) => void)[]>();

port.on('message', (message: ToWorker) => {
  waiting.get(message.stream)?.shift()?.(message.batch);
});

/** One feed as an iterable that keeps a few batches on their way. */
async function* read(feed: string, epoch: number, start: number): AsyncGenerator<Batch, void, undefined> {
  const stream = streams++;
  const resolvers: ((batch: Batch | null) => void)[] = [];
  waiting.set(stream, resolvers);
  const ask = () =>
    new Promise<Batch | null>((resolve) => {
      resolvers.push(resolve);
      send({ type: 'next', stream });
    });
  send({ type: 'open', stream, feed, epoch, start });
  const coming = Array.from({ length: BATCHES_AHEAD }, ask);
  try {
    for (;;) {
      const batch = await coming.shift();
      if (!batch) return;
      coming.push(ask());
      yield batch;
    }
  } finally {
    waiting.delete(stream);
    send({ type: 'close', stream });
  }
}

async function main({ taskModule, config, plan, threads, seed, stop }: WorkerStart): Promise<void> {
  setThreads(threads);
  manualSeed(seed, plan.device);
  if (plan.device !== 'cpu') manualSeed(seed);
  const { createTask } = (await import(taskModule)) as { createTask: CreateTask<unknown> };
  const { folder, device, epochs, stepsPerEpoch } = plan;
  const stopped = () => Atomics.load(stop, 0) !== 0;
  const throwIfStopped = throwIf(stopped);
  const totalSteps = epochs * stepsPerEpoch;
  const task = createTask(config, { folder, device, stepsPerEpoch, totalSteps, throwIfStopped });
  let reported = 0;
  const outcome = await runTask(
    task,
    plan,
    { epoch: (epoch, start) => read('train', epoch, start), read: (feed) => read(feed, 0, 0) },
    {
      stopped,
      onProgress: (report) => {
        if (performance.now() - reported < 100 && report.at.step + 1 < report.at.totalSteps) return;
        reported = performance.now();
        send({ type: 'progress', ...report });
      },
      onEpoch: (report) => send({ type: 'epoch', ...report }),
    },
  );
  send(
    outcome.status === 'done'
      ? { type: 'done', result: outcome.result, seconds: outcome.seconds }
      : { type: 'interrupted' },
  );
}

try {
  await main(workerData as WorkerStart);
} catch (error) {
  send({ type: 'failed', error: packError(error) });
} finally {
  port.close();
}
