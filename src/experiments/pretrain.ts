import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { compiledUrl, contentHash, inputError, Random } from '../base/index.js';
import { openPictures, type Picture } from '../datasets/index.js';
import { ImageStore, naturalPreprocessing, simclrViews } from '../imaging/index.js';
import type { SimclrConfig, SimclrResult } from '../ssl/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../training/index.js';
import type { ExperimentContext } from './context.js';
import { finishPart, openPart } from './part.js';
import { type PreparedDataset, prepareDataset, splitIndices, trainingWeights } from './prepare.js';
import type { InitializationSummary, Pretraining } from './result.js';
import type { Initialization, PictureSource, SslInitialization, SupervisedInitialization } from './schema.js';

/** Where a model starts: the backbone's weights, or null for random ones. */
export interface Start {
  weights: string | null;
  /** What the weights depend on, for the keys of the parts that use them. */
  key: string;
  summary: InitializationSummary;
}

/** Makes the weights of an initialization, or finds them. */
export async function makeStart(context: ExperimentContext, start: Initialization): Promise<Start> {
  const { name } = start;
  if (start.from === 'random') {
    return { weights: null, key: 'random', summary: { name, kind: 'random', description: 'random weights' } };
  }
  if (start.from === 'weights') {
    const weights = resolve(context.dataRoot, start.file);
    return {
      weights,
      key: await fileKey(weights),
      summary: { name, kind: 'weights', description: `published or own weights (${start.file})` },
    };
  }
  return start.from === 'ssl' ? pretrainSelfSupervised(context, start) : pretrainSupervised(context, start);
}

