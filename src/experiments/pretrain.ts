import { compiledUrl } from '../base/index.js';
import { simclrViews } from '../imaging/index.js';
import type { SimclrConfig, SimclrResult } from '../ssl/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../training/index.js';
import type { ExperimentContext } from './context.js';
import { ownNetwork } from './network.js';
import { finishPart, openPart, type Part, startTitle } from './part.js';
import { requireOneBatch, type UnreadableImage } from './prepare.js';
import { labelledPictures, labelledRadiographs, openMixed } from './pretrain-data.js';
import { pretrainDinov2 } from './pretrain-dinov2.js';
import type { Pretraining } from './result.js';
import type { SslInitialization, SupervisedInitialization } from './schema.js';

/** A pretraining with one seed. */
export interface Pretrained {
  part: Part;
  description: string;
  pretraining: Outcome;
}

type Outcome = Omit<Pretraining, 'seed'>;

/** Pretrains on images without labels with a seed, or finds it done. The part's folder then holds `backbone.safetensors`. */
export async function pretrainSelfSupervised(
  context: ExperimentContext,
  start: SslInitialization,
  seed: number,
): Promise<Pretrained> {
  if (start.method === 'dinov2') return pretrainDinov2(context, start, seed);
  const { config } = context;
  const { training, name } = start;
  const data = await openMixed(context, start, training.storeSize ?? Math.round((config.model.imageSize * 4) / 3));
  const { epochs, batchSize, threads, temperature, projector, cropScale, dropPath } = training;
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.indices.length, 'the pretraining');
  const part = openPretraining(context, name, { training, data: data.fingerprint, seed });
  const feed = { store: data.store, indices: data.indices, batchSize };
  const task: SimclrConfig = {
    model: { ...ownNetwork(config), dropPath },
    recipe: training,
    temperature,
    projector,
    views: { ...simclrViews, size: config.model.imageSize, cropScale },
    precision: config.precision,
    seed,
  };
  const pretraining = await finishPart(part, async (): Promise<Outcome> => {
    const { result, seconds } = await context.train<SimclrResult>(part.name, {
      taskModule: compiledUrl('../ssl/simclr-task.js', import.meta.url).href,
      config: task,
      folder: part.folder,
      feeds: { train: feed },
      epochs,
      seed,
      device: config.device,
      threads,
      logEvery: 10,
    });
    const steps = epochs * stepsPerEpoch(feed);
    return {
      seconds,
      images: steps * batchSize,
      steps,
      epochs,
      data: data.description,
      ...unreadableOf(data),
      loss: result.loss,
      metric: { name: 'spread of the embeddings (1 uniform, 0 collapsed)', value: result.spread },
    };
  });
  const description = `self-supervised (SimCLR) on ${data.description}, without labels`;
  return { part, description, pretraining };
}

/** Pretrains on labels with a seed, or finds it done; which images validate is the experiment's. The part's folder then holds `backbone.safetensors`. */
export async function pretrainSupervised(
  context: ExperimentContext,
  start: SupervisedInitialization,
  seed: number,
): Promise<Pretrained> {
  const { config } = context;
  const { training, name } = start;
  const { batchSize, epochs, threads, dropPath, augmentation } = training;
  const data = start.radiographs ? await labelledRadiographs(context, start) : await labelledPictures(context, start);
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.train.length, 'the pretraining');
  const part = openPretraining(context, name, { training, data: data.fingerprint, seed });
  const task: SupervisedConfig = {
    model: { ...ownNetwork(config), dropPath },
    weights: null,
    target: data.target,
    recipe: training,
    augmentation,
    precision: config.precision,
    seed,
    predict: [],
  };
  const train = { store: data.store, indices: data.train, batchSize };
  const pretraining = await finishPart(part, async (): Promise<Outcome> => {
    const { result, seconds } = await context.train<SupervisedResult>(part.name, {
      taskModule: compiledUrl('../training/supervised-task.js', import.meta.url).href,
      config: task,
      folder: part.folder,
      feeds: { train, validate: { store: data.store, indices: data.validate, batchSize } },
      epochs,
      seed,
      device: config.device,
      threads,
    });
    const perEpoch = stepsPerEpoch(train);
    return {
      seconds,
      images: epochs * perEpoch * batchSize,
      steps: epochs * perEpoch,
      epochs,
      data: data.description,
      ...unreadableOf(data),
      loss: result.curve.map(({ epoch, trainLoss }) => ({ step: epoch * perEpoch, loss: trainLoss })),
      ...qualityOf(result.curve[result.bestEpoch - 1]),
    };
  });
  const description = `supervised on ${data.description}`;
  return { part, description, pretraining };
}

const unreadableOf = ({ unreadable }: { unreadable: UnreadableImage[] }): Pick<Pretraining, 'unreadable'> =>
  unreadable.length > 0 ? { unreadable } : {};

function qualityOf(record: EpochRecord | undefined): Pick<Pretraining, 'metric'> {
  const [entry] = Object.entries(record?.quality ?? {});
  return entry ? { metric: { name: `held-out ${entry[0]}`, value: entry[1] } } : {};
}

/** The part of a pretraining, keyed by all that its weights depend on. */
function openPretraining(
  { config, folder }: ExperimentContext,
  name: string,
  { training, data, seed }: { training: unknown; data: string; seed: number },
): Part {
  const { model, device, precision } = config;
  return openPart(folder, `pretrain ${startTitle(config, name, seed)}`, {
    model,
    training,
    data,
    seed,
    device,
    precision,
  });
}
