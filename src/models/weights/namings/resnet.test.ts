import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { entriesOf, fingerprint, writeWeights } from '../../../../test/original.js';
import { expectClose } from '../../../../test/reference.js';
import { readJson } from '../../../base/index.js';
import {
  gradOf,
  noGrad,
  ones,
  type Parameter,
  readSafetensors,
  type StateDict,
  scope,
  setThreads,
  type Tensor,
  toFloat32Array,
  withoutInitialization,
  writeSafetensors,
  zeros,
} from '../../../torch/index.js';
import { createBackbone } from '../../architectures.js';
import type { Backbone } from '../../backbone.js';
import type { ResNetSize } from '../../resnet/config.js';
import { loadWeights } from '../load.js';
import { openWeights } from '../open.js';
import { type Naming, toTheirNames } from './naming.js';
import { resnetTimm, resnetTorchvision, resnetXrv } from './resnet.js';
import { resnetTransformers } from './resnet-transformers.js';

setThreads(1);
const fixtures = join(import.meta.dirname, 'fixtures');
const { tensors } = readSafetensors(join(fixtures, 'resnet.safetensors'));
const given = (name: string): Tensor => tensors[name] ?? expect.fail(`the fixture has no '${name}'`);
/** `[B, C, H, W]` of bytes as values 0..1. */
const picture = (name: string): Tensor => given(name).to('float32').div(255);

