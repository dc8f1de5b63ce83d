import { compiledUrl } from '../../base/index.js';
import { simclrViews } from '../../imaging/index.js';
import type { ModelConfig } from '../../models/index.js';
import type { SimclrConfig, SimclrResult } from '../../ssl/index.js';
import {
  type EpochRecord,
  type SupervisedConfig,
  type SupervisedResult,
  stepsPerEpoch,
  TRAIN_EVERYTHING,
} from '../../training/index.js';
import { ownNetwork } from '../config/network.js';
import type { SimclrInitialization, SslInitialization, SupervisedInitialization } from '../config/schema.js';
import { requireOneBatch, type UnreadableImage } from '../data/prepare.js';
import type { ExperimentContext } from '../parts/context.js';
import { trainingBytes } from '../parts/cost.js';
import { type Part, partOf, startTitle } from '../parts/part.js';
import type { Running } from '../parts/running.js';
import type { Pretraining } from '../result/index.js';
import {
  type LabelledData,
  labelledPictures,
  labelledRadiographs,
  type MixedData,
  openMixed,
} from './pretrain-data.js';
import { openDinov2 } from './pretrain-dinov2.js';
import { type PublishedWeights, publishedWeights } from './published-weights.js';

/** Pretrains with a seed, or finds it done. The part's folder then holds `backbone.safetensors`. */
export type Pretrain = (seed: number) => Promise<Pretrained>;

interface Pretrained {
  part: Part;
  description: string;
  /** As it is fine-tuned, where it is not the experiment's own. */
  network?: ModelConfig;
  pretraining: Outcome;
}

type Outcome = Omit<Pretraining, 'seed'>;

/** Opens images without labels, once for all seeds that pretrain on them. */
export async function openSelfSupervised(context: ExperimentContext, start: SslInitialization): Promise<Pretrain> {
  if (start.method === 'dinov2') return openDinov2(context, start);
  const size = start.training.storeSize ?? Math.round((context.config.model.imageSize * 4) / 3);
  const data = await openMixed(context, start, size);
  return (seed) => pretrainSimclr(context, start, data, seed);
}

async function pretrainSimclr(
  context: ExperimentContext,
  { training, name }: SimclrInitialization,
  data: MixedData,
  seed: number,
): Promise<Pretrained> {
  const { config } = context;
  const { epochs, batchSize, threads, temperature, projector, cropScale, dropPath } = training;
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.indices.length, 'the pretraining');
  const part = pretrainingPart(context, name, { training, data: data.fingerprint, seed });
  const node = context.ids.pretraining(name, seed);
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
  const train = async (running: Running): Promise<Outcome> => {
    const { result, seconds } = await context.train<SimclrResult>(
      part.name,
      {
        taskModule: compiledUrl('../../ssl/simclr-task.js', import.meta.url).href,
        config: task,
        folder: part.folder,
        feeds: { train: feed },
        epochs,
        seed,
        device: config.device,
        threads,
        logEvery: 10,
      },
      running,
    );
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
  };
  const memory = () => trainingBytes(task.model, TRAIN_EVERYTHING, 2 * batchSize);
  const demand = context.demand(node, threads, memory);
  const pretraining = await context.finish({ node, part, demand, work: train });
  const description = `self-supervised (SimCLR) on ${data.description}, without labels`;
  return { part, description, pretraining };
}

/** Opens labelled images, once for all seeds that pretrain on them: which of them validate is the experiment's. */
export async function openSupervised(context: ExperimentContext, start: SupervisedInitialization): Promise<Pretrain> {
  const data = start.radiographs ? await labelledRadiographs(context, start) : await labelledPictures(context, start);
  const begun = start.start && (await publishedWeights(context, start.name, start.start));
  return (seed) => pretrainSupervised(context, start, { data, begun }, seed);
}

async function pretrainSupervised(
  context: ExperimentContext,
  { training, name }: SupervisedInitialization,
  { data, begun }: { data: LabelledData; begun: PublishedWeights | undefined },
  seed: number,
): Promise<Pretrained> {
  const { config } = context;
  const { batchSize, epochs, threads, dropPath, augmentation } = training;
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.train.length, 'the pretraining');
  const from = begun && { weights: begun.key, network: { ...begun.network, dropPath } };
  const part = pretrainingPart(context, name, { training, data: data.fingerprint, seed, from });
  const node = context.ids.pretraining(name, seed);
  const task: SupervisedConfig = {
    model: from?.network ?? { ...ownNetwork(config), dropPath },
    weights: begun?.weights ?? null,
    target: data.target,
    recipe: training,
    augmentation,
    precision: config.precision,
    seed,
    predict: [],
  };
  const feed = { store: data.store, indices: data.train, batchSize };
  const train = async (running: Running): Promise<Outcome> => {
    const { result, seconds } = await context.train<SupervisedResult>(
      part.name,
      {
        taskModule: compiledUrl('../../training/supervised-task.js', import.meta.url).href,
        config: task,
        folder: part.folder,
        feeds: { train: feed, validate: { store: data.store, indices: data.validate, batchSize } },
        epochs,
        seed,
        device: config.device,
        threads,
      },
      running,
    );
    const perEpoch = stepsPerEpoch(feed);
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
  };
  const demand = context.demand(node, threads, () => trainingBytes(task.model, TRAIN_EVERYTHING, batchSize));
  const pretraining = await context.finish({ node, part, demand, work: train });
  const description = `supervised on ${data.description}${begun ? `, from ${begun.description}` : ''}`;
  return { part, description, ...(begun && { network: begun.network }), pretraining };
}

const unreadableOf = ({ unreadable }: { unreadable: UnreadableImage[] }): Pick<Pretraining, 'unreadable'> =>
  unreadable.length > 0 ? { unreadable } : {};

function qualityOf(record: EpochRecord | undefined): Pick<Pretraining, 'metric'> {
  const [entry] = Object.entries(record?.quality ?? {});
  return entry ? { metric: { name: `held-out ${entry[0]}`, value: entry[1] } } : {};
}

/** The part of a pretraining, keyed by all that its weights depend on. */
function pretrainingPart(
  { config, folder }: ExperimentContext,
  name: string,
  { training, data, seed, from }: { training: unknown; data: string; seed: number; from?: unknown },
): Part {
  const { model, device, precision } = config;
  return partOf(folder, `pretrain ${startTitle(config, name, seed)}`, {
    model,
    training,
    data,
    seed,
    from,
    device,
    precision,
  });
}
