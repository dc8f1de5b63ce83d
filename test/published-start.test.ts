/** Experiments that start from weights as three code bases publish them, each with a network of its own. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { convertWeights, createBackbone, saveBackbone } from '../src/models/index.js';
import { manualSeed, readSafetensors, scope, toFloat32Array, writePytorch } from '../src/torch/index.js';
import { hilum } from './command-line.js';
import { type Document, experiment, type Outcome, partOf, Workbench } from './tiny-experiment.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const bench = new Workbench(hilum);
afterAll(() => bench.remove());

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const small = { imageSize: 48, depth: 2, dim: 64, heads: 1 } as const;

/** Random weights under another code base's names. */
function publish(config: Parameters<typeof createBackbone>[0], to: string, ...path: string[]): void {
  const backbone = createBackbone(config);
  saveBackbone(backbone, bench.path('own.safetensors'));
  backbone.free();
  convertWeights(bench.path('own.safetensors'), bench.path(...path), { to });
}

const dinov2 = { name: 'DINOv2', from: 'weights', file: 'training.pth' };
const timm = { name: 'timm', from: 'weights', file: 'timm.pth', input: 'half' };
const transformers = { name: 'transformers', from: 'weights', file: 'resnet' };

beforeAll(async () => {
  await bench.draw();
  manualSeed(5);
  publish({ architecture: 'vit', patchSize: 8, registers: 4, layerScale: 1, ...small }, 'dinov2', 'dinov2.safetensors');
  publish({ architecture: 'vit', patchSize: 16, ...small }, 'timm', 'timm.pth');
  cpSync(bench.path('own.safetensors'), bench.path('timm.safetensors'));
  const resnet = { architecture: 'resnet', size: 'resnet18', imageSize: 64, width: 8, stemWidth: 8 } as const;
  publish({ ...resnet, input: imagenet }, 'transformers', 'resnet');
  scope(() => {
    const { tensors } = readSafetensors(bench.path('dinov2.safetensors'));
    const teacher = Object.fromEntries(
      Object.entries(tensors).map(([name, value]) => [`teacher.backbone.${name}`, value]),
    );
    writePytorch(bench.path('training.pth'), { ...teacher, 'student.backbone.cls_token': tensors.cls_token! });
  });
});

describe('an experiment from published weights', () => {
  let done: Outcome;
  let result: Document;
  beforeAll(async () => {
    done = await bench.run(
      experiment([dinov2, timm, transformers], (it) => {
        it.model = { imageSize: 32 };
        it.finetuning.dropPath = 0;
      }),
      'out',
    );
    expect(done, done.err).toMatchObject({ code: 0 });
    result = JSON.parse(readFileSync(join(bench.path('out'), 'result.json'), 'utf8'));
  });

  it('builds the network of each file at the size of the experiment, with the input that it was trained with', () => {
    const networks = result.initializations.map(({ network }: Document) => network);
    expect(networks[0]).toBe(
      'vision transformer, 2 blocks of width 64, patches of 8 px, 4 registers; input 32 x 32 px, ' +
        'mean 0.485, 0.456, 0.406, standard deviation 0.229, 0.224, 0.225',
    );
    expect(networks[1]).toMatch(/^vision transformer, .*patches of 16 px; .*mean 0.5, 0.5, 0.5/);
    expect(networks[2]).toMatch(/^ResNet, 2 \+ 2 \+ 2 \+ 2 basic blocks; .*mean 0.485/);
  });

  it('says whose names the weights had, and that positions were brought to the new grid', () => {
    const texts = result.initializations.map(({ description }: Document) => description);
    expect(texts[0]).toMatch(/training\.pth \(DINOv2 .*, positions brought from 6 x 6 to 4 x 4\)/);
    expect(texts[1]).toMatch(/timm\.pth \(timm .*, positions brought from 3 x 3 to 2 x 2\)/);
    expect(texts[2]).toMatch(/resnet \(.*transformers/);
  });

  it('leaves runs that predict by themselves', async () => {
    for (const name of ['DINOv2', 'timm', 'transformers']) {
      const run = partOf(bench.path('out'), `phantoms-${name}`);
      const image = bench.path('radiographs', 'images', `${readFirstTestImage(run)}`);
      const said = await hilum('predict', '--run', run, '--json', image);
      expect(said, said.err).toMatchObject({ code: 0 });
    }
  });

  it('keeps the 0..1 of the study where the experiment says none', async () => {
    const plain = await bench.run(
      experiment([dinov2], (it) => {
        it.model = { imageSize: 32, input: 'none' };
      }),
      'plain',
      '--json',
    );
    expect(plain, plain.err).toMatchObject({ code: 0 });
    expect(JSON.parse(plain.out).initializations[0].network).toMatch(/values 0 to 1$/);
  });
});

it('a supervised pretraining goes on from published weights', async () => {
  const start = {
    name: 'further',
    from: 'supervised',
    start: { file: 'timm.pth', input: 'half' },
    pictures: [{ type: 'folder', root: 'pictures' }],
    // Nothing moves, so that what it leaves is what it started from.
    training: { epochs: 1, batchSize: 16, learningRate: 1e-30, weightDecay: 0, dropPath: 0 },
  };
  const done = await bench.run(
    experiment([start], (it) => {
      it.model = { imageSize: 32 };
      it.finetuning.epochs = 1;
      it.finetuning.dropPath = 0;
    }),
    'further',
    '--json',
  );
  expect(done, done.err).toMatchObject({ code: 0 });
  const [initialization] = JSON.parse(done.out).initializations;
  expect(initialization.description).toMatch(/^supervised on .*, from weights of timm\.pth/);
  expect(initialization.network).toMatch(/2 blocks of width 64, patches of 16 px; .*mean 0.5, 0.5, 0.5/);
  scope(() => {
    const left = readSafetensors(
      join(partOf(bench.path('further'), 'pretrain-further'), 'backbone.safetensors'),
    ).tensors;
    const begun = readSafetensors(bench.path('timm.safetensors')).tensors;
    const name = 'blocks.1.mlp.fc1.weight';
    expect([...toFloat32Array(left[name]!)]).toEqual([...toFloat32Array(begun[name]!)]);
  });
});

/** The id of a radiograph that the run was tested on. */
function readFirstTestImage(run: string): string {
  const lines = readFileSync(join(run, 'predictions.csv'), 'utf8').split('\n');
  return lines.find((line) => line.includes(',test,'))!.split(',')[0]!;
}

describe('is refused, before anything is read or trained', () => {
  it.each<[string, Document, string[]]>([
    ['weights that do not tell their input', { ...timm, input: undefined }, ['timm: input', 'none', 'imagenet']],
    ['a published name that was not fetched', { ...timm, file: 'dinov2-base' }, ['hilum weights fetch dinov2-base']],
    ['a name that is nearly published', { ...timm, file: 'dinov2-bse' }, ['dinov2-base']],
  ])('%s', async (_, start, words) => {
    const { code, err } = await bench.run(
      experiment([start], (it) => {
        it.model = { imageSize: 32 };
      }),
      'refused',
    );
    expect(code, err).toBe(2);
    for (const word of words) expect(err).toContain(word);
  });
});
