import { note } from './output.js';

/**
 * Ctrl-C while `work` runs: the first asks it to stop (finish the step, write a checkpoint), the second ends the
 * process at once. SIGTERM counts as a first one.
 */
export async function stoppable<T>(work: { done: Promise<T>; stop(): void }): Promise<T> {
  let asked = false;
  const onSignal = () => {
    if (asked) process.exit(130);
    asked = true;
    note('stopping after this step; everything so far is kept. Ctrl-C again to stop now.');
    work.stop();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work.done;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
