/** Supervised training of a classifier: fine-tuning on radiographs, and supervised pretraining. */
import { join } from 'node:path';
import { Diverged, inputError, Random } from '../base/index.js';
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
  type Precision,
  readSafetensors,
  type Schedule,
  type StateDict,
  scope,
  type Tensor,
  withoutInitialization,
  writeSafetensors,
} from '../torch/index.js';
import { averageDecay, moveAverage } from './averaged-weights.js';
import type { MultiLabelLoss } from './losses.js';
import { drawMixup, mixImages } from './mixup.js';
import { type Examples, multiLabel, type Objective, singleLabel } from './objective.js';
import { type FeedPredictions, predictFeed } from './predict.js';
import { learningRateSchedule, optimizerStep, recipeOptimizer, type SupervisedRecipe } from './recipe.js';
import { concatenatedState, ownState } from './state.js';
import type { Batch, Metrics, Position, ReadFeed, TaskContext, TrainingTask } from './task.js';
import { applyTuning, parameterGroups, TRAIN_EVERYTHING, type Tuning } from './tuning.js';

export interface SupervisedConfig {
  model: ModelConfig;
  /** Weights file to start from, and the names that it may lack or have too many; null for a random start. */
  weights: { path: string; allow: readonly string[] } | null;
  /** `labels` `[images * F]` with `posWeight` `[F]` and their loss, or `classes` `[images]`, by the feeds' image numbers. */
  target:
    | { labels: Float32Array; posWeight: Float32Array; loss?: MultiLabelLoss }
    | { classes: Int32Array; outputs: number };
  recipe: SupervisedRecipe;
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
  /** Every epoch that was trained: fewer than the recipe's where the patience ended. */
  curve: EpochRecord[];
  /** Counted from 1: the lowest validation loss (the study's choice), or the highest AUROC. The run ends with the weights of this epoch. */
  bestEpoch: number;
  /** Probabilities `[N * F]` per feed asked for, in the feed's order. */
  predictions: Record<string, Float32Array>;
}

interface Memory {
  optimizerSteps: number;
  best: number | null;
  bestEpoch: number;
  curve: EpochRecord[];
}

