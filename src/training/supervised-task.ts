/** Supervised training of a classifier: fine-tuning on radiographs, and supervised pretraining. */
import { join } from 'node:path';
import { HilumError, Random } from '../base/index.js';
import { augmentRadiographs, type RadiographAugmentation, toThreeChannels, toUnit } from '../imaging/index.js';
import {
  Classifier,
  createBackbone,
  frozenParts,
  loadWeights,
  type ModelConfig,
  mergedState,
  removeAdapters,
  saveBackbone,
} from '../models/index.js';
import {
  type AdamW,
  autocast,
  backward,
  type Module,
  noGrad,
  type Precision,
  readSafetensors,
  type Schedule,
  type StateDict,
  scope,
  type Tensor,
  toFloat32Array,
  writeSafetensors,
} from '../torch/index.js';
import { multiLabel, type Objective, singleLabel } from './objective.js';
import { learningRateSchedule, optimizerStep, type Recipe, recipeOptimizer } from './recipe.js';
import { concatenatedState, ownState } from './state.js';
import type { Batch, Metrics, Position, ReadFeed, TaskContext, TrainingTask } from './task.js';
import { applyTuning, parameterGroups, TRAIN_EVERYTHING, type Tuning } from './tuning.js';

export interface SupervisedConfig {
  model: ModelConfig;
  /** Weights file to start from, and the names that it may lack or have too many; null for a random start. */
  weights: { path: string; allow: readonly string[] } | null;
  /** `labels` `[images * F]` with `posWeight` `[F]`, or `classes` `[images]`, by the feeds' image numbers. */
  target: { labels: Float32Array; posWeight: Float32Array } | { classes: Int32Array; outputs: number };
  recipe: Recipe;
  /** What trains, and how fast; left out: everything, at one rate. */
  tuning?: Tuning;
  augmentation: RadiographAugmentation;
  precision: Precision;
  seed: number;
  /** Feeds whose probabilities the run returns. */
  predict: string[];
}

/** One epoch, counted from 1, as the report draws it. */
export interface EpochRecord {
  epoch: number;
  trainLoss: number;
  validationLoss: number;
  /** AUROC or accuracy, by name. */
  quality: Metrics;
}

export interface SupervisedResult {
  curve: EpochRecord[];
  /** Counted from 1: the lowest validation loss. The run ends with the weights of this epoch (the study's choice). */
  bestEpoch: number;
  /** Probabilities `[N * F]` per feed asked for, in the feed's order. */
  predictions: Record<string, Float32Array>;
}

interface Memory {
  optimizerSteps: number;
  bestLoss: number | null;
  bestEpoch: number;
  curve: EpochRecord[];
}

class SupervisedTask implements TrainingTask {
  private readonly model: Classifier;
  /** Stay in evaluation mode. */
  private readonly frozen: Module[];
  private readonly optimizer: AdamW;
  private readonly objective: Objective;
  private readonly schedule: Schedule;
  private bestLoss: number | null = null;
  private bestEpoch = 0;
  private curve: EpochRecord[] = [];

  constructor(
    private readonly config: SupervisedConfig,
    private readonly context: TaskContext,
  ) {
    const { target, recipe, tuning = TRAIN_EVERYTHING } = config;
    const { device } = context;
    this.objective =
      'labels' in target
        ? multiLabel(target.labels, target.posWeight, device)
        : singleLabel(target.classes, target.outputs, device);
    const { model, weights } = config;
    const backbone =
      weights === null
        ? createBackbone(model)
        : loadWeights(weights.path, { config: model, allow: weights.allow }).backbone;
    applyTuning(backbone, tuning);
    this.model = new Classifier(backbone, this.objective.outputs).to(device);
    this.frozen = frozenParts(this.model);
    this.optimizer = recipeOptimizer(parameterGroups(this.model, tuning.layerDecay), recipe);
    this.schedule = learningRateSchedule(recipe, context.totalSteps);
  }

  state(): StateDict {
    return concatenatedState({ model: this.model.stateDict(), optimizer: this.optimizer.stateDict() });
  }

  loadState(state: StateDict): void {
    this.model.loadStateDict(ownState('model', state), 'checkpoint');
    this.optimizer.loadStateDict(ownState('optimizer', state), this.optimizer.steps);
  }

