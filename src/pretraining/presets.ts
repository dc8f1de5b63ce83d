import type { PretrainingConfig } from './schema.js';

/** What all presets share: the original's defaults (dinov2/configs/ssl_default_config.yaml). */
const common = {
  seed: 1,
  device: 'cpu',
  precision: 'auto',
  threads: null,
  data: [],
  masks: { probability: 0.5, ratio: [0.1, 0.5] },
  evaluation: { source: null, limit: 5000, every: 5, k: 20, linear: false },
} satisfies Partial<PretrainingConfig>;

const objective = {
  weights: { dino: 1, ibot: 1, koleo: 0.1 },
  centering: 'sinkhorn-knopp',
  centerMomentum: 0.9,
  studentTemperature: 0.1,
  gram: null,
} satisfies Partial<PretrainingConfig['objective']>;

const training = {
  epochSteps: null,
  learningRateScaling: 'sqrt-1024',
  teacherTemperature: [0.04, 0.07],
  patchEmbedRate: 0.2,
  betas: [0.9, 0.999],
  clip: 3,
} satisfies Partial<PretrainingConfig['training']>;

/**
 * ViT-L/14 on ImageNet-22k as published (dinov2/configs/train/vitl14.yaml): 96 GPUs with 32 images each. On one machine lower
 * `training.batchSize`; the learning rate follows.
 */
const paper: PretrainingConfig = {
  ...common,
  crops: {
    recipe: 'natural',
    globalSize: 224,
    localSize: 98,
    locals: 8,
    globalScale: null,
    localScale: null,
    intensity: null,
  },
  model: { size: 'large', patchSize: 14, feedForward: 'swiglu', registers: 0, layerScale: 1e-5, input: 'imagenet' },
  from: null,
  objective: {
    ...objective,
    head: { prototypes: 131072, hidden: 2048, bottleneck: 384, layers: 3 },
    ibotHead: { prototypes: 131072, hidden: 2048, bottleneck: 256, layers: 3 },
  },
  training: {
    ...training,
    epochs: 500,
    epochSteps: 1250,
    batchSize: 3072,
    learningRate: [2e-4, 1e-6],
    warmup: 80 / 500,
    freezeLastLayer: 1 / 500,
    weightDecay: [0.04, 0.2],
    momentum: [0.994, 1],
    teacherTemperatureWarmup: 30 / 500,
    layerDecay: 1,
    dropPath: 0.4,
  },
};

/**
 * From published weights onto images of one's own, with a low learning rate. The teacher's temperature is that of measured runs
 * (docs/pretraining.md, "Where `continue` comes from"); the rest is the original's, scaled down.
 */
const proceed: PretrainingConfig = {
  ...common,
  crops: {
    recipe: 'auto',
    globalSize: 224,
    localSize: 112,
    locals: 8,
    globalScale: null,
    localScale: null,
    intensity: null,
  },
  model: null,
  from: null,
  objective: {
    ...objective,
    head: { prototypes: 8192, hidden: 2048, bottleneck: 256, layers: 3 },
    ibotHead: null,
  },
  training: {
    ...training,
    epochs: 20,
    batchSize: 64,
    learningRate: [2e-4, 1e-6],
    warmup: 0.1,
    freezeLastLayer: 0.05,
    weightDecay: [0.04, 0.2],
    momentum: [0.996, 1],
    teacherTemperature: [0.02, 0.02],
    teacherTemperatureWarmup: 0.3,
    layerDecay: 0.9,
    dropPath: 0.1,
  },
};

/**
 * One machine, a batch of 32 to 256, under 100,000 images, gray or coloured. Temperature, crops, momentum, learning rate and head are
 * those of measured runs (docs/pretraining.md, "Where `small` comes from"): with the original's teacher temperature of 0.04 to 0.07 the
 * targets of so small a network became uniform.
 */
const small: PretrainingConfig = {
  ...common,
  crops: {
    recipe: 'auto',
    globalSize: 96,
    localSize: 48,
    locals: 4,
    globalScale: [0.4, 1],
    localScale: [0.15, 0.4],
    intensity: null,
  },
  model: { size: 'tiny', patchSize: 16, feedForward: 'mlp', registers: 0, layerScale: null, input: 'imagenet' },
  from: null,
  objective: {
    ...objective,
    head: { prototypes: 512, hidden: 512, bottleneck: 64, layers: 3 },
    ibotHead: null,
  },
  training: {
    ...training,
    epochs: 100,
    batchSize: 32,
    learningRate: [8e-3, 1e-6],
    warmup: 0.1,
    freezeLastLayer: 0.01,
    weightDecay: [0.04, 0.2],
    momentum: [0.99, 1],
    teacherTemperature: [0.02, 0.02],
    teacherTemperatureWarmup: 0.3,
    layerDecay: 1,
    dropPath: 0.05,
  },
};

export const PRESETS = { small, continue: proceed, paper } as const;
export type PresetName = keyof typeof PRESETS;
