import type { PackedError } from '../base/index.js';
import type { RunPlan } from './runner.js';
import type { Batch, Metrics, Position } from './task.js';

/** What the main thread gives the training thread at its start. */
export interface WorkerStart {
  /** URL of the module that exports `createTask`. */
  taskModule: string;
  config: unknown;
  plan: RunPlan;
  /** Processor threads per operator. */
  threads: number;
  seed: number;
  /** `[1]`, shared: 1 once the run is to stop. A message would wait until a long computation is over. */
  stop: Int32Array;
}

export type ToWorker = { type: 'batch'; stream: number; batch: Batch | null };

export type FromWorker =
  | { type: 'open'; stream: number; feed: string; epoch: number; start: number }
  | { type: 'next'; stream: number }
  | { type: 'close'; stream: number }
  | { type: 'progress'; at: Position; imagesDone: number; metrics: Metrics }
  | { type: 'epoch'; epoch: number; metrics: Metrics }
  | { type: 'done'; result: unknown; seconds: number }
  | { type: 'interrupted' }
  | { type: 'failed'; error: PackedError };

/** Batches that the training thread asks for ahead of the one it works on. */
export const BATCHES_AHEAD = 2;