class SupervisedTask implements TrainingTask {
  private readonly model: Classifier;
  /** Its averaged weights, where these are what is tested. */
  private readonly average: Classifier | null;
  /** Stay in evaluation mode. */
  private readonly frozen: Module[];
  private readonly optimizer: AdamW;
  private readonly objective: Objective;
  private readonly schedule: Schedule;
  /** Of the best epoch so far: its validation loss or AUROC. */
  private best: number | null = null;
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
        ? multiLabel(target.labels, target.posWeight, device, target.loss)
        : singleLabel(target.classes, target.outputs, device);
    const { model, weights } = config;
    const backbone =
      weights === null
        ? createBackbone(model)
        : loadWeights(weights.path, { config: model, allow: weights.allow }).backbone;
    applyTuning(backbone, tuning);
    this.model = new Classifier(backbone, this.objective.outputs).to(device);
    this.average = recipe.ema == null ? null : this.copyOfModel();
    this.frozen = frozenParts(this.model);
    this.optimizer = recipeOptimizer(parameterGroups(this.model, tuning.layerDecay), recipe);
    this.schedule = learningRateSchedule(recipe, context.totalSteps);
  }

  state(): StateDict {
    const { model, average, optimizer } = this;
    const averaged: Record<string, StateDict> = average === null ? {} : { average: average.stateDict() };
    return concatenatedState({ model: model.stateDict(), ...averaged, optimizer: optimizer.stateDict() });
  }

  loadState(state: StateDict): void {
    this.model.loadStateDict(ownState('model', state), 'checkpoint');
    this.average?.loadStateDict(ownState('average', state), 'checkpoint');
    this.optimizer.loadStateDict(ownState('optimizer', state), this.optimizer.steps);
  }

  memory(): Memory {
    const { best, bestEpoch, curve } = this;
    return { optimizerSteps: this.optimizer.steps, best, bestEpoch, curve };
  }

  loadMemory(memory: Memory): void {
    this.optimizer.steps = memory.optimizerSteps;
    this.best = memory.best;
    this.bestEpoch = memory.bestEpoch;
    this.curve = memory.curve;
  }

  step(batch: Batch, { epoch, stepOfEpoch, step }: Position): Metrics {
    const { augmentation, recipe, seed } = this.config;
    const { device } = this.context;
    const { mixup = 0, ema = null } = recipe;
    this.model.train();
    for (const part of this.frozen) part.eval();
    const loss = scope(() => {
      const random = Random.of(seed, 'augment', epoch, stepOfEpoch);
      const { indices } = batch;
      const images = augmentRadiographs(toUnit(batch.images, batch.shape, device), augmentation, random);
      if (mixup === 0) return this.learn(images, { indices });
      const mixing = drawMixup(indices.length, mixup, Random.of(seed, 'mixup', epoch, stepOfEpoch));
      const partners = mixing.partners.map((row) => indices[row]!);
      return this.learn(mixImages(images, mixing), { indices, mixed: { indices: partners, share: mixing.share } });
    });
    this.requireFinite(loss, `a loss of ${loss} at step ${step + 1}`);
    optimizerStep(this.optimizer, this.schedule(step), recipe.clip);
    if (this.average !== null) moveAverage(this.average, this.model, averageDecay(ema!, this.optimizer.steps));
    return { loss };
  }

  async endEpoch(epoch: number, read: ReadFeed, means: Metrics): Promise<Metrics> {
    const tested = this.average ?? this.model;
    const { probabilities, indices, loss } = await this.predict(tested, read('validate'));
    if (indices.length > 0) this.requireFinite(loss, `a validation loss of ${loss} after epoch ${epoch + 1}`);
    const quality = this.objective.quality(probabilities, indices);
    const record = { epoch: epoch + 1, trainLoss: means.loss!, validationLoss: loss, quality };
    this.curve.push(record);
    if (this.isBest(record)) {
      this.bestEpoch = epoch + 1;
      scope(() => writeSafetensors(this.bestPath, mergedState(tested)));
    }
    return { validationLoss: loss, ...prefixedMetrics('validation', quality) };
  }

  ended(): boolean {
    const { patience = null } = this.config.recipe;
    return patience !== null && this.curve.length - this.bestEpoch >= patience;
  }

  async finish(read: ReadFeed): Promise<SupervisedResult> {
    removeAdapters(this.model);
    scope(() => this.model.loadStateDict(readSafetensors(this.bestPath).tensors, this.bestPath));
    const metadata = { format: 'pt', model: JSON.stringify(this.config.model) };
    saveBackbone(this.model.backbone, join(this.context.folder, 'backbone.safetensors'), metadata);
    const predictions: Record<string, Float32Array> = {};
    for (const feed of this.config.predict) {
      predictions[feed] = (await this.predict(this.model, read(feed))).probabilities;
    }
    return { curve: this.curve, bestEpoch: this.bestEpoch, predictions };
  }

  private get bestPath(): string {
    return join(this.context.folder, 'model.safetensors');
  }

  /** Another network with the weights of the model, which does not train. */
  private copyOfModel(): Classifier {
    const { model, tuning = TRAIN_EVERYTHING } = this.config;
    const copy = withoutInitialization(() => {
      const backbone = createBackbone(model);
      applyTuning(backbone, tuning);
      return new Classifier(backbone, this.objective.outputs);
    }).to(this.context.device);
    copy.loadStateDict(this.model.stateDict());
    for (const parameter of copy.parameters()) parameter.requiresGrad_(false);
    return copy.eval();
  }

  /** Adds the gradients of a batch `[B, C, H, W]` to those that stand there, part by part; gives its mean loss. */
  private learn(images: Tensor, { indices, mixed }: Examples): number {
    const { precision, recipe } = this.config;
    const { batchSize, accumulate = 1 } = recipe;
    const part = (at: number, length: number, count?: number): number =>
      scope(() => {
        const rows = (numbers: Int32Array) => numbers.subarray(at, at + length);
        const examples = { indices: rows(indices), mixed: mixed && { ...mixed, indices: rows(mixed.indices) } };
        const input = length === indices.length ? images : images.narrow(0, at, length);
        const loss = autocast(this.context.device, precision, () =>
          this.objective.loss(this.model.forward(toThreeChannels(input)), examples, count),
        );
        backward(loss);
        return loss.item();
      });
    if (accumulate === 1) return part(0, indices.length);
    const count = this.objective.count({ indices, mixed });
    let loss = 0;
    for (let at = 0; at < indices.length; at += batchSize) {
      loss += part(at, Math.min(batchSize, indices.length - at), count);
    }
    return loss;
  }

  /** Whether an epoch is better than all before it; notes it where it is. Throws an InputError where it has no AUROC to judge by. */
  private isBest({ validationLoss, quality }: EpochRecord): boolean {
    const { select = 'loss' } = this.config.recipe;
    const value = select === 'loss' ? validationLoss : quality.auroc;
    if (value === undefined) {
      throw inputError({
        what: `${this.context.folder}: select: auroc`,
        found: 'no finding with positives and negatives in the validation split',
        expected: 'at least one',
        fix: 'Enlarge validationFraction, or select by the loss.',
      });
    }
    const better = this.best === null || (select === 'loss' ? value < this.best : value > this.best);
    if (better) this.best = value;
    return better;
  }

  private requireFinite(loss: number, found: string): void {
    if (Number.isFinite(loss)) return;
    const message = `${this.context.folder}: found ${found}; expected a finite one. Lower learningRate, or set clip.`;
    throw new Diverged(message, found);
  }

  private predict(model: Classifier, feed: AsyncIterable<Batch>): Promise<FeedPredictions> {
    const { precision, recipe } = this.config;
    const { device } = this.context;
    return predictFeed(model, feed, this.objective, { device, precision, testFlip: recipe.testFlip });
  }
}

const prefixedMetrics = (prefix: string, metrics: Metrics): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}.${name}`, value]));

export const createTask = (config: SupervisedConfig, context: TaskContext): TrainingTask =>
  new SupervisedTask(config, context);
