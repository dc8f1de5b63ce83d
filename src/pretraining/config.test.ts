/** Presets, what a file and a command line change of them, and that every key is read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { contentHash, packageRoot } from '../base/index.js';
import { writePhantomSet, writePictureSet } from '../phantoms/index.js';
import { checkPretraining, loadPretraining } from './config.js';
import { computing } from './device.js';
import { openEvaluation } from './evaluation-data.js';
import { type Document, PretrainingBench } from './fixtures/tiny-pretraining.js';
import { cropRecipe, dinov2Config } from './network.js';
import { PRESETS } from './presets.js';
import { type PretrainingConfig, pretrainingSchema } from './schema.js';
import { openImages } from './sources.js';

const bench = new PretrainingBench();
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = bench.path('cache');
  await bench.draw();
  await writePhantomSet(bench.path('radiographs'), { images: 120, size: 16, seed: 3 });
  await writePictureSet(bench.path('others'), { images: 100, size: 24, seed: 2 });
  writeFileSync(bench.path('drop.csv'), 'source,id,action\npictures,bricks/00001.png,drop\n');
  await bench.run('donor', (it) => {
    it.evaluation.source = null;
  });
});
afterAll(() => bench.remove());

describe('a configuration', () => {
  it('is the preset small with nothing but images', () => {
    const config = loadPretraining(undefined, { data: [bench.path('pictures')] });
    expect(config).toEqual({ ...PRESETS.small, data: [{ source: bench.path('pictures'), exclude: [] }] });
  });

  it('is the preset continue with weights to go on from', () => {
    const config = loadPretraining(undefined, { from: 'dinov2-small', data: ['a'] });
    expect(config).toMatchObject({
      ...PRESETS.continue,
      data: [{}],
      from: { weights: 'dinov2-small', allow: [], input: null, heads: null },
    });
    expect(checkPretraining({ preset: 'small', from: { weights: 'x' } }, 'test').model).toBe(null);
  });

  it('changes single keys of a preset, the command line last', () => {
    const document = {
      preset: 'paper',
      objective: { head: { prototypes: 4096 } },
      training: { epochs: 3, batchSize: 64 },
    };
    const config = checkPretraining(document, 'test', { epochs: 5 });
    const { paper } = PRESETS;
    expect(config).toEqual({
      ...paper,
      objective: { ...paper.objective, head: { ...paper.objective.head, prototypes: 4096 } },
      training: { ...paper.training, epochs: 5, batchSize: 64 },
    });
  });

  it('has the published numbers in the preset paper', () => {
    const { recipe, model } = dinov2Config(checkPretraining({ preset: 'paper' }, 'test'), 'bf16');
    expect(recipe.learningRate[0]).toBeCloseTo(2e-4 * Math.sqrt(3), 10);
    expect(recipe).toMatchObject({
      epochs: 500,
      momentum: [0.994, 1],
      weightDecay: [0.04, 0.2],
      layerDecay: 1,
      clip: 3,
    });
    expect(
      [recipe.warmupEpochs, recipe.freezeLastLayerEpochs, recipe.teacherTemperatureEpochs].map(Math.round),
    ).toEqual([80, 1, 30]);
    expect(model).toMatchObject({ size: 'large', patchSize: 14, imageSize: 224, dropPath: Array(24).fill(0.4) });
  });

  it('is what docs/pretraining.md shows', () => {
    const text = readFileSync(join(packageRoot(), 'docs', 'pretraining.md'), 'utf8');
    const shown = checkPretraining(parse(/```yaml\n([\s\S]*?)```/.exec(text)![1]!), 'docs');
    expect(shown.training).toEqual(PRESETS.small.training);
    expect(shown.objective).toEqual(PRESETS.small.objective);
    expect(shown.crops).toEqual(PRESETS.small.crops);
  });

  it('reads paths of a file from its folder', () => {
    mkdirSync(bench.path('sub'));
    const path = bench.path('sub', 'it.yaml');
    writeFileSync(
      path,
      stringify({
        data: [{ source: '../pictures', exclude: ['../drop.csv'] }],
        evaluation: { source: '../others' },
        from: { weights: '../donor' },
      }),
    );
    expect(loadPretraining(path)).toMatchObject({
      data: [{ source: bench.path('pictures'), exclude: [bench.path('drop.csv')] }],
      evaluation: { source: bench.path('others') },
      from: { weights: bench.path('donor') },
    });
  });

  it.each<[what: string, document: unknown, message: string]>([
    ['an unknown preset', { preset: 'tiny' }, 'test: preset: found "tiny"; expected one of: small, continue, paper.'],
    ['an unknown key', { training: { epoch: 3 } }, 'training.epoch: found an unknown key; expected one of'],
    [
      'a wrong value',
      { training: { momentum: [2, 1] } },
      'training.momentum[0]: found 2; expected a number of at most 1.',
    ],
    [
      'local crops as large as global ones',
      { crops: { globalSize: 48 } },
      'crops.localSize: found 48; expected less than crops.globalSize: local crops see a small part.',
    ],
    ['no mapping', [1], 'test: found no mapping; expected a pretraining in YAML'],
    ['continue without weights', { preset: 'continue' }, 'from: found null; expected weights to go on from'],
    ['a network beside weights', { from: { weights: 'x' }, model: PRESETS.small.model }, 'model: found'],
  ])('refuses %s', (_, document, message) => {
    expect(() => checkPretraining(document, 'test')).toThrow(message);
  });

  it('tells a data set of radiographs from a source of pictures', () => {
    const evaluate = (text: string) => checkPretraining({}, 'test', { evaluate: text }).evaluation;
    expect(evaluate('chestxray14:set')).toMatchObject({ kind: 'chestxray14', source: resolve('set') });
    expect(evaluate('labelled')).toMatchObject({ source: resolve('labelled') });
    expect(evaluate('labelled').kind).toBeUndefined();
    expect(() => evaluate('chestxray:set')).toThrow('Did you mean chestxray14:set?');
  });

  it('refuses a file that is no YAML', () => {
    const path = bench.path('broken.yaml');
    writeFileSync(path, 'training: {epochs: [\n');
    expect(() => loadPretraining(path)).toThrow(/broken.yaml: found invalid YAML \(.*line 2/);
  });

  it('refuses weights of another architecture, and of an unknown input', async () => {
    expect(() =>
      dinov2Config(
        bench.config((it) => {
          delete it.model;
          it.from = { weights: bench.path('nothing') };
        }),
        'fp32',
      ),
    ).toThrow('nothing');
  });
});

it('asks for the heads of weights that do not tell them', () => {
  const config = bench.config((it) => {
    bareWeights(it);
    delete it.from.heads;
  });
  expect(() => dinov2Config(config, 'fp32')).toThrow(
    /teacher_checkpoint.pth: found weights that do not say how many attention heads .* heads: 4/,
  );
});

/** Everything that is told to those who open, crop, train and judge. */
async function told(config: PretrainingConfig): Promise<string> {
  const images = await openImages(config.data);
  const recipe = config.crops.recipe === 'radiographs' ? 'radiographs' : 'natural';
  const judged = await openEvaluation(config, { recipe });
  const { threads, precision } = computing(config);
  const { epochSteps, batchSize } = config.training;
  const { every } = config.evaluation;
  return contentHash({
    images: [images.fingerprints(), images.length, images.at(0)],
    evaluation: judged && { ...judged.evaluation, fingerprint: judged.fingerprint },
    crops: cropRecipe(config, recipe),
    dinov2: dinov2Config(config, precision),
    job: {
      threads,
      precision,
      epochSteps,
      batchSize,
      every,
      device: config.device,
      auto: config.crops.recipe === 'auto',
    },
  });
}