  memory(): Memory {
    const { bestLoss, bestEpoch, curve } = this;
    return { optimizerSteps: this.optimizer.steps, bestLoss, bestEpoch, curve };
  }

  loadMemory(memory: Memory): void {
    this.optimizer.steps = memory.optimizerSteps;
    this.bestLoss = memory.bestLoss;
    this.bestEpoch = memory.bestEpoch;
    this.curve = memory.curve;
  }

  step(batch: Batch, { epoch, stepOfEpoch, step }: Position): Metrics {
    const { augmentation, precision, recipe, seed } = this.config;
    const { device, folder } = this.context;
    this.model.train();
    for (const part of this.frozen) part.eval();
    const loss = scope(() => {
      const random = Random.of(seed, 'augment', epoch, stepOfEpoch);
      const images = augmentRadiographs(toUnit(batch.images, batch.shape, device), augmentation, random);
      const value = autocast(device, precision, () =>
        this.objective.loss(this.model.forward(toThreeChannels(images)), batch.indices),
      );
      backward(value);
      return value.item();
    });
    if (!Number.isFinite(loss)) {
      throw new HilumError(
        `${folder}: found a loss of ${loss} at step ${step + 1}; expected a finite one. Lower learningRate, or set clip.`,
      );
    }
    optimizerStep(this.optimizer, this.schedule(step), recipe.clip);
    return { loss };
  }

  async endEpoch(epoch: number, read: ReadFeed, means: Metrics): Promise<Metrics> {
    const { probabilities, indices, loss } = await this.evaluate(read('validate'));
    const quality = this.objective.quality(probabilities, indices);
    const record = { epoch: epoch + 1, trainLoss: means.loss!, validationLoss: loss, quality };
    this.curve.push(record);
    if (this.bestLoss === null || loss < this.bestLoss) {
      this.bestLoss = loss;
      this.bestEpoch = epoch + 1;
      scope(() => writeSafetensors(this.bestPath, mergedState(this.model)));
    }
    return { validationLoss: loss, ...prefixedMetrics('validation', quality) };
  }

  async finish(read: ReadFeed): Promise<SupervisedResult> {
    removeAdapters(this.model);
    scope(() => this.model.loadStateDict(readSafetensors(this.bestPath).tensors, this.bestPath));
    const metadata = { format: 'pt', model: JSON.stringify(this.config.model) };
    saveBackbone(this.model.backbone, join(this.context.folder, 'backbone.safetensors'), metadata);
    const predictions: Record<string, Float32Array> = {};
    for (const feed of this.config.predict) predictions[feed] = (await this.evaluate(read(feed))).probabilities;
    return { curve: this.curve, bestEpoch: this.bestEpoch, predictions };
  }

  private get bestPath(): string {
    return join(this.context.folder, 'model.safetensors');
  }

  private async evaluate(feed: AsyncIterable<Batch>) {
    this.model.eval();
    const parts: Float32Array[] = [];
    const indices: number[] = [];
    let lossSum = 0;
    for await (const batch of feed) {
      const part = scope(() =>
        noGrad(() => {
          const logits = predictLogits(this.model, batch, this.context.device, this.config.precision);
          lossSum += this.objective.loss(logits, batch.indices).item() * batch.indices.length;
          return toFloat32Array(this.objective.probabilities(logits));
        }),
      );
      parts.push(part);
      indices.push(...batch.indices);
    }
    return { probabilities: concatenated(parts), indices: Int32Array.from(indices), loss: lossSum / indices.length };
  }
}

/** Logits `[B, F]` of a batch, float32, without augmentation. */
export function predictLogits(model: Classifier, batch: Batch, device: string, precision: Precision): Tensor {
  return scope(() => {
    const images = toThreeChannels(toUnit(batch.images, batch.shape, device));
    return autocast(device, precision, () => model.forward(images)).to('float32');
  });
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

const prefixedMetrics = (prefix: string, metrics: Metrics): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}.${name}`, value]));

export const createTask = (config: SupervisedConfig, context: TaskContext): TrainingTask =>
  new SupervisedTask(config, context);