const folder = mkdtempSync(join(tmpdir(), 'hilum-resnet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const made: Backbone[] = [];
function loaded(model: string) {
  const { backbone, report } = loadWeights(writeWeights(tensors, model, folder));
  made.push(backbone);
  return { backbone: backbone.eval(), report };
}
afterEach(() => {
  for (const backbone of made.splice(0)) backbone.free();
});

const SIZES = ['64x64', '96x64', '45x77'];
const MODELS: [model: string, naming: Naming, head: string[]][] = [
  ['torchvision/bottleneck', resnetTorchvision, ['fc.weight', 'fc.bias']],
  ['torchvision/basic', resnetTorchvision, ['fc.weight', 'fc.bias']],
  ['timm/d', resnetTimm, ['fc.weight', 'fc.bias']],
  ['transformers/bottleneck', resnetTransformers, ['classifier.1.weight', 'classifier.1.bias']],
];

describe.each(MODELS)('%s', (model, naming, head) => {
  it('is recognized and loads wholly', () => {
    const { backbone, report } = loaded(model);
    expect(report).toMatchObject({ naming: naming.title, initialized: [], leftOver: [] });
    expect(report.dropped.sort()).toEqual(head.sort());
    expect(report.matched).toBe(Object.keys(backbone.stateDict()).length);
  });

  it.each(SIZES)('computes what the original computes: %s', (size) => {
    scope(() => {
      const { backbone } = loaded(model);
      const map = given(`${model}/${size}/map`);
      const { classToken, registerTokens, patchTokens } = noGrad(() => backbone.features(picture(`images/${size}`)));
      expectClose('map', patchTokens.transpose(1, 2).reshape([...map.shape]), map, 2e-6);
      expectClose('pooled', classToken, given(`${model}/${size}/pooled`), 2e-6);
      expect(registerTokens.shape).toEqual([1, 0, backbone.dim]);
    });
  });

  it('comes back under its own names with the same values', () => {
    scope(() => {
      const { backbone } = loaded(model);
      const prefix = model.startsWith('transformers') ? 'resnet.' : '';
      const written = toTheirNames(backbone.stateDict(), naming);
      const original = entriesOf(tensors, `${model}/weights`);
      const names = Object.keys(original).filter((name) => !head.includes(name));
      expect(
        Object.keys(written)
          .map((name) => prefix + name)
          .sort(),
      ).toEqual(names.sort());
      for (const [name, tensor] of Object.entries(written)) {
        expect(toFloat32Array(tensor), name).toEqual(toFloat32Array(original[prefix + name]!));
      }
    });
  });
});

it('gives the maps between the blocks as timm gives those of its stages', () => {
  scope(() => {
    const { backbone } = loaded('timm/d');
    const stages = noGrad(() => backbone.layers(picture('images/45x77'), [2, 3, 4, 5]));
    for (const [i, { classToken, patchTokens }] of stages.entries()) {
      const map = given(`timm/d/stages/${i + 1}`);
      expectClose(`stage ${i + 1}`, patchTokens.transpose(1, 2).reshape([...map.shape]), map, 2e-6);
      expectClose(`pooled ${i + 1}`, classToken, map.mean([2, 3]), 2e-6);
    }
  });
});

it('trains as in PyTorch: output, gradients and running statistics', () => {
  scope(() => {
    const { backbone } = loaded('torchvision/bottleneck');
    const pooled = backbone.train().forward(picture('training/images'));
    expectClose('pooled', pooled, given('training/pooled'));
    pooled.backwardFrom([], given('training/upstream'));
    const state = backbone.stateDict();
    for (const [name, gradient] of Object.entries(entriesOf(tensors, 'training/gradients'))) {
      expectClose(name, gradOf(state[name] as Parameter)!, gradient, 2e-5);
    }
    const statistics = entriesOf(tensors, 'training/statistics');
    expect(Object.keys(statistics).length).toBe(3 * 20);
    for (const [name, value] of Object.entries(statistics)) expectClose(name, state[name]!, value);
  });
});

const PUBLISHED = readJson<Record<string, { parameters: number; sha256: string }>>(join(fixtures, 'resnet-names.json'));

describe.each(Object.entries(PUBLISHED))('%s as published', (title, { parameters, sha256 }) => {
  it('has the same names and shapes', () => {
    const [code, size] = title.replace('resnet-', 'resnet').split(' ') as [string, ResNetSize];
    const naming = { torchvision: resnetTorchvision, timm: resnetTimm, transformers: resnetTransformers }[code]!;
    const backbone = withoutInitialization(() => createBackbone({ architecture: 'resnet', size, imageSize: 224 }));
    made.push(backbone);
    expect(backbone.parameterCount()).toBe(parameters);
    expect(scope(() => fingerprint(toTheirNames(backbone.stateDict(), naming)))).toBe(sha256);
    expect(naming.refuses?.(backbone.config)).toBe(undefined);
  });
});

describe('recognition', () => {
  const write = (state: StateDict) => {
    const path = join(folder, 'weights.safetensors');
    writeSafetensors(path, state);
    return path;
  };
  const torchvision = () => entriesOf(tensors, 'torchvision/bottleneck/weights');

  it('tells the network from the shapes', () => {
    scope(() => {
      expect(openWeights(write(entriesOf(tensors, 'timm/d/weights'))).config).toMatchObject({
        architecture: 'resnet',
        block: 'bottleneck',
        stages: [2, 1, 1, 1],
        stem: 'deep',
        stemWidth: 8,
        width: 2,
        averageDown: true,
        channels: 3,
      });
      expect(openWeights(write(entriesOf(tensors, 'torchvision/basic/weights'))).config).toMatchObject({
        block: 'basic',
        stem: 'plain',
        stemWidth: 64,
        averageDown: false,
      });
    });
  });

  it('knows nothing of the input of torchvision names, which any code may have trained', () => {
    scope(() => expect(openWeights(write(torchvision())).input.statistics).toBe(undefined));
  });

  it('reads files from before the counters of batches', () => {
    scope(() => {
      const old = Object.entries(torchvision()).filter(([name]) => !name.endsWith('num_batches_tracked'));
      const { backbone, report } = loadWeights(write(Object.fromEntries(old)));
      made.push(backbone);
      expect(new Set(report.initialized.map((name) => name.split('.').at(-1)))).toEqual(
        new Set(['num_batches_tracked']),
      );
      expect(backbone.stateDict()['bn1.num_batches_tracked']!.item()).toBe(0);
    });
  });

  it("reads torchxrayvision's ResNet: one channel, values -1024..1024, 512 pixels", () => {
    scope(() => {
      const state = { ...torchvision(), 'conv1.weight': ones([64, 1, 7, 7]), 'fc.weight': zeros([18, 64]) };
      const weights = openWeights(write({ ...state, 'fc.bias': zeros([18]), op_threshs: zeros([18]) }));
      expect(weights.naming.title).toBe(resnetXrv.title);
      expect(weights.config).toMatchObject({ channels: 1, imageSize: 512 });
      expect(weights.input.statistics).toEqual({ mean: [0.5], std: [1 / 2048] });
    });
  });

  it('refuses ResNeXt, and what it cannot write', () => {
    scope(() => {
      const grouped = { ...torchvision(), 'layer1.0.conv2.weight': zeros([2, 1, 3, 3]) };
      expect(() => openWeights(write(grouped))).toThrow(/layer1\.0\.conv2\.weight.*without groups/);
      const { backbone } = loaded('timm/d');
      expect(resnetTorchvision.refuses?.(backbone.config)).toMatch(/deep stem/);
      expect(resnetTransformers.refuses?.(backbone.config)).toMatch(/deep stem/);
      expect(resnetXrv.refuses?.(loaded('torchvision/basic').backbone.config)).toMatch(/one input channel/);
    });
  });

  it("refuses transformers' variants that differ without a trace in the shapes", () => {
    scope(() => {
      const path = write(entriesOf(tensors, 'transformers/bottleneck/weights'));
      const open = (config: Record<string, unknown>) => openWeights(path, { hints: { config } });
      expect(open({ hidden_act: 'relu', downsample_in_bottleneck: false }).config).toMatchObject({
        block: 'bottleneck',
      });
      expect(() => open({ hidden_act: 'gelu' })).toThrow(/config\.json.*hidden_act gelu/);
      expect(() => open({ downsample_in_bottleneck: true })).toThrow(/downsample_in_bottleneck/);
    });
  });
});
