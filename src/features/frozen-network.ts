/** A network put to work as it is, and how images come to it. */
import { contentHash, filesHash, inputError } from '../base/index.js';
import {
  checkPreprocessing,
  type Fit,
  type Interpolation,
  naturalPreprocessing,
  type Preprocessing,
  radiographPreprocessing,
} from '../imaging/index.js';
import {
  type Backbone,
  createBackbone,
  type InputStatistics,
  inputSizes,
  loadWeights,
  type ModelConfig,
  openWeights,
  VIT_SIZES,
  type VitSize,
} from '../models/index.js';
import { manualSeed, requireDevice, scope } from '../torch/index.js';

export const PREPROCESSINGS = ['published', 'study'] as const;

export interface FrozenOptions {
  /** Side of the square input, pixels; the size that the weights are published for unless given. */
  size?: number;
  /** What values 0..1 are normalized with, null for nothing; as the weights say unless given. */
  input?: InputStatistics | null;
  /**
   * `published`: as the transforms of published networks do, colours kept: the shorter side resized, the centre cut out. `study`: as
   * radiographs come to the study's networks: gray, stretched to the square, darkest to brightest spread, histogram equalized.
   */
  preprocessing: (typeof PREPROCESSINGS)[number];
  /** In place of the preprocessing's own. */
  interpolation?: Interpolation;
  fit?: Fit;
  /** Where the network is going to compute; only checked here. */
  device?: string;
  /** Of random weights; 0 unless given. */
  seed?: number;
}

export interface FrozenNetwork {
  /** What the weights were called. */
  name: string;
  config: ModelConfig;
  /** Builds the network with its weights, which the caller frees. */
  load(): Backbone;
  preprocessing: Preprocessing;
  /** null: values 0..1. */
  input: InputStatistics | null;
  /** What said so: 'asked for', 'preprocessor_config.json'. */
  inputSource: string;
  /** Changes with any weight, and with all that images go through. */
  key: string;
}

const RANDOM = /^random(?::(\w+)(?:\/([1-9]\d*))?)?$/;

/**
 * Opens weights by file, folder or name, or `random[:SIZE[/PATCH]]`: a vision transformer with random weights, `small/16` unless said.
 * Throws an InputError where there are none, where nothing says what their input is normalized with, and for a size that is no
 * multiple of the patches.
 */
export async function openFrozenNetwork(weights: string, options: FrozenOptions): Promise<FrozenNetwork> {
  if (options.device !== undefined) requireDevice(options.device);
  const found = RANDOM.test(weights) ? randomWeights(weights, options) : await storedWeights(weights, options);
  const { config, load, inputSource, published, hash } = found;
  const own = options.preprocessing === 'study' ? radiographPreprocessing : naturalPreprocessing;
  const size = options.size ?? published.size ?? config.imageSize;
  const natural = options.preprocessing === 'published';
  const fit = options.fit ?? (natural ? published.fit : undefined) ?? own.fit;
  const interpolation = options.interpolation ?? (natural ? (published.interpolation ?? 'bicubic') : 'lanczos');
  const crop = natural && fit === 'crop' && published.crop !== undefined ? { crop: published.crop } : {};
  const preprocessing = { ...own, size, fit, interpolation, ...crop };
  checkPreprocessing(preprocessing);
  checkSize(weights, config, size);
  const key = contentHash({ hash, config, preprocessing });
  return { name: weights, config, load, preprocessing, input: config.input ?? null, inputSource, key };
}

interface Found {
  config: ModelConfig;
  load(): Backbone;
  inputSource: string;
  published: { size?: number; interpolation?: Interpolation; fit?: Fit; crop?: number };
  /** Of the weights. */
  hash: string;
}

async function storedWeights(weights: string, { input }: FrozenOptions): Promise<Found> {
  const { own, said, files } = scope(() => {
    const { config, input, files } = openWeights(weights);
    return { own: config, said: input, files };
  });
  const statistics = input === undefined ? said.statistics : input;
  if (statistics === undefined) {
    throw inputError({
      what: weights,
      found: 'weights that do not say what their input was normalized with',
      expected: 'its mean and standard deviation',
      fix: 'Say it: --input imagenet, half, none (values 0 to 1) or MEAN,MEAN,MEAN/STD,STD,STD.',
    });
  }
  const config = { ...own, input: statistics };
  return {
    config,
    load: () => loadWeights(weights, { config }).backbone.eval(),
    inputSource: input === undefined ? said.source : 'asked for',
    published: said,
    hash: await filesHash(files),
  };
}

function randomWeights(weights: string, { input = null, size = 224, seed = 0 }: FrozenOptions): Found {
  const [, name = 'small', patch = '16'] = RANDOM.exec(weights)!;
  if (!Object.hasOwn(VIT_SIZES, name)) {
    const expected = `one of: ${Object.keys(VIT_SIZES).join(', ')}`;
    throw inputError({ what: weights, found: `size ${name}`, expected, fix: 'Write for example random:small/16.' });
  }
  const patchSize = Number(patch);
  const config: ModelConfig = { architecture: 'vit', size: name as VitSize, patchSize, imageSize: size, input };
  const load = () => {
    manualSeed(seed);
    return createBackbone(config).eval();
  };
  return { config, load, inputSource: 'of random weights', published: {}, hash: `random, seed ${seed}` };
}

function checkSize(weights: string, config: ModelConfig, size: number): void {
  const { least, multiple } = inputSizes(config);
  if (size >= least && size % multiple === 0) return;
  const nearest = Math.max(least, Math.round(size / multiple) * multiple);
  const expected = multiple === 1 ? `${least} at least` : `a multiple of ${multiple}, the network's patch size`;
  throw inputError({ what: `size for ${weights}`, found: `${size}`, expected, fix: `Use ${nearest}.` });
}