const weights = (it: Document) => {
  delete it.model;
  it.from = { weights: bench.path('donor') };
};

/** Those of a checkpoint, which tells no heads of a width that was never published. */
function bareWeights(it: Document) {
  delete it.model;
  it.from = { weights: bench.path('donor', 'teacher_checkpoint.pth'), input: 'imagenet', heads: 2 };
}

function weightsWithInput(it: Document) {
  weights(it);
  it.from.input = { mean: [0.5], std: [0.5] };
}

function radiographs(it: Document) {
  Object.assign(it.evaluation, { source: bench.path('radiographs'), kind: 'chestxray14' });
}

function withInput(it: Document) {
  it.model.input = { mean: [0.5], std: [0.5] };
}

function withIntensity(it: Document) {
  it.crops.intensity = { minMax: false, equalize: false };
}

function withGram(it: Document) {
  it.objective.gram = {};
}

function withOwnHead(it: Document) {
  it.objective.ibotHead = { prototypes: 32, hidden: 24, bottleneck: 12, layers: 3 };
}

/** Path of a key, another value for it, and what must be so that it has its say. */
const changes: [path: string, value: unknown, first?: (it: Document) => void][] = [
  ['seed', 2],
  ['device', 'cuda:1'],
  ['precision', 'bf16'],
  ['threads', 2],
  ['data.source', 'others'],
  ['data.kind', 'cifar10'],
  ['data.limit', 50],
  ['data.split', 'train'],
  ['data.exclude', ['drop.csv']],
  ['crops.recipe', 'radiographs'],
  ['crops.globalSize', 24],
  ['crops.localSize', 12],
  ['crops.locals', 3],
  ['crops.globalScale', [0.5, 0.9]],
  ['crops.localScale', [0.1, 0.2]],
  ['crops.intensity.minMax', true, withIntensity],
  ['crops.intensity.equalize', true, withIntensity],
  ['model.size', 'base'],
  ['model.patchSize', 8],
  ['model.dim', 32],
  ['model.depth', 3],
  ['model.heads', 4],
  ['model.feedForward', 'swiglu'],
  ['model.registers', 2],
  ['model.layerScale', 0.5],
  ['model.input', 'half'],
  ['model.input.mean', [0.1], withInput],
  ['model.input.std', [0.1], withInput],
  ['from.weights', 'another', weights],
  ['from.allow', ['norm.*'], weights],
  ['from.input', 'none', weights],
  ['from.heads', 4, bareWeights],
  ['from.input.mean', [0.1], weightsWithInput],
  ['from.input.std', [0.1], weightsWithInput],
  ...(['head', 'ibotHead'] as const).flatMap((head) =>
    (['prototypes', 'hidden', 'bottleneck', 'layers'] as const).map((key): (typeof changes)[number] => [
      `objective.${head}.${key}`,
      9,
      withOwnHead,
    ]),
  ),
  ['objective.weights.dino', 2],
  ['objective.weights.ibot', 0],
  ['objective.weights.koleo', 0],
  ['objective.centering', 'centering'],
  ['objective.centerMomentum', 0.5],
  ['objective.studentTemperature', 0.2],
  ...Object.entries({ weight: 2, level: 'batch', normalize: false, clip: 'both', start: 0.25, every: 0.5 }).map(
    ([key, value]): (typeof changes)[number] => [`objective.gram.${key}`, value, withGram],
  ),
  ['masks.probability', 0.25],
  ['masks.ratio', [0.2, 0.3]],
  ['training.epochs', 3],
  ['training.epochSteps', 4],
  ['training.batchSize', 10],
  ['training.learningRate', [1e-3, 1e-6]],
  ['training.learningRateScaling', 'none'],
  ['training.warmup', 0.5],
  ['training.freezeLastLayer', 0.5],
  ['training.weightDecay', [0, 0]],
  ['training.momentum', [0.9, 1]],
  ['training.teacherTemperature', [0.03, 0.05]],
  ['training.teacherTemperatureWarmup', 0.5],
  ['training.layerDecay', 0.5],
  ['training.patchEmbedRate', 1],
  ['training.betas', [0.9, 0.95]],
  ['training.clip', null],
  ['training.dropPath', 0.5],
  ['evaluation.source', 'others'],
  ['evaluation.kind', 'tar'],
  ['evaluation.findings', ['Effusion', 'Nodule'], radiographs],
  ['evaluation.split', 'test'],
  ['evaluation.limit', 60],
  ['evaluation.every', 2],
  ['evaluation.k', 7],
  ['evaluation.linear', true],
];

