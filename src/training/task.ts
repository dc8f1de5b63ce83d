import type { StateDict } from '../torch/index.js';

/** One batch as it arrives in the training thread. */
export interface Batch {
  /** Which images, as the feed numbers them. */
  indices: Int32Array;
  /** `[B, C, H, W]`, 0..255. Of a feed of crops: several crops of each image, all first ones, then all second ones. */
  images: Uint8Array;
  shape: [number, number, number, number];
  /** Crops of another size, in the same order. */
  extra?: { images: Uint8Array; shape: [number, number, number, number] };
}

/** Where training stands. Epochs and steps count from 0. */
export interface Position {
  epoch: number;
  stepOfEpoch: number;
  /** Over all epochs. */
  step: number;
  stepsPerEpoch: number;
  totalSteps: number;
}

export type Metrics = Record<string, number>;

/** Reads one feed from its first batch to its last. Throws Interrupted once the run is asked to stop. */
export type ReadFeed = (feed: string) => AsyncIterable<Batch>;

/** What a task finds ready in its thread. */
export interface TaskContext {
  /** The run's folder; the runner keeps `checkpoint/`, `config.json` and `metrics.jsonl` in it. */
  folder: string;
  /** 'cpu' or 'cuda:0'. */
  device: string;
  totalSteps: number;
  stepsPerEpoch: number;
  /** Throws Interrupted where the run was asked to stop: for work between two steps that takes long. */
  throwIfStopped(): void;
}

/**
 * A training: what the runner (runner.ts) calls, in the training thread. Everything that changes from step to step must
 * be in `state()` and `memory()`; random numbers must come from this thread's generator or from the position.
 * `begin`, `endEpoch` and `finish` may be left with Interrupted, by `read` or by `throwIfStopped`: they are called again when the run
 * goes on, so they must not have changed anything that a checkpoint holds.
 */
export interface TrainingTask {
  /** Tensors of a checkpoint; not copies. */
  state(): StateDict;
  loadState(state: StateDict): void;
  /** The rest of a checkpoint: plain JSON. */
  memory(): unknown;
  loadMemory(memory: unknown): void;
  /** Called once, before the first step of all; what it returns is logged as that of epoch 0. */
  begin?(read: ReadFeed): Promise<Metrics | undefined>;
  /** One optimizer step. */
  step(batch: Batch, at: Position): Metrics;
  /** Called after each epoch, e.g. to validate, with the means of its steps' metrics; what it returns joins them. */
  endEpoch?(epoch: number, read: ReadFeed, means: Metrics): Promise<Metrics>;
  /** Asked before each epoch: whether the run ends here, before its last epoch. Must follow from `state()` and `memory()`. */
  ended?(): boolean;
  /** Called once, after the last step; typed arrays and plain values for the main thread. */
  finish(read: ReadFeed): Promise<unknown>;
}

/** What a task module exports: `createTask`. */
export type CreateTask<C> = (config: C, context: TaskContext) => TrainingTask;
