/** The trainings of an experiment as a probe runs a few steps of them: each with its own loss, crops and batch, on noise. */
import { compiledUrl, contentHash } from '../../base/index.js';
import { simclrViews } from '../../imaging/index.js';
import type { ModelConfig } from '../../models/index.js';
import { dinov2Config } from '../../pretraining/index.js';
import type { SimclrConfig } from '../../ssl/index.js';
import type { Precision } from '../../torch/index.js';
import { type SupervisedConfig, TRAIN_EVERYTHING, type Tuning } from '../../training/index.js';
import { fineTuned } from '../config/network.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import { recipeOf, tuningOf } from '../finetuning/finetuning-recipe.js';
import { dinov2Images } from '../parts/cost.js';
import { pretrainingOf } from '../starts/pretrain-dinov2.js';

/** Noise in the place of a batch's images: so many of each, `[channels, size, size]`. */
export interface Noise {
  each: number;
  channels: 1 | 3;
  size: number;
}

export interface ProbedTraining {
  /** Url of the module with the training's task. */
  taskModule: string;
  /** The task's; a `recipe` in it gets the batch of the probe. */
  config: unknown;
  /** Images of one pass. */
  batchSize: number;
  threads: number;
  images: Noise;
  /** Crops of another size beside them. */
  extra?: Noise;
  /** What predicts and validates: its passes forward are measured too. */
  predictor: { model: ModelConfig; outputs: number; precision: Precision; testFlip: boolean };
  /** As the formulas of memory see it: a pass is one of so many images of the network's size. */
  network: ModelConfig;
  tuning: Tuning;
  imagesOfPass: number;
}

type Pretrained = Extract<Initialization, { from: 'ssl' | 'supervised' }>;

const TASKS = {
  supervised: '../../training/supervised-task.js',
  simclr: '../../ssl/simclr-task.js',
  dinov2: '../../pretraining/pretraining-task.js',
} as const;
const taskModule = (method: keyof typeof TASKS) => compiledUrl(TASKS[method], import.meta.url).href;

/** Small enough that noise does no harm. */
const LEARNING_RATE = 1e-6;

/** Trainings that differ in nothing that costs time have one key. */
export const trainingKey = ({ network, predictor: _, ...training }: ProbedTraining): string =>
  contentHash({ ...training, network: { ...network, dropPath: 0 }, config: withoutDropPath(training.config) });

const withoutDropPath = (config: unknown): unknown =>
  JSON.parse(JSON.stringify(config, (key, value) => (key === 'dropPath' ? undefined : value)));

/** A network as a setting fine-tunes it. */
export function finetuningIn(config: ExperimentConfig, network: ModelConfig): ProbedTraining {
  const { finetuning, precision } = config;
  const { augmentation, loss, threads, batchSize, testFlip } = finetuning;
  const model = fineTuned({ ...network, imageSize: config.model.imageSize }, config);
  const tuning = tuningOf(finetuning);
  const outputs = Math.max(1, ...config.datasets.map(({ findings = [] }) => findings.length));
  const labels = Float32Array.from({ length: batchSize * outputs }, (_, i) => i % 2);
  const task: SupervisedConfig = {
    model,
    weights: null,
    target: { labels, posWeight: new Float32Array(outputs).fill(1), loss },
    recipe: recipeOf(finetuning, LEARNING_RATE),
    tuning,
    augmentation,
    precision,
    seed: 1,
    predict: [],
  };
  return {
    taskModule: taskModule('supervised'),
    config: task,
    batchSize,
    threads,
    images: { each: 1, channels: 1, size: model.imageSize },
    predictor: { model, outputs, precision, testFlip },
    network: model,
    tuning,
    imagesOfPass: batchSize,
  };
}

/** A pretraining, of `network`. */
export function pretrainingIn(
  config: ExperimentConfig,
  dataRoot: string,
  start: Pretrained,
  network: ModelConfig,
): ProbedTraining {
  if (start.from === 'supervised') return supervisedIn(config, start, network);
  return start.method === 'dinov2' ? dinov2In(config, dataRoot, start) : simclrIn(config, start, network);
}

type Start<M> = Extract<Pretrained, M>;

function supervisedIn(
  { precision }: ExperimentConfig,
  { training, radiographs }: Start<{ from: 'supervised' }>,
  network: ModelConfig,
): ProbedTraining {
  const { batchSize, threads, augmentation, dropPath } = training;
  const model = { ...network, dropPath };
  // As many as make no difference.
  const outputs = 10;
  const task: SupervisedConfig = {
    model,
    weights: null,
    target: { classes: Int32Array.from({ length: batchSize }, (_, i) => i % outputs), outputs },
    recipe: { ...training, learningRate: LEARNING_RATE },
    augmentation,
    precision,
    seed: 1,
    predict: [],
  };
  return {
    taskModule: taskModule('supervised'),
    config: task,
    batchSize,
    threads,
    images: { each: 1, channels: radiographs ? 1 : 3, size: network.imageSize },
    predictor: { model, outputs, precision, testFlip: false },
    network,
    tuning: TRAIN_EVERYTHING,
    imagesOfPass: batchSize,
  };
}

function simclrIn(
  { precision }: ExperimentConfig,
  { training, pictures }: Start<{ from: 'ssl'; method: 'simclr' }>,
  network: ModelConfig,
): ProbedTraining {
  const { batchSize, threads, temperature, projector, cropScale, dropPath, storeSize } = training;
  const { imageSize } = network;
  const task: SimclrConfig = {
    model: { ...network, dropPath },
    recipe: { ...training, learningRate: LEARNING_RATE },
    temperature,
    projector,
    views: { ...simclrViews, size: imageSize, cropScale },
    precision,
    seed: 1,
  };
  return {
    taskModule: taskModule('simclr'),
    config: task,
    batchSize,
    threads,
    images: { each: 1, channels: pictures ? 3 : 1, size: storeSize ?? Math.round((imageSize * 4) / 3) },
    predictor: { model: network, outputs: 1, precision, testFlip: false },
    network,
    tuning: TRAIN_EVERYTHING,
    imagesOfPass: 2 * batchSize,
  };
}

function dinov2In(
  config: ExperimentConfig,
  dataRoot: string,
  start: Start<{ from: 'ssl'; method: 'dinov2' }>,
): ProbedTraining {
  const { precision } = config;
  const pretraining = pretrainingOf(config, dataRoot, start, 1);
  const { crops, training } = pretraining;
  const dinov2 = dinov2Config(pretraining, precision);
  const channels = start.pictures ? 3 : 1;
  const { batchSize } = training;
  return {
    taskModule: taskModule('dinov2'),
    config: { dinov2, epochs: training.epochs, evaluation: null },
    batchSize,
    threads: start.pretraining.threads,
    images: { each: 2, channels, size: crops.globalSize },
    ...(crops.locals > 0 && { extra: { each: crops.locals, channels, size: crops.localSize } }),
    predictor: { model: dinov2.model, outputs: 1, precision, testFlip: false },
    network: dinov2.model,
    tuning: TRAIN_EVERYTHING,
    imagesOfPass: batchSize * dinov2Images(crops, crops.globalSize),
  };
}
