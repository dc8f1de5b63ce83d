import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { entriesOf, fingerprint, writeWeights } from '../../../../test/original.js';
import { expectClose } from '../../../../test/reference.js';
import { readJson } from '../../../base/index.js';
import {
  cat,
  gradOf,
  noGrad,
  type Parameter,
  randn,
  readSafetensors,
  scope,
  setThreads,
  type Tensor,
  toFloat32Array,
  withoutInitialization,
  writeSafetensors,
} from '../../../torch/index.js';
import { createBackbone } from '../../architectures.js';
import type { Backbone } from '../../backbone.js';
import type { DenseNetSize } from '../../densenet/config.js';
import { loadWeights } from '../load.js';
import { openWeights } from '../open.js';
import { densenetTimm, densenetTorchvision, densenetXrv } from './densenet.js';
import { type Naming, toTheirNames } from './naming.js';

setThreads(1);
const fixtures = join(import.meta.dirname, 'fixtures');
const { tensors } = readSafetensors(join(fixtures, 'densenet.safetensors'));
const given = (name: string): Tensor => tensors[name] ?? expect.fail(`the fixture has no '${name}'`);
/** `[B, C, H, W]` of bytes as values 0..1. */
const picture = (name: string): Tensor => given(name).to('float32').div(255);

