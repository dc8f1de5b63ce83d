import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  generatorState,
  readSafetensors,
  type StateDict,
  scope,
  setGeneratorState,
  writeSafetensors,
} from '../torch/index.js';
import type { LogLengths } from './run-log.js';
import { concatenatedState, ownState } from './state.js';
import type { Metrics, TrainingTask } from './task.js';

/** What the runner itself must remember. */
export interface Progress {
  epoch: number;
  /** Steps done in `epoch`. */
  stepOfEpoch: number;
  /** Sums of the epoch's metrics so far. */
  sums: Metrics;
  /** Seconds of training so far, in all processes that took part. */
  seconds: number;
  /** Lengths of the run's log files at this moment. */
  log: LogLengths;
}

export const checkpointPath = (folder: string) => join(folder, 'checkpoint', 'state.safetensors');

/** Writes one file, atomically: tensors, generator, task memory and progress belong together. */
export function saveCheckpoint(folder: string, task: TrainingTask, progress: Progress, device: string): void {
  scope(() => {
    const tensors = concatenatedState({ task: task.state() });
    const metadata = { progress: JSON.stringify(progress), memory: JSON.stringify(task.memory()) };
    writeSafetensors(checkpointPath(folder), { ...tensors, generator: generatorState(device) }, metadata);
  });
}

/** Puts the task and this thread's generator back to where the checkpoint was written; undefined where there is none. */
export function loadCheckpoint(folder: string, task: TrainingTask, device: string): Progress | undefined {
  const path = checkpointPath(folder);
  if (!existsSync(path)) return undefined;
  return scope(() => {
    const { tensors, metadata } = readSafetensors(path);
    task.loadState(ownState('task', tensors));
    task.loadMemory(JSON.parse(metadata.memory!));
    setGeneratorState(tensors.generator!.clone(), device);
    return JSON.parse(metadata.progress!) as Progress;
  });
}

/** What the task's `state()` was in the last checkpoint: views into the file, of the open scope; undefined where there is none. */
export function checkpointState(folder: string): StateDict | undefined {
  const path = checkpointPath(folder);
  return existsSync(path) ? ownState('task', readSafetensors(path).tensors) : undefined;
}
