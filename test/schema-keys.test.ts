/** Every key of an experiment file is really read: changing it changes what the trainings, the tests or the whole experiment come to. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { checkExperiment, experimentSchema, runExperiment } from '../src/experiments/index.js';
import { ExperimentContext } from '../src/experiments/parts/context.js';
import { GraphRun } from '../src/experiments/run-graph.js';
import { writePhantomSet, writePictureSet } from '../src/phantoms/index.js';
import {
  type Document,
  dinov2,
  experiment,
  partOf,
  phantoms,
  random,
  ssl,
  supervised,
  Workbench,
} from './tiny-experiment.js';

vi.mock('../src/training/index.js', async (actual) => ({
  ...(await actual<typeof import('../src/training/index.js')>()),
  startTraining: (await import('./training-here.js')).startTrainingHere,
}));

const bench = new Workbench();
afterAll(() => bench.remove());

beforeAll(async () => {
  await bench.draw();
  // Wider than high, so that the way of fitting matters.
  const images = bench.path('radiographs', 'images');
  for (const name of readdirSync(images)) {
    await sharp(await sharp(join(images, name)).resize(44, 32, { fit: 'fill' }).png().toBuffer()).toFile(
      join(images, name),
    );
  }
  await writePhantomSet(bench.path('others'), { images: 60, size: 32, seed: 2 });
  await writePictureSet(bench.path('other pictures'), { images: 60, size: 32, seed: 2 });
  writeFileSync(bench.path('drop.csv'), 'source,id,action\npictures,bricks/00001.png,drop\n');
  const records = Buffer.from(Array.from({ length: 60 * 3073 }, (_, i) => (i % 3073 === 0 ? i % 10 : (i * i) % 251)));
  writeFileSync(bench.path('pictures', 'data_batch_1.bin'), records);
  writeFileSync(bench.path('pictures', 'batches.meta.txt'), [...'abcdefghij'].join('\n'));
  for (const start of ['ssl', 'supervised']) await trained(base(start), 'donor');
});

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

const options = (document: Document, out = 'runs') => ({
  config: checkExperiment(document, 'test'),
  dataRoot: bench.folder,
  folder: bench.path(out),
  progress: silent,
});

/** What the fine-tunings of an experiment come to: their curves and predictions. */
async function trained(document: Document, out?: string): Promise<unknown> {
  const context = new ExperimentContext(options(document, out));
  const graph = new GraphRun(context);
  const runs = context.graph.filter(({ kind }) => kind === 'finetuning').map((node) => graph.one(node));
  return (await Promise.all(runs)).map((run) => {
    const { curve, folder } = run as { curve: unknown; folder: string };
    return { curve, predictions: readFileSync(join(folder, 'predictions.csv'), 'utf8') };
  });
}

/** What the test of the data set says. */
async function tested(document: Document): Promise<unknown> {
  const context = new ExperimentContext(options(document));
  const { name } = document.datasets[0];
  return withoutClock(await new GraphRun(context).evaluation(name, context.settings[0]));
}

/** What an experiment finds, without the configuration and the words that only repeat it. */
async function found(document: Document): Promise<unknown> {
  const { configuration: _, ...rest } = (await runExperiment(options(document)).done).result;
  return withoutClock(rest);
}

const withoutClock = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (key, item) =>
    ['createdAt', 'seconds', 'imagesPerSecond', 'folder', 'verdict', 'threshold'].includes(key) ? undefined : item,
  );

/** What stands in the result alone. */
const OF_RESULT = [
  'name',
  'description',
  'externalValidation',
  'datasets.name',
  'initializations.name',
  'finetuning.threads',
];

/** Runs as much of an experiment as it takes to see a key. */
const seen = (path: string) =>
  OF_RESULT.includes(path) ? found : path.startsWith('statistics.') || path === 'datasets.masks' ? tested : trained;

const backbone = (start: string) => join(partOf(bench.path('donor'), `pretrain-${start}`), 'backbone.safetensors');

const starts: Record<string, () => Document> = {
  random: () => random,
  ssl: () => ssl,
  dinov2: () => dinov2,
  supervised: () => supervised,
  'ssl on radiographs': () => ({ ...ssl, pictures: undefined, radiographs: { ...phantoms, name: undefined } }),
  'supervised on radiographs': () => ({
    ...supervised,
    pictures: undefined,
    radiographs: { ...phantoms, name: undefined },
  }),
  weights: () => ({
    name: 'own',
    from: 'weights',
    file: backbone('supervised'),
    input: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  }),
};