/** Of Parquet alone, for which datasets has tests. */
const exempt = ['data.column', 'evaluation.column'];

/** All keys of the schema, as paths without list numbers. */
function keysOf(node: Document, path = ''): string[] {
  const inner = [...(node.anyOf ?? []), ...(node.items ? [node.items] : [])];
  const below = [
    ...inner.flatMap((item: Document) => keysOf(item, path)),
    ...Object.entries(node.properties ?? {}).flatMap(([key, item]) => keysOf(item, path ? `${path}.${key}` : key)),
  ].filter((key) => key !== path);
  return [...new Set([...(node.properties || path === '' ? [] : [path]), ...below])];
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

describe('every key', () => {
  it('is in the list', () => {
    const inner = new Set(['data', 'model', 'from', 'crops.intensity', 'objective.ibotHead', 'objective.gram']);
    const known = keysOf(z.toJSONSchema(pretrainingSchema, { io: 'input', unrepresentable: 'any' })).filter(
      (key) => !inner.has(key),
    );
    expect([...changes.map(([path]) => path), ...exempt].sort()).toEqual(known.sort());
  });

  it.each(changes)('%s is read', async (path, value, first = () => {}) => {
    const own = /^(data|evaluation)\.(source|exclude)$/.test(path);
    const rooted = own
      ? Array.isArray(value)
        ? value.map((name) => bench.path(name))
        : bench.path(`${value}`)
      : value;
    const before = await told(bench.config(first));
    // A key may also be read by being refused: another kind of source, weights that are not there.
    const after = await told(
      bench.config((it) => {
        first(it);
        changed(it, path, rooted);
      }),
    ).catch((error: Error) => error.message);
    expect(after).not.toBe(before);
    if (!/kind|split|from.weights/.test(path)) expect(after).toMatch(/^[0-9a-f]{64}$/);
  });
});
