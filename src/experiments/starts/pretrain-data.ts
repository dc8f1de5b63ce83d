import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { contentHash, inputError, Random } from '../../base/index.js';
import {
  openPictureSource,
  openPictures,
  type Picture,
  type PictureSet,
  type Radiograph,
} from '../../datasets/index.js';
import {
  type ImageReader,
  type ImageSource,
  ImageStore,
  naturalPreprocessing,
  type Preprocessing,
  scan,
} from '../../imaging/index.js';
import type { SupervisedConfig } from '../../training/index.js';
import type { PictureSource, SimclrInitialization, SupervisedInitialization } from '../config/schema.js';
import { bytesOf } from '../data/images.js';
import {
  prepareToPretrain,
  reportUnreadable,
  splitIndices,
  trainingWeights,
  type UnreadableImage,
} from '../data/prepare.js';
import type { ExperimentContext } from '../parts/context.js';
import { partOf } from '../parts/part.js';
import type { Running } from '../parts/running.js';

/** Images with labels, and which of them train and validate. */
export interface LabelledData {
  store: ImageReader;
  train: Int32Array;
  validate: Int32Array;
  target: SupervisedConfig['target'];
  unreadable: UnreadableImage[];
  fingerprint: string;
  description: string;
}

/** Share of the labelled pictures that validate a supervised pretraining. */
const HELD_OUT = 0.1;