/** Networks other than the vision transformer, for starts named by them. */
const models: Document = {
  convnext: { architecture: 'convnext', depths: [1, 1, 1, 1], dims: [8, 8, 8, 8] },
  resnet: { architecture: 'resnet', stages: [1, 1, 1, 1], width: 8 },
  densenet: { architecture: 'densenet', blocks: [1, 1], growth: 8 },
};

/** An experiment with one start in which every key has its say; it is written as a user's file would be. */
function base(start: string): Document {
  const document = experiment([(starts[start] ?? starts.random!)()], (it) => {
    it.model = { imageSize: 32, ...(models[start] ?? { size: 'tiny', patchSize: 8, dim: 48, depth: 1 }) };
    it.model.input = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    it.datasets[0].findings = ['Cardiomegaly', 'Effusion'];
    // Without masks it says why there is nothing; with masks, which any bright picture may be, it predicts.
    it.statistics.degraded = ['lung-only'];
    it.preprocessing = { equalize: false };
    Object.assign(it.finetuning, { epochs: 1, warmup: 0.5, schedule: 'cosine', weightDecay: 0.05, clip: 1 });
    if (start === 'densenet') it.finetuning.dropPath = 0;
    if (start === 'adapters') it.finetuning.lora = { rank: 4, alpha: 4, targets: ['qkv'] };
    if (start === 'focal' || start === 'asymmetric') it.finetuning.loss = { type: start };
    if (start === 'folds') Object.assign(it, { crossValidation: { folds: 2 }, statistics: { redraws: 100 } });
    if (start === 'ups and downs') Object.assign(it.finetuning, { epochs: 4, learningRate: 0.03 });
    if (start === 'no progress') Object.assign(it.finetuning, { epochs: 3, learningRate: 1e-30 });
    if (start === 'pair') it.initializations.push({ ...random, name: 'other' });
    const [initialization] = it.initializations;
    if (initialization.training) Object.assign(initialization.training, { epochs: 2, warmup: 0.3, dropPath: 0.1 });
  });
  return JSON.parse(JSON.stringify(document));
}

