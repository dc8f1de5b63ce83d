import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { compiledUrl, contentHash, inputError, Random } from '../base/index.js';
import { openPictures, type Picture } from '../datasets/index.js';
import { ImageStore, naturalPreprocessing, type Preprocessing, scan, simclrViews } from '../imaging/index.js';
import type { SimclrConfig, SimclrResult } from '../ssl/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../training/index.js';
import type { ExperimentContext } from './context.js';
import { finishPart, openPart } from './part.js';
import {
  bytesOf,
  type PreparedDataset,
  prepareDataset,
  reportUnreadable,
  requireOneBatch,
  splitIndices,
  trainingWeights,
  type UnreadableImage,
} from './prepare.js';
import type { InitializationSummary, Pretraining } from './result.js';
import type { Initialization, SslInitialization, SupervisedInitialization } from './schema.js';

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
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.indices.length, 'the pretraining');
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
      ...unreadableOf(data),
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
  const data = start.radiographs ? await labelledRadiographs(context, start) : await labelledPictures(context, start);
  requireOneBatch(`${name}: training.batchSize`, batchSize, data.train.length, 'the pretraining');
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
      ...unreadableOf(data),
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

const unreadableOf = ({ unreadable }: { unreadable: UnreadableImage[] }): Pick<Pretraining, 'unreadable'> =>
  unreadable.length > 0 ? { unreadable } : {};

function qualityOf(record: EpochRecord | undefined): Pick<Pretraining, 'metric'> {
  const [entry] = Object.entries(record?.quality ?? {});
  return entry ? { metric: { name: `held-out ${entry[0]}`, value: entry[1] } } : {};
}

interface LabelledData {
  store: ImageStore;
  train: Int32Array;
  validate: Int32Array;
  target: SupervisedConfig['target'];
  unreadable: UnreadableImage[];
  fingerprint: string;
  description: string;
}

/** Share of the labelled pictures that validate a supervised pretraining. */
const HELD_OUT = 0.1;

async function labelledPictures(context: ExperimentContext, start: SupervisedInitialization): Promise<LabelledData> {
  const { config, dataRoot } = context;
  const source = start.pictures![0]!;
  const set = openPictures(source.type, { root: resolve(dataRoot, source.root), labels: true, limit: source.limit });
  const preprocessing = { ...naturalPreprocessing, size: config.model.imageSize };
  const { store, readable, unreadable, fingerprint } = await openReadable(
    context,
    start.name,
    set.pictures,
    preprocessing,
  );
  const order = Random.of(config.seed, 'held-out pictures')
    .permutation(readable.length)
    .map((i) => readable[i]!);
  const held = Math.max(1, Math.round(HELD_OUT * readable.length));
  return {
    store,
    validate: order.slice(0, held).sort(),
    train: order.slice(held).sort(),
    target: { classes: Int32Array.from(set.pictures, ({ label }) => label), outputs: set.classes.length },
    unreadable,
    fingerprint,
    description: `${readable.length.toLocaleString('en')} labelled pictures of ${set.classes.length} classes (${source.root})`,
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
    unreadable: prepared.unreadable,
    fingerprint: prepared.fingerprint,
    description: `${train.length.toLocaleString('en')} radiographs with ${prepared.findings.length} findings (${start.radiographs!.root})`,
  };
}

interface MixedData {
  store: ImageStore;
  /** Of those that can be read. */
  indices: Int32Array;
  unreadable: UnreadableImage[];
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
  const { store, readable, unreadable, fingerprint } = await openReadable(context, start.name, pictures, preprocessing);
  return {
    store,
    indices: readable,
    unreadable,
    fingerprint: contentHash([fingerprint, prepared?.fingerprint ?? null]),
    description: `${readable.length.toLocaleString('en')} images (${roots.join(', ')})`,
  };
}

interface ReadablePictures {
  store: ImageStore;
  readable: Int32Array;
  unreadable: UnreadableImage[];
  /** Changes with any picture, label or preprocessing. */
  fingerprint: string;
}

/** Reads every picture once, so that one that cannot be read is listed now and not met in the middle of a training. */
async function openReadable(
  context: ExperimentContext,
  name: string,
  pictures: readonly Picture[],
  preprocessing: Preprocessing,
): Promise<ReadablePictures> {
  const sources = pictures.map(({ source }) => source);
  const store = new ImageStore(sources, preprocessing, { cacheBytes: cacheBytes() });
  const rows = pictures.map(({ id, label, source }) => [
    id,
    label,
    source.kind === 'file' ? bytesOf(source.path) : null,
  ]);
  const fingerprint = contentHash([rows, preprocessing]);
  const part = openPart(context.folder, `prepare pictures of ${name}`, { fingerprint });
  const found = await finishPart(part, async () => {
    const line = context.progress.start({ name: `read pictures of ${name}`, total: pictures.length, unit: 'images' });
    const result = await scan(store, {
      onProgress: (done) => {
        context.throwIfStopped();
        line.update(done);
      },
    });
    line.end(`${result.readable.length} pictures read, ${result.unreadable.length} unreadable`);
    return { unreadable: result.unreadable.map(({ index, reason }) => ({ index, id: pictures[index]!.id, reason })) };
  });
  const unreadable = found.unreadable.map(({ id, reason }) => ({ id, reason }));
  reportUnreadable(context, `pictures of ${name}`, unreadable, pictures.length);
  const bad = new Set(found.unreadable.map(({ index }) => index));
  const readable = Int32Array.from(pictures.keys()).filter((i) => !bad.has(i));
  return { store, readable, unreadable, fingerprint: contentHash([fingerprint, [...bad]]) };
}

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
