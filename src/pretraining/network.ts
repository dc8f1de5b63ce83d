import { inputError } from '../base/index.js';
import { type CropRecipe, checkCropRecipe, dinov2Crops, radiographCrops } from '../imaging/index.js';
import { INPUT_STATISTICS, type InputStatistics, type ModelConfig, openWeights, vitOptions } from '../models/index.js';
import { type Dinov2Config, scaledLearningRate } from '../ssl/index.js';
import { type Precision, scope } from '../torch/index.js';
import type { PretrainingConfig, StatisticsChoice } from './schema.js';

export type RecipeName = 'natural' | 'radiographs';

/** The crops that a configuration asks for. */
export function cropRecipe({ crops }: PretrainingConfig, recipe: RecipeName): CropRecipe {
  const { globalSize, localSize, locals, globalScale, localScale, intensity } = crops;
  const scales = { globalScale: globalScale ?? undefined, localScale: localScale ?? undefined };
  const make = recipe === 'natural' ? dinov2Crops : radiographCrops;
  const made = make({ globalSize, localSize, locals, ...scales });
  return { ...made, intensity: intensity ?? made.intensity };
}

/** Throws an InputError where network, weights and crops do not fit each other; opens no image. */
export function requirePretraining(config: PretrainingConfig): void {
  dinov2Config(config, 'fp32');
  checkCropRecipe(cropRecipe(config, 'natural'));
}

/**
 * What the training thread needs to know: the network, that of the weights where there are some, and the recipe in steps and epochs.
 * Throws an InputError for weights of another architecture or of an unknown input, and for crops that are no multiple of the patches.
 */
export function dinov2Config(config: PretrainingConfig, precision: Precision): Dinov2Config {
  const { objective, masks, training, seed } = config;
  const { epochs, learningRate, learningRateScaling, batchSize, warmup, freezeLastLayer } = training;
  const [base, end] = learningRate;
  const peak = learningRateScaling === 'none' ? base : scaledLearningRate(base, batchSize);
  const { gram } = objective;
  return {
    ...networkOf(config),
    objective: {
      ...objective,
      gram: gram && { ...gram, start: gram.start * epochs, every: gram.every === null ? null : gram.every * epochs },
    },
    masks,
    recipe: {
      epochs,
      learningRate: [peak, end],
      warmupEpochs: warmup * epochs,
      freezeLastLayerEpochs: freezeLastLayer * epochs,
      weightDecay: training.weightDecay,
      momentum: training.momentum,
      teacherTemperature: training.teacherTemperature,
      teacherTemperatureEpochs: training.teacherTemperatureWarmup * epochs,
      layerDecay: training.layerDecay,
      patchEmbedRate: training.patchEmbedRate,
      betas: training.betas,
      clip: training.clip,
    },
    precision,
    seed,
  };
}

function networkOf(config: PretrainingConfig): Pick<Dinov2Config, 'model' | 'weights'> {
  const { model, from, crops, training } = config;
  if (from) {
    const { path, network } = scope(() => {
      const weights = openWeights(from.weights, from.heads === null ? {} : { hints: { heads: from.heads } });
      const input = from.input === null ? weights.input.statistics : statisticsOf(from.input);
      if (input === undefined) throw unknownInput(from.weights);
      const network: ModelConfig = { ...weights.config, imageSize: crops.globalSize, input };
      if (network.architecture === 'vit' && network.heads === undefined && network.size === undefined) {
        throw unknownHeads(from.weights);
      }
      return { path: weights.path, network };
    });
    return { model: complete(network, config), weights: { path, allow: from.allow } };
  }
  const { input, ...shape } = model!;
  const network: ModelConfig = {
    architecture: 'vit',
    ...shape,
    imageSize: crops.globalSize,
    input: statisticsOf(input),
  };
  return { model: complete({ ...network, dropPath: training.dropPath }, config), weights: null };
}

/** A vision transformer that fits the crops, with stochastic depth in all blocks alike (drop_path_uniform). */
function complete(network: ModelConfig, { crops, training }: PretrainingConfig): ModelConfig {
  if (network.architecture !== 'vit') {
    const expected = 'a vision transformer, which masks patches';
    throw inputError({ what: 'from.weights', found: network.architecture, expected });
  }
  const { architecture: _, ...own } = network;
  const patchSize = own.patchSize ?? 16;
  for (const field of ['globalSize', 'localSize'] as const) {
    const size = crops[field];
    const least = field === 'globalSize' ? 2 * patchSize : patchSize;
    if (size % patchSize === 0 && size >= least) continue;
    throw inputError({
      what: `crops.${field}`,
      found: `${size}`,
      expected: `a multiple of the network's patch size ${patchSize}, ${least} at least`,
      fix: `Use ${Math.max(least, Math.round(size / patchSize) * patchSize)}.`,
    });
  }
  const { depth } = vitOptions({ ...own, dropPath: 0 });
  return { ...network, dropPath: Array<number>(depth).fill(training.dropPath) };
}

const statisticsOf = (choice: StatisticsChoice): InputStatistics | null =>
  typeof choice === 'string' ? INPUT_STATISTICS[choice] : choice;

const unknownInput = (weights: string) =>
  inputError({
    what: weights,
    found: 'weights that do not say what their input was normalized with',
    expected: 'its mean and standard deviation',
    fix: 'Say it: from: {weights: …, input: imagenet}, or half, none, or mean and std.',
  });

const unknownHeads = (weights: string) =>
  inputError({
    what: weights,
    found: 'weights that do not say how many attention heads their network has, of a width that no published one has',
    expected: 'their number',
    fix: 'Say it: from: {weights: …, heads: 4}; a config.json of transformers beside the file says it too.',
  });