/** Path of a key, the start of the experiment that uses it, and another value for it. */
const changes: [path: string, start: string, value: unknown][] = [
  ['name', 'random', 'another'],
  ['description', 'random', 'words'],
  ['seed', 'random', 2],
  ['precision', 'random', 'bf16'],
  ['model.size', 'random', 'small'],
  ['model.imageSize', 'random', 16],
  ['model.depths', 'convnext', [1, 2, 1, 1]],
  ['model.dims', 'convnext', [8, 8, 8, 16]],
  ['model.stages', 'resnet', [1, 2, 1, 1]],
  ['model.width', 'resnet', 16],
  ['model.blocks', 'densenet', [1, 2]],
  ['model.growth', 'densenet', 4],
  ['model.patchSize', 'random', 16],
  ['model.dim', 'random', 24],
  ['model.depth', 'random', 2],
  ['model.heads', 'random', 4],
  ['model.registers', 'random', 2],
  ['model.layerScale', 'random', 0.5],
  ['model.input.mean', 'random', [0.2, 0.3, 0.4]],
  ['model.input.std', 'random', [0.2, 0.3, 0.4]],
  ['preprocessing.minMax', 'random', false],
  ['preprocessing.equalize', 'random', true],
  ['preprocessing.fit', 'random', 'crop'],
  ['preprocessing.interpolation', 'random', 'bilinear'],
  ['datasets.name', 'random', 'another'],
  ['datasets.root', 'random', 'others'],
  ['datasets.findings', 'random', ['Effusion', 'Cardiomegaly']],
  ['datasets.validationFraction', 'random', 0.3],
  ['datasets.masks', 'random', 'radiographs/images'],
  ['externalValidation', 'random', true],
  ['initializations.name', 'random', 'another'],
  ['initializations.file', 'weights', ''],
  ['initializations.pictures.type', 'ssl', 'cifar10'],
  ['initializations.pictures.root', 'ssl', 'other pictures'],
  ['initializations.input.mean', 'weights', [0.3, 0.3, 0.3]],
  ['initializations.input.std', 'weights', [0.2, 0.2, 0.2]],
  ['initializations.pictures.limit', 'ssl', 50],
  ['initializations.pictures.exclude', 'ssl', ['drop.csv']],
  ['initializations.pretraining.training.epochs', 'dinov2', 1],
  ['initializations.radiographs.root', 'ssl on radiographs', 'others'],
  ['initializations.radiographs.validationFraction', 'ssl on radiographs', 0.4],
  ['initializations.radiographs.findings', 'supervised on radiographs', ['Effusion']],
  ['initializations.start.file', 'supervised', ''],
  ['initializations.seeds', 'ssl', [2]],
  ['initializations.training.epochs', 'ssl', 3],
  ['initializations.training.batchSize', 'ssl', 12],
  ['initializations.training.learningRate', 'ssl', 0.0001],
  ['initializations.training.schedule', 'ssl', 'constant'],
  ['initializations.training.warmup', 'ssl', 0.6],
  ['initializations.training.weightDecay', 'ssl', 0.9],
  ['initializations.training.beta2', 'ssl', 0.5],
  ['initializations.training.clip', 'ssl', 0.001],
  ['initializations.training.dropPath', 'ssl', 0.5],
  ['initializations.training.temperature', 'ssl', 0.5],
  ['initializations.training.projector.hidden', 'ssl', 16],
  ['initializations.training.projector.output', 'ssl', 8],
  ['initializations.training.cropScale', 'ssl', [0.6, 0.9]],
  ['initializations.training.storeSize', 'ssl', 36],
  ['initializations.training.augmentation.flip', 'supervised', 0],
  ['initializations.training.augmentation.rotation', 'supervised', 90],
  ['initializations.training.augmentation.scale', 'supervised', [1, 2]],
  ['initializations.training.augmentation.contrast', 'supervised', 0.8],
  ['initializations.training.augmentation.brightness', 'supervised', 0.8],
  ['finetuning.preset', 'random', 'modern'],
  ['finetuning.seeds', 'random', [2]],
  ['finetuning.labelFraction', 'random', 0.5],
  ['finetuning.epochs', 'random', 2],
  ['finetuning.batchSize', 'random', 12],
  ['finetuning.accumulate', 'random', 2],
  ['finetuning.learningRate', 'random', 0.01],
  ['finetuning.layerDecay', 'random', 0.5],
  ['finetuning.schedule', 'random', 'constant'],
  ['finetuning.warmup', 'random', 0],
  ['finetuning.weightDecay', 'random', 0.9],
  ['finetuning.beta2', 'random', 0.5],
  ['finetuning.clip', 'random', 0.001],
  ['finetuning.dropPath', 'random', 0.5],
  ['finetuning.freeze', 'random', 1],
  ['finetuning.lora.rank', 'adapters', 2],
  ['finetuning.lora.alpha', 'adapters', 16],
  ['finetuning.lora.targets', 'adapters', ['fc1', 'fc2']],
  ['finetuning.loss.type', 'random', 'focal'],
  ['finetuning.loss.posWeight', 'random', false],
  ['finetuning.loss.smoothing', 'random', 0.3],
  ['finetuning.loss.gamma', 'focal', 0],
  ['finetuning.loss.alpha', 'focal', 0.9],
  ['finetuning.loss.gammaNegative', 'asymmetric', 0],
  ['finetuning.loss.gammaPositive', 'asymmetric', 3],
  ['finetuning.loss.clip', 'asymmetric', 0.5],
  ['finetuning.mixup', 'random', 1],
  ['finetuning.sampling', 'random', 'class-balanced'],
  ['finetuning.ema', 'random', 0.5],
  ['finetuning.select', 'ups and downs', 'auroc'],
  ['finetuning.patience', 'no progress', 1],
  ['finetuning.testFlip', 'random', true],
  ['finetuning.augmentation.flip', 'random', 0],
  ['finetuning.augmentation.rotation', 'random', 90],
  ['finetuning.augmentation.scale', 'random', [1, 2]],
  ['finetuning.augmentation.contrast', 'random', 0.8],
  ['finetuning.augmentation.brightness', 'random', 0.8],
  ['finetuning.threads', 'random', 2],
  ['crossValidation.folds', 'folds', 3],
  ['matrix.imageSize', 'random', [16]],
  ['matrix.labelFraction', 'random', [0.5]],
  ['matrix.tuning', 'random', { frozen: { freeze: 'backbone', dropPath: 0 } }],
  ['statistics.redraws', 'random', 200],
  ['statistics.unit', 'random', 'image'],
  ['statistics.stratified', 'random', true],
  ['statistics.interval', 'random', 'bca'],
  ['statistics.confidence', 'random', 0.9],
  ['statistics.threshold.sensitivity', 'random', 0.9],
  ['statistics.threshold.specificity', 'random', 0],
  ['statistics.threshold.value', 'random', 0.5],
  ['statistics.correction', 'random', 'holm'],
  ['statistics.permutations', 'pair', 100],
  ['statistics.margin', 'pair', 0.02],
  ['statistics.ageBands', 'random', [50]],
  ['statistics.smallestGroup', 'random', 2],
  ['statistics.degraded', 'random', []],
];

