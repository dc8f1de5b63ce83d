/** A few steps of a training at its real size and batch, in a process of their own: seconds and memory. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compiledUrl, HilumError } from '../../base/index.js';
import type { TestingInput } from '../testing/run-test.js';
import type { ProbedTraining } from './trainings.js';

export type ProbeRequest =
  | {
      kind: 'training';
      training: ProbedTraining;
      device: string;
      /** To spend on steps. */
      seconds: number;
    }
  | {
      kind: 'test';
      /** Its redraws are those of the first measurement. */
      input: TestingInput;
      seconds: number;
    };

/** What a process measured; bytes are resident sets. */
export interface ProbeMeasurement {
  /** Images of a step; fewer than asked where a step of all would have taken too long. */
  batch: number;
  /** How many steps were counted. */
  steps: number;
  /** Median seconds of a step; of the whole batch, as a line through two smaller ones says where it was not run. */
  seconds: number;
  /** Seconds of a pass forward, of an image. */
  forward: number;
  /** Until the first step was done, less what a step takes: loading, building. */
  start: number;
  /** Half the range of the steps' seconds, as a share of the median. */
  spread: number;
  /** Before the network was built, and at its peak. */
  base: number;
  peak: number;
}

/** Seconds of a test: those of the models' redraws, which may take several threads, and the rest. */
export interface TestSeconds {
  redraws: number;
  models: number;
  rest: number;
}

/** A test with two numbers of redraws, and what the first one of a thread takes longer. */
export interface TestMeasurement {
  start: number;
  few: TestSeconds;
  more: TestSeconds;
}

/** What a training takes on this machine. */
export interface TrainingCost {
  secondsPerImage: number;
  /** Of a pass forward. */
  secondsPerPrediction: number;
  /** Before its first step. */
  startSeconds: number;
  /** Bytes, of one training in a process of its own. */
  memory: number;
  /** Share by which the seconds may be off, by what was measured. */
  uncertainty: number;
}

/** Trains in another process. Throws a HilumError where that fails. */
export const probeTraining = (request: Omit<Extract<ProbeRequest, { kind: 'training' }>, 'kind'>) =>
  inProcess<ProbeMeasurement>({ kind: 'training', ...request });

/** Tests in another process, with two numbers of redraws. Throws a HilumError where that fails. */
export const probeTest = (input: TestingInput, seconds: number) =>
  inProcess<TestMeasurement>({ kind: 'test', input, seconds });

function inProcess<T extends object>(request: ProbeRequest): Promise<T> {
  const path = fileURLToPath(compiledUrl('./probe-process.js', import.meta.url));
  const child = fork(path, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new HilumError(`the probe of a ${request.kind} failed: ${why}`));
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
    child.on('message', (answer: T | { error: string }) => {
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
  const { batch, seconds, forward, start, spread, base, peak } = measured;
  const activations = Math.max(0, peak - base - state) * (batchSize / batch);
  const floor = batch < batchSize ? SMALLER_BATCH : LEAST_UNCERTAINTY;
  return {
    secondsPerImage: seconds / batchSize,
    secondsPerPrediction: forward,
    startSeconds: start,
    memory: Math.round(base + state + activations),
    uncertainty: Math.max(floor, spread),
  };
}
