/** A few training steps of the real network at its real size and batch, in a process of their own: seconds and memory. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compiledUrl, HilumError } from '../../base/index.js';
import type { SupervisedConfig } from '../../training/index.js';

export interface ProbeRequest {
  config: SupervisedConfig;
  device: string;
  threads: number;
  /** Of one pass. */
  batchSize: number;
  /** To spend on steps. */
  seconds: number;
}

/** What a process measured; bytes are resident sets. */
export interface ProbeMeasurement {
  /** Images of a step; fewer than asked where a step of all would have taken too long. */
  batch: number;
  /** How many steps were counted. */
  steps: number;
  /** Median seconds of a step. */
  seconds: number;
  /** Half the range of the steps' seconds, as a share of the median. */
  spread: number;
  /** Before the network was built, and at its peak. */
  base: number;
  peak: number;
}

/** What a training takes on this machine. */
export interface TrainingCost {
  secondsPerImage: number;
  /** Bytes, of one training in a process of its own. */
  memory: number;
  /** Share by which the seconds may be off, by what was measured. */
  uncertainty: number;
}

/** Trains in another process. Throws a HilumError where that fails. */
export function probe(request: ProbeRequest): Promise<ProbeMeasurement> {
  const path = fileURLToPath(compiledUrl('./probe-process.js', import.meta.url));
  const child = fork(path, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new HilumError(`the probe of a training failed: ${why}`));
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
    child.on('message', (answer: ProbeMeasurement | { error: string }) => {
      if ('error' in answer) fail(answer.error);
      else resolve(answer);
    });
    child.send(request);
  });
}

/** Of the first steps, which a busy machine and other parts beside it may slow down. */
const LEAST_UNCERTAINTY = 0.25;
/** Of a batch that is smaller than the real one: its steps use the cores less well. */
const SMALLER_BATCH = 0.5;

/** `state`: bytes of weights, gradients and moments, which do not grow with the batch. */
export function costOf(measured: ProbeMeasurement, batchSize: number, state: number): TrainingCost {
  const { batch, seconds, spread, base, peak } = measured;
  const activations = Math.max(0, peak - base - state) * (batchSize / batch);
  const floor = batch < batchSize ? SMALLER_BATCH : LEAST_UNCERTAINTY;
  return {
    secondsPerImage: seconds / batch,
    memory: Math.round(base + state + activations),
    uncertainty: Math.max(floor, spread),
  };
}
