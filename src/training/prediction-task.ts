/** A trained classifier predicts a feed, as a job of one epoch, so that it shows progress, stops and goes on as a training does. */
import { batchCount, batches, type ImageReader } from '../imaging/index.js';
import { Classifier, createBackbone, type ModelConfig } from '../models/index.js';
import { noGrad, type Precision, readSafetensors, type StateDict, scope, toFloat32Array } from '../torch/index.js';
import { predictLogits } from './predict.js';
import type { Batch, Metrics, TaskContext, TrainingTask } from './task.js';
import type { MadeFeed } from './training.js';

export interface PredictionConfig {
  model: ModelConfig;
  /** A fine-tuning's `model.safetensors`. */
  weights: string;
  /** F */
  outputs: number;
  precision: Precision;
  testFlip?: boolean;
}

/** Images to predict in their order, as the feed of a job of one epoch: the last batch may be smaller. */
export function predictionFeed(store: ImageReader, indices: Int32Array, batchSize: number): MadeFeed {
  return {
    images: batchCount(indices.length, batchSize) * batchSize,
    batchSize,
    read: (_, start) => batches(store, indices, { batchSize, start }),
  };
}

class PredictionTask implements TrainingTask {
  private readonly model: Classifier;
  private probabilities: number[] = [];

  constructor(
    private readonly config: PredictionConfig,
    private readonly context: TaskContext,
  ) {
    const { model, outputs, weights } = config;
    this.model = new Classifier(createBackbone(model), outputs);
    scope(() => this.model.loadStateDict(readSafetensors(weights).tensors, weights));
    this.model.to(context.device).eval();
  }

  /** The weights are those of the file. */
  state(): StateDict {
    return {};
  }

  loadState(): void {}

  memory(): unknown {
    return this.probabilities;
  }

  loadMemory(memory: unknown): void {
    this.probabilities = memory as number[];
  }

  step(batch: Batch): Metrics {
    const { precision, testFlip } = this.config;
    const options = { device: this.context.device, precision, testFlip };
    this.probabilities.push(
      ...scope(() => noGrad(() => toFloat32Array(predictLogits(this.model, batch, options).sigmoid()))),
    );
    return {};
  }

  /** Probabilities `[N * F]`, in the feed's order. */
  async finish(): Promise<Float32Array> {
    return Float32Array.from(this.probabilities);
  }
}

export const createTask = (config: PredictionConfig, context: TaskContext): TrainingTask =>
  new PredictionTask(config, context);