const folder = mkdtempSync(join(tmpdir(), 'hilum-densenet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const made: Backbone[] = [];
function load(path: string) {
  const { backbone, report } = loadWeights(path);
  made.push(backbone);
  return { backbone: backbone.eval(), report };
}
const loaded = (model: string) => load(writeWeights(tensors, model, folder));
afterEach(() => {
  for (const backbone of made.splice(0)) backbone.free();
});

const HEAD = ['classifier.bias', 'classifier.weight'];
const MODELS: [model: string, naming: Naming][] = [
  ['torchvision', densenetTorchvision],
  ['timm', densenetTorchvision],
  ['torchxrayvision', densenetXrv],
];

describe.each(MODELS)('%s', (model, naming) => {
  it('is recognized and loads wholly', () => {
    const { backbone, report } = loaded(model);
    expect(report).toMatchObject({ naming: naming.title, initialized: [], leftOver: [] });
    expect(report.dropped.sort()).toEqual(HEAD);
    expect(report.matched).toBe(Object.keys(backbone.stateDict()).length);
  });

  it.each(['64x64', '96x64', '45x77'])('computes what the original computes: %s', (size) => {
    scope(() => {
      const { backbone } = loaded(model);
      const map = given(`${model}/${size}/map`);
      const colour = picture(`images/${size}`);
      const gray = colour.narrow(1, 0, 1).expand([-1, 3, -1, -1]); // torchxrayvision got the first channel
      const { classToken, registerTokens, patchTokens } = noGrad(() =>
        backbone.features(model === 'torchxrayvision' ? gray : colour),
      );
      expectClose('map', patchTokens.transpose(1, 2).reshape([...map.shape]), map, 2e-6);
      expectClose('pooled', classToken, given(`${model}/${size}/pooled`), 2e-6);
      expect(registerTokens.shape).toEqual([1, 0, backbone.dim]);
    });
  });

  it('comes back under its own names with the same values', () => {
    scope(() => {
      const { backbone } = loaded(model);
      const written = toTheirNames(backbone.stateDict(), naming);
      const original = entriesOf(tensors, `${model}/weights`);
      expect(Object.keys(written)).toEqual(Object.keys(original).filter((name) => !HEAD.includes(name)));
      for (const [name, tensor] of Object.entries(written)) {
        expect(toFloat32Array(tensor), name).toEqual(toFloat32Array(original[name]!));
      }
    });
  });
});

it('gives the map after each dense layer as the original concatenates it', () => {
  scope(() => {
    const { backbone } = loaded('torchvision');
    const layers = noGrad(() => backbone.layers(picture('images/45x77'), [1, 2, 5, 7]));
    for (const [i, layer] of [
      'denseblock1.denselayer1',
      'denseblock1.denselayer2',
      'denseblock2.denselayer3',
    ].entries()) {
      const map = given(`layers/${layer}`);
      expectClose(layer, layers[i]!.patchTokens.transpose(1, 2).reshape([...map.shape]), map, 2e-6);
    }
    expectClose('the last', layers[3]!.classToken, given('torchvision/45x77/pooled'), 2e-6);
  });
});

it('trains as in PyTorch: output, gradients and running statistics', () => {
  scope(() => {
    const { backbone } = loaded('timm');
    const pooled = backbone.train().forward(picture('training/images'));
    expectClose('pooled', pooled, given('training/pooled'));
    pooled.backwardFrom([], given('training/upstream'));
    const state = backbone.stateDict();
    for (const [name, gradient] of Object.entries(entriesOf(tensors, 'training/gradients'))) {
      expectClose(name, gradOf(state[name] as Parameter)!, gradient, 2e-5);
    }
    const statistics = entriesOf(tensors, 'training/statistics');
    expect(Object.keys(statistics).length).toBe(3 * (2 + 2 + 2 * 7));
    for (const [name, value] of Object.entries(statistics)) expectClose(name, state[name]!, value);
  });
});

const PUBLISHED = readJson<Record<string, { parameters: number; sha256: string }>>(
  join(fixtures, 'densenet-names.json'),
);

describe.each(Object.entries(PUBLISHED))('%s as published', (title, { parameters, sha256 }) => {
  it('has the same names and shapes', () => {
    const [code, size] = title.split(' ') as [string, DenseNetSize];
    const naming = { torchvision: densenetTorchvision, timm: densenetTimm, torchxrayvision: densenetXrv }[code]!;
    const channels = code === 'torchxrayvision' ? 1 : 3;
    const config = { architecture: 'densenet', size, imageSize: 224, channels } as const;
    const backbone = withoutInitialization(() => createBackbone(config));
    made.push(backbone);
    expect(backbone.parameterCount()).toBe(parameters);
    expect(scope(() => fingerprint(toTheirNames(backbone.stateDict(), naming)))).toBe(sha256);
    expect(naming.refuses?.(backbone.config)).toBe(undefined);
  });
});

describe('recognition', () => {
  const path = join(folder, 'weights.safetensors');
  const weightsOf = (model: string) => entriesOf(tensors, `${model}/weights`);

  it('tells the network from the shapes', () => {
    scope(() => {
      const weights = openWeights(writeWeights(tensors, 'torchvision', folder));
      expect(weights.config).toMatchObject({
        architecture: 'densenet',
        blocks: [2, 3, 2],
        growth: 4,
        stemWidth: 8,
        bottleneck: 2,
        channels: 3,
      });
      expect(weights.input.statistics).toBe(undefined);
    });
  });

  it('reads the oldest names of torchvision: norm.1, conv.2, no counters', () => {
    scope(() => {
      const old = Object.entries(weightsOf('torchvision'))
        .filter(([name]) => !name.endsWith('num_batches_tracked'))
        .map(([name, tensor]) => [name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2'), tensor] as const);
      expect(old.map(([name]) => name)).toContain('features.denseblock1.denselayer1.norm.1.running_var');
      writeSafetensors(path, Object.fromEntries(old));
      const { backbone, report } = load(path);
      expect(report.dropped.sort()).toEqual(HEAD);
      const pooled = noGrad(() => backbone.forward(picture('images/64x64')));
      expectClose('pooled', pooled, given('torchvision/64x64/pooled'), 2e-6);
    });
  });

  it("takes one channel for torchxrayvision's where the head has its 18 findings or there are its thresholds", () => {
    scope(() => {
      const { 'classifier.weight': _, 'classifier.bias': __, ...headless } = weightsOf('torchxrayvision');
      writeSafetensors(path, { ...headless, op_threshs: randn([18]) });
      const { report } = load(path);
      expect(report).toMatchObject({ naming: densenetXrv.title, dropped: ['op_threshs'] });
      expect(openWeights(path).input.statistics).toEqual({ mean: [0.5], std: [1 / 2048] });
      writeSafetensors(path, headless);
      expect(openWeights(path)).toMatchObject({
        naming: densenetTorchvision,
        input: { statistics: undefined },
        config: { channels: 1 },
      });
    });
  });

  it('reads the whole pickled module that torchxrayvision publishes', () => {
    scope(() => {
      const { backbone, report } = load(join(fixtures, 'densenet-module.pt'));
      expect(report).toMatchObject({ naming: densenetXrv.title, initialized: [], leftOver: [] });
      const gray = picture('images/64x64').narrow(1, 0, 1);
      const pooled = noGrad(() => backbone.forward(gray));
      expectClose('pooled', pooled, given('torchxrayvision/64x64/pooled'), 2e-6);
    });
  });

  it('refuses to write a network of three channels for torchxrayvision', () => {
    expect(densenetXrv.refuses?.(loaded('timm').backbone.config)).toMatch(/one input channel/);
  });
});

it('a network of one channel sees the mean of the colours', () => {
  scope(() => {
    const { backbone } = loaded('torchxrayvision');
    const colour = picture('images/64x64');
    const mean = colour.mean([1], true);
    const [fromColour, fromGray, fromEqual] = [colour, mean, cat([mean, mean, mean], 1)].map((x) =>
      noGrad(() => backbone.forward(x)),
    ) as [Tensor, Tensor, Tensor];
    expect(toFloat32Array(fromColour)).toEqual(toFloat32Array(fromGray));
    expectClose('equal channels', fromEqual, fromGray, 1e-5);
  });
});