/** Keys that the phantoms' kind of data set has no use for: that they are read shows in the refusal. */
const refused: [key: string, value: unknown][] = [
  ['testFraction', 0.3],
  ['views', 'all'],
  ['uncertain', 'ones'],
  ['labels', 'negbio'],
  ['description', 'table.yaml'],
];

/** Keys that have one value only, or none to change to on a machine without a GPU; other tests give them wrong values. */
const exempt = [
  'device',
  // Every start but the random one of a vision transformer has another.
  'model.architecture',
  'datasets.type',
  'initializations.from',
  'initializations.method',
  'initializations.radiographs.type',
  // Both serve to open a file: experiment.test.ts has files that do not open without them.
  'initializations.heads',
  'initializations.allow',
  'initializations.start.heads',
  'initializations.start.allow',
  // As those of a start from weights, of whose file they are read.
  'initializations.start.input.mean',
  'initializations.start.input.std',
  // Of data sets and sizes that there are: src/experiments has tests of external validation and of matrices.
  'datasets.role',
  'initializations.datasets',
  'initializations.imageSizes',
  // The result with a cache is the one without it: prepare.test.ts holds that it is read, and refused where it does not serve.
  'datasets.cache',
  'initializations.radiographs.cache',
  // Of Parquet and of CIFAR-10 alone: src/datasets has tests.
  'initializations.pictures.column',
  'initializations.pictures.split',
  // Its result is the same by promise, up to rounding: it must change the key of the part.
  'initializations.training.threads',
];

/** All keys of the schema, as paths without list numbers. */
function keysOf(node: Document, path = ''): string[] {
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.items ? [node.items] : [])];
  const properties = Object.entries(node.properties ?? {});
  const below = [
    ...inner.flatMap((item: Document) => keysOf(item, path)),
    ...properties.flatMap(([key, item]) => keysOf(item, path ? `${path}.${key}` : key)),
  ];
  const keys = [...new Set(below)].filter((key) => !below.some((other) => other.startsWith(`${key}.`)));
  return keys.length > 0 ? keys : [path];
}

function changed(document: Document, path: string, value: unknown): Document {
  const keys = path.split('.');
  let at = document;
  for (const key of keys.slice(0, -1)) {
    at[key] ??= {};
    at = Array.isArray(at[key]) ? at[key][0] : at[key];
  }
  at[keys.at(-1)!] = value;
  return document;
}

it('the list names every key of the schema', () => {
  // Those of a DINOv2 pretraining, which takes them as they are, have tests of their own (src/pretraining/config.test.ts).
  const known = keysOf(z.toJSONSchema(experimentSchema, { io: 'input', unrepresentable: 'any' })).filter(
    (key) => !key.startsWith('initializations.pretraining.') || changes.some(([path]) => path === key),
  );
  const special = refused.flatMap(([key]) => [`datasets.${key}`, `initializations.radiographs.${key}`]);
  expect([...changes.map(([path]) => path), ...special, ...exempt].sort()).toEqual(known.sort());
});

it.each(refused)('datasets.%s reaches the data set, which says that it has no use for it', async (key, value) => {
  const document = changed(base('random'), `datasets.${key}`, value);
  await expect(trained(document)).rejects.toThrow(`chestxray14: ${key}: found`);
});

describe('changing', () => {
  const known = new Map<string, Promise<unknown>>();
  const unchanged = (what: typeof trained, start: string) => {
    const name = `${what.name} ${start}`;
    if (!known.has(name)) known.set(name, what(base(start)));
    return known.get(name);
  };
  it.each(changes)('%s (%s) changes the result', async (path, start, value) => {
    const what = seen(path);
    const before = await unchanged(what, start);
    const other = path.endsWith('.file') ? backbone('ssl') : value;
    expect(await what(changed(base(start), path, other))).not.toEqual(before);
  });

  it.each(['random', 'ssl', 'dinov2', 'supervised'])(
    'nothing (%s) changes nothing, in another folder too',
    async (start) => {
      expect(await trained(base(start), 'again')).toEqual(await unchanged(trained, start));
    },
  );

  it('the threads of a pretraining makes a new part', async () => {
    const parts = () => readdirSync(bench.path('runs', 'parts')).filter((name) => name.startsWith('pretrain-ssl'));
    await trained(base('ssl'));
    const before = parts().length;
    await trained(changed(base('ssl'), 'initializations.training.threads', 2));
    expect(parts()).toHaveLength(before + 1);
  });
});