async function pretrainSelfSupervised(context: ExperimentContext, start: SslInitialization): Promise<Start> {
  const { config } = context;
  const { training, name } = start;
  const data = await openMixed(context, start, training.storeSize ?? Math.round((config.model.imageSize * 4) / 3));
  const { epochs, batchSize, threads, temperature, projector, cropScale, dropPath } = training;
  const part = openPart(context.folder, `pretrain ${name}`, {
    model: config.model,
    training,
    data: data.fingerprint,
    seed: config.seed,
    device: config.device,
    precision: config.precision,
  });
  const feed = { store: data.store, indices: data.indices, batchSize };
  const task: SimclrConfig = {
    model: { ...config.model, dropPath },
    recipe: training,
    temperature,
    projector,
    views: { ...simclrViews, size: config.model.imageSize, cropScale },
    precision: config.precision,
    seed: config.seed,
  };
  const pretraining = await finishPart(part, async (): Promise<Pretraining> => {
    const { result, seconds } = await context.train<SimclrResult>(`pretrain ${name}`, {
      taskModule: compiledUrl('../ssl/simclr-task.js', import.meta.url).href,
      config: task,
      folder: part.folder,
      feeds: { train: feed },
      epochs,
      seed: config.seed,
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
      loss: result.loss,
      metric: { name: 'spread of the embeddings (1 uniform, 0 collapsed)', value: result.spread },
    };
  });
  const description = `self-supervised (SimCLR) on ${data.description}, without labels`;
  return started(part, { name, kind: 'ssl', description, pretraining });
}

async function pretrainSupervised(context: ExperimentContext, start: SupervisedInitialization): Promise<Start> {
  const { config } = context;
  const { training, name } = start;
  const { batchSize, epochs, threads, dropPath, augmentation } = training;
  const data = start.radiographs
    ? await labelledRadiographs(context, start)
    : openLabelledPictures(context, start.pictures![0]!);
  const part = openPart(context.folder, `pretrain ${name}`, {
    model: config.model,
    training,
    data: data.fingerprint,
    seed: config.seed,
    device: config.device,
    precision: config.precision,
  });
  const task: SupervisedConfig = {
    model: { ...config.model, dropPath },
    weights: null,
    target: data.target,
    recipe: training,
    augmentation,
    precision: config.precision,
    seed: config.seed,
    keep: 'best',
    predict: [],
  };
  const train = { store: data.store, indices: data.train, batchSize };
  const pretraining = await finishPart(part, async (): Promise<Pretraining> => {
    const { result, seconds } = await context.train<SupervisedResult>(`pretrain ${name}`, {
      taskModule: compiledUrl('../training/supervised-task.js', import.meta.url).href,
      config: task,
      folder: part.folder,
      feeds: { train, validate: { store: data.store, indices: data.validate, batchSize } },
      epochs,
      seed: config.seed,
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
      loss: result.curve.map(({ epoch, trainLoss }) => ({ step: epoch * perEpoch, loss: trainLoss })),
      ...qualityOf(result.curve[result.bestEpoch - 1]),
    };
  });
  const description = `supervised on ${data.description}`;
  return started(part, { name, kind: 'supervised', description, pretraining });
}

function started(part: { key: string; folder: string }, summary: InitializationSummary): Start {
  return { weights: join(part.folder, 'backbone.safetensors'), key: part.key, summary };
}

function qualityOf(record: EpochRecord | undefined): Pick<Pretraining, 'metric'> {
  const [entry] = Object.entries(record?.quality ?? {});
  return entry ? { metric: { name: `held-out ${entry[0]}`, value: entry[1] } } : {};
}

interface LabelledData {
  store: ImageStore;
  train: Int32Array;
  validate: Int32Array;
  target: SupervisedConfig['target'];
  fingerprint: string;
  description: string;
}

/** Share of the labelled pictures that validate a supervised pretraining. */
const HELD_OUT = 0.1;

function openLabelledPictures(context: ExperimentContext, source: PictureSource): LabelledData {
  const { config, dataRoot } = context;
  const root = resolve(dataRoot, source.root);
  const { pictures, classes } = openPictures(source.type, { root, labels: true, limit: source.limit });
  const order = Random.of(config.seed, 'held-out pictures').permutation(pictures.length);
  const held = Math.max(1, Math.round(HELD_OUT * pictures.length));
  const preprocessing = { ...naturalPreprocessing, size: config.model.imageSize };
  return {
    store: new ImageStore(
      pictures.map((picture) => picture.source),
      preprocessing,
      { cacheBytes: cacheBytes() },
    ),
    validate: order.slice(0, held).sort(),
    train: order.slice(held).sort(),
    target: { classes: Int32Array.from(pictures, ({ label }) => label), outputs: classes.length },
    fingerprint: picturesKey(pictures, preprocessing),
    description: `${pictures.length.toLocaleString('en')} labelled pictures of ${classes.length} classes (${source.root})`,
  };
}

async function labelledRadiographs(context: ExperimentContext, start: SupervisedInitialization): Promise<LabelledData> {
  const prepared = await prepareDataset(context, start.name, start.radiographs!);
  const train = splitIndices(prepared, 'train');
  return {
    store: prepared.store,
    train,
    validate: splitIndices(prepared, 'validate'),
    target: { labels: prepared.labels, posWeight: trainingWeights(prepared) },
    fingerprint: prepared.fingerprint,
    description: `${train.length.toLocaleString('en')} radiographs with ${prepared.findings.length} findings (${start.radiographs!.root})`,
  };
}

interface MixedData {
  store: ImageStore;
  indices: Int32Array;
  fingerprint: string;
  description: string;
}

/** All pictures, or the training radiographs of a data set, or both, as one set without labels. */
async function openMixed(context: ExperimentContext, start: SslInitialization, size: number): Promise<MixedData> {
  const sets = (start.pictures ?? []).map((source) =>
    openPictures(source.type, { root: resolve(context.dataRoot, source.root), limit: source.limit }),
  );
  const pictures = sets.flatMap((set) => set.pictures);
  let prepared: PreparedDataset | undefined;
  if (start.radiographs) {
    prepared = await prepareDataset(context, start.name, start.radiographs);
    for (const i of splitIndices(prepared, 'train')) {
      const { id, path } = prepared.radiographs[i]!;
      pictures.push({ id, source: { kind: 'file', path }, label: -1 });
    }
  }
  if (pictures.length === 0) {
    throw inputError({
      what: `initialization '${start.name}'`,
      found: 'no picture',
      expected: 'pictures to pretrain on',
    });
  }
  const onlyRadiographs = sets.length === 0;
  const preprocessing = onlyRadiographs
    ? { ...context.config.preprocessing, channels: 1 as const, size }
    : { ...naturalPreprocessing, size };
  const roots = [...(start.pictures ?? []), ...(start.radiographs ? [start.radiographs] : [])].map(({ root }) => root);
  return {
    store: new ImageStore(
      pictures.map((picture) => picture.source),
      preprocessing,
      { cacheBytes: cacheBytes() },
    ),
    indices: Int32Array.from(pictures.keys()),
    fingerprint: contentHash([picturesKey(pictures, preprocessing), prepared?.fingerprint ?? null]),
    description: `${pictures.length.toLocaleString('en')} images (${roots.join(', ')})`,
  };
}

const picturesKey = (pictures: readonly Picture[], preprocessing: unknown) =>
  contentHash([pictures.map(({ id, label }) => [id, label]), preprocessing]);

/** An eighth of the machine's memory, for the decoded pictures of one pretraining. */
const cacheBytes = () => Math.floor(totalmem() / 8);

/** Changes with the file's content. */
async function fileKey(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
    throw inputError({ what: path, found, expected: 'a safetensors file', fix: 'Check "file" of the initialization.' });
  }
  return hash.digest('hex');
}
