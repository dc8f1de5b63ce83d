/** What is measured for a plan: steps of every distinct training, images of every source, tests. */
import { Random } from '../../base/index.js';
import { CropFeed, type ImageList, type ImageReader, type ImageSource, scan } from '../../imaging/index.js';
import { cropRecipe } from '../../pretraining/index.js';
import type { Initialization } from '../config/schema.js';
import { isAtSize } from '../config/settings.js';
import type { ExperimentContext } from '../parts/context.js';
import { parametersOf, stateBytes } from '../parts/cost.js';
import { isPretrained } from '../parts/graph.js';
import { pretrainingOf } from '../starts/pretrain-dinov2.js';
import { costOf, probeTraining, type TrainingCost } from './probe.js';
import type { Survey } from './survey.js';
import { measureTest, type TestCost } from './test-probe.js';
import { finetuningIn, type ProbedTraining, pretrainingIn, trainingKey } from './trainings.js';

export interface Measured {
  /** By `trainingKey`. */
  trainings: ReadonlyMap<string, TrainingCost>;
  /** Seconds of an image with all threads, by node of a data set or of pretraining data: radiographs, pictures. */
  radiographs: ReadonlyMap<string, number>;
  pictures: ReadonlyMap<string, number>;
  /** Seconds of a processor that the crops of an image take, by initialization. */
  crops: ReadonlyMap<string, number>;
  /** By node. */
  tests: ReadonlyMap<string, TestCost>;
}

/** Of all probes together, seconds. */
const TRAINING_SECONDS = 24;
const TEST_SECONDS = 6;

export async function measure(found: Survey): Promise<Measured> {
  const { context } = found;
  const trainings = await measureTrainings(found);
  const radiographs = new Map<string, number>();
  for (const [node, { reader, radiographs: all }] of context.tables) {
    radiographs.set(node, await secondsToRead((rows) => reader(rows.map((i) => all[i]!)), all.length));
  }
  const pictures = new Map<string, number>();
  for (const [name, sources] of context.pictures) {
    // The whole at the pace of its sources, each as far as it goes.
    let [seconds, images] = [0, 0];
    for (const { store } of sources) {
      seconds += store.length * (await secondsToRead((rows) => partOf(store, rows), store.length));
      images += store.length;
    }
    pictures.set(name, seconds / images);
  }
  return { trainings, radiographs, pictures, crops: await measureCrops(context), tests: await measureTests(found) };
}

async function measureTrainings({ networks, context, finished }: Survey): Promise<Map<string, TrainingCost>> {
  const { config, dataRoot } = context;
  const distinct = new Map<string, ProbedTraining>();
  const add = (it: ProbedTraining) => distinct.set(trainingKey(it), it);
  const isLeft = (start: Initialization) =>
    context.graph.some(
      (node) => 'initialization' in node && node.initialization === start.name && !finished.has(node.id),
    );
  for (const start of config.initializations) {
    const network = networks.get(start.name)!;
    for (const { config: own } of context.settings) if (isAtSize(own, start)) add(finetuningIn(own, network));
    if (isPretrained(start) && isLeft(start)) add(pretrainingIn(config, dataRoot, start, network));
  }
  const costs = new Map<string, TrainingCost>();
  for (const [key, training] of distinct) {
    const { network, tuning, batchSize } = training;
    const seconds = TRAINING_SECONDS / distinct.size;
    const measured = await probeTraining({ training, device: config.device, seconds });
    costs.set(key, costOf(measured, batchSize, stateBytes(parametersOf(network, tuning))));
  }
  return costs;
}

/** Images that are read to see how long it takes, after others that start the threads. */
const SAMPLE = 32;

async function secondsToRead(reader: (rows: number[]) => ImageReader, images: number): Promise<number> {
  const rows = sampleOf(images, 2 * SAMPLE);
  const [first, second] = [rows.filter((_, i) => i % 2 === 0), rows.filter((_, i) => i % 2 === 1)];
  await scan(reader(first));
  const timed = second.length > 0 ? second : first;
  const begun = performance.now();
  await scan(reader(timed));
  return (performance.now() - begun) / 1000 / timed.length;
}

/** So many of `length` at most, drawn at random. */
const sampleOf = (length: number, most: number): number[] => [...new Random(1).permutation(length).slice(0, most)];

const partOf = (store: ImageReader, rows: readonly number[]): ImageReader => ({
  length: rows.length,
  shape: store.shape,
  name: (i) => store.name(rows[i]!),
  read: (i) => store.read(rows[i]!),
});

/** Batches whose crops are made; the first ones start the threads. */
const [UNCOUNTED, COUNTED, BATCH] = [4, 4, 16];

async function measureCrops(context: ExperimentContext): Promise<Map<string, number>> {
  const { config, dataRoot } = context;
  const seconds = new Map<string, number>();
  for (const start of config.initializations) {
    if (start.from !== 'ssl' || start.method !== 'dinov2') continue;
    const images = sourcesOf(context, start.name);
    if (images.length === 0) continue;
    const pretraining = pretrainingOf(config, dataRoot, start, 1);
    const { recipe } = pretraining.crops;
    const natural = recipe === 'natural' || (recipe === 'auto' && start.pictures !== undefined);
    const feed = new CropFeed(images, cropRecipe(pretraining, natural ? 'natural' : 'radiographs'), { seed: 1 });
    const wanted = sampleOf(images.length, (UNCOUNTED + COUNTED) * BATCH);
    const order = Int32Array.from({ length: (UNCOUNTED + COUNTED) * BATCH }, (_, i) => wanted[i % wanted.length]!);
    let begun = process.cpuUsage();
    let made = 0;
    for await (const _ of feed.batches(order, { epoch: 0, batchSize: BATCH, ahead: 0 })) {
      if (++made === UNCOUNTED) begun = process.cpuUsage();
    }
    const { user, system } = process.cpuUsage(begun);
    seconds.set(start.name, (user + system) / 1e6 / (COUNTED * BATCH));
    await feed.close();
  }
  return seconds;
}

/** Pictures and radiographs that an initialization is pretrained on, as far as they were opened. */
function sourcesOf({ pictures, tables, ids }: ExperimentContext, initialization: string): ImageList {
  const lists = (pictures.get(initialization) ?? []).map(({ list }) => list);
  const radiographs = (tables.get(ids.data(initialization))?.radiographs ?? []).filter(
    ({ split }) => split === 'train',
  );
  const all: ImageList[] = [...lists, radiographs.map(({ path }): ImageSource => ({ kind: 'file', path }))];
  return {
    length: all.reduce((sum, { length }) => sum + length, 0),
    at: (index) => {
      let own = index;
      for (const list of all) {
        if (own < list.length) return list.at(own);
        own -= list.length;
      }
      return undefined;
    },
  };
}

/** The reference's tests, and those of data sets that are tested on alone: the others are like them, without what looks into models. */
async function measureTests({ context }: Survey): Promise<Map<string, TestCost>> {
  const [{ slug }] = context.settings;
  const nodes = context.graph.filter((node) => node.kind === 'test');
  const measured = nodes.filter(({ between, setting }) => !between && (setting ?? '') === slug);
  const tests = new Map<string, TestCost>();
  for (const node of measured) tests.set(node.id, await measureTest(context, node, TEST_SECONDS / measured.length));
  return tests;
}