export async function labelledPictures(
  context: ExperimentContext,
  start: SupervisedInitialization,
): Promise<LabelledData> {
  const { config, dataRoot } = context;
  const source = start.pictures![0]!;
  const set = await openSet(dataRoot, source, true);
  const preprocessing = { ...naturalPreprocessing, size: config.model.imageSize };
  const list = set.pictures.map((picture) => picture.source);
  const store = pictureStore(list, preprocessing);
  context.pictures.set(start.name, [{ list, store }]);
  const items = set.pictures.map(itemOf);
  const { readable, unreadable, fingerprint } = await findReadable(
    context,
    start.name,
    store,
    identityOf(items, preprocessing),
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

export async function labelledRadiographs(
  context: ExperimentContext,
  start: SupervisedInitialization,
): Promise<LabelledData> {
  const prepared = await prepareToPretrain(context, start.name, start.radiographs!);
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

export interface MixedData {
  store: ImageReader;
  /** Of those that can be read. */
  indices: Int32Array;
  unreadable: UnreadableImage[];
  fingerprint: string;
  description: string;
}

/** All pictures, or the training radiographs of a data set, or both, as one set without labels. */
export async function openMixed(
  context: ExperimentContext,
  start: SimclrInitialization,
  size: number,
): Promise<MixedData> {
  const sets = await Promise.all((start.pictures ?? []).map((source) => openSet(context.dataRoot, source)));
  const onlyRadiographs = sets.length === 0;
  const opened = sets.map(({ pictures }) => {
    const list = pictures.map(({ source }) => source);
    return { list, store: pictureStore(list, { ...naturalPreprocessing, size }) };
  });
  context.pictures.set(start.name, opened);
  if (start.radiographs?.cache !== undefined && !onlyRadiographs) {
    throw inputError({
      what: `initialization '${start.name}': radiographs.cache`,
      found: start.radiographs.cache,
      expected: 'no cache beside pictures, with which radiographs are preprocessed as pictures are',
      fix: 'Leave it out.',
    });
  }
  const prepared = start.radiographs && (await prepareToPretrain(context, start.name, start.radiographs));
  const radiographs = prepared ? [...splitIndices(prepared, 'train')].map((i) => prepared.radiographs[i]!) : [];
  const pictures = [...sets.flatMap((set) => set.pictures), ...radiographs.map(pictureOf)];
  if (pictures.length === 0) {
    throw inputError({
      what: `initialization '${start.name}'`,
      found: 'no picture',
      expected: 'pictures to pretrain on',
    });
  }
  const preprocessing = onlyRadiographs
    ? { ...context.config.preprocessing, channels: 1 as const, size }
    : { ...naturalPreprocessing, size };
  const { store, items } =
    prepared && onlyRadiographs
      ? {
          store: prepared.images.reader(radiographs, preprocessing, cacheBytes()),
          items: radiographs.map((row) => ({ id: row.id, label: -1, bytes: prepared.images.bytes(row) })),
        }
      : {
          store: pictureStore(
            pictures.map(({ source }) => source),
            preprocessing,
          ),
          items: pictures.map(itemOf),
        };
  const roots = [...(start.pictures ?? []), ...(start.radiographs ? [start.radiographs] : [])].map(({ root }) => root);
  const { readable, unreadable, fingerprint } = await findReadable(
    context,
    start.name,
    store,
    identityOf(items, preprocessing),
  );
  return {
    store,
    indices: readable,
    unreadable,
    fingerprint: contentHash([fingerprint, prepared?.fingerprint ?? null]),
    description: `${readable.length.toLocaleString('en')} images (${roots.join(', ')})`,
  };
}

/** Folders and CIFAR-10 in the order of `openPictures`; shards, and what has exclusions, as `openPictureSource` does. */
async function openSet(
  dataRoot: string,
  { type, root, exclude, ...options }: PictureSource,
  labels = false,
): Promise<PictureSet> {
  const source = resolve(dataRoot, root);
  const plain = (type === 'folder' || type === 'cifar10') && exclude.length === 0 && options.column === undefined;
  if (plain) return openPictures(type, { ...options, root: source, labels });
  const excluded = exclude.map((path) => resolve(dataRoot, path));
  const list = await openPictureSource({ ...options, kind: type, source, labels, exclude: excluded });
  const pictures = Array.from({ length: list.length }, (_, i) => ({
    id: list.id(i),
    source: list.at(i)!,
    label: list.label(i),
  }));
  return { name: list.name, classes: [...list.classes], pictures, notes: [...list.notes] };
}

const pictureOf = ({ id, path }: Radiograph): Picture => ({ id, source: { kind: 'file', path }, label: -1 });

function pictureStore(sources: readonly ImageSource[], preprocessing: Preprocessing): ImageReader {
  return new ImageStore(sources, preprocessing, { cacheBytes: cacheBytes() });
}

/** What the result of a pretraining depends on, of one image. */
interface Item {
  id: string;
  label: number;
  bytes: number | null;
}

function itemOf({ id, label, source }: Picture): Item {
  return { id, label, bytes: source.kind === 'file' ? bytesOf(source.path) : null };
}

function identityOf(items: readonly Item[], preprocessing: Preprocessing): Identity {
  const rows = items.map(({ id, label, bytes }) => [id, label, bytes]);
  return { fingerprint: contentHash([rows, preprocessing]), id: (i) => items[i]!.id };
}

/** What pictures are known by. */
interface Identity {
  /** Of all. */
  fingerprint: string;
  id(index: number): string;
}

interface ReadablePictures {
  readable: Int32Array;
  unreadable: UnreadableImage[];
  /** Changes with what the pictures are, and with which of them can be read. */
  fingerprint: string;
}

/** Reads every picture once, so that one that cannot be read is listed now and not met in the middle of a training. */
export async function findReadable(
  context: ExperimentContext,
  name: string,
  store: ImageReader,
  { fingerprint, id }: Identity,
): Promise<ReadablePictures> {
  const part = partOf(context.folder, `prepare pictures of ${name}`, { fingerprint });
  const scanAll = async ({ progress }: Running) => {
    const line = progress.start({ name: `read pictures of ${name}`, total: store.length, unit: 'images' });
    const result = await scan(store, {
      onProgress: (done) => {
        context.throwIfStopped();
        line.update(done);
      },
    });
    line.end(`${result.readable.length} pictures read, ${result.unreadable.length} unreadable`);
    return { unreadable: result.unreadable.map(({ index, reason }) => ({ index, id: id(index), reason })) };
  };
  const found = await context.finish({ node: context.ids.data(name), part, work: scanAll });
  const unreadable = found.unreadable.map(({ id, reason }) => ({ id, reason }));
  reportUnreadable(context, `pictures of ${name}`, unreadable, store.length);
  const bad = new Set(found.unreadable.map(({ index }) => index));
  const readable = Int32Array.from({ length: store.length }, (_, i) => i).filter((i) => !bad.has(i));
  return { readable, unreadable, fingerprint: contentHash([fingerprint, [...bad]]) };
}

/** An eighth of the machine's memory, for the decoded pictures of one pretraining. */
const cacheBytes = () => Math.floor(totalmem() / 8);
