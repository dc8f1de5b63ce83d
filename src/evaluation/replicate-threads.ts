/** Threads that measure replicates beside the one that asks for them. */
import { Worker } from 'node:worker_threads';
import { compiledUrl } from '../base/index.js';
import { batchesOf, isDone, measureBatches, type Replicates, waitForAll } from './replicate-batches.js';

/** They wait for the next work: a new thread would be slow until its code is compiled, which is half of what 1000 redraws take. */
const started: Worker[] = [];

/** Starts what is missing to `threads` threads, the one that calls included, and returns the others. They start while it goes on. */
export function startThreads(threads: number): Worker[] {
  while (started.length < threads - 1) {
    const thread = new Worker(compiledUrl('./replicate-thread.js', import.meta.url), { execArgv: [] });
    thread.on('error', () => {});
    thread.on('exit', () => {
      if (started.includes(thread)) started.splice(started.indexOf(thread), 1);
    });
    thread.unref();
    started.push(thread);
  }
  return started.slice(0, Math.max(0, threads - 1));
}

function stopThreads(): void {
  for (const thread of started.splice(0)) void thread.terminate();
}

/** Hardly a batch takes as long. */
const PATIENCE_MILLISECONDS = 20_000;

/** Waiting threads hold on to the memory of their last work: of larger one they are stopped. */
const MOST_BYTES_HELD = 2 ** 26;

/**
 * Fills `values` of the models. The numbers do not depend on the number of threads, this one included.
 *
 * The other threads only take batches that nobody took, so one that cannot start takes none. What one took and has not done when
 * nothing was done for `patience` milliseconds is measured here: a thread that died costs time alone.
 */
export function measureReplicates(work: Replicates, threads: number, patience = PATIENCE_MILLISECONDS): void {
  for (const thread of startThreads(Math.min(threads, batchesOf(work)))) thread.postMessage(work);
  const own = measureBatches(work);
  const allDone = waitForAll(work, patience);
  for (let batch = 0; batch < batchesOf(work); batch++) if (!isDone(work, batch)) own.measure(batch);
  const bytes = work.models.reduce((sum, { values }) => sum + values.byteLength, 0);
  if (!allDone || bytes > MOST_BYTES_HELD) stopThreads();
}
