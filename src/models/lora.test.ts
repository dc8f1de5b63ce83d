import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { expectClose, references, relativeError } from '../../test/reference.js';
import {
  AdamW,
  backward,
  gradOf,
  Linear,
  liveTensors,
  type Module,
  manualSeed,
  noGrad,
  rand,
  scope,
  setGrad,
  setThreads,
  type Tensor,
  toFloat32Array,
} from '../torch/index.js';
import { createBackbone } from './architectures.js';
import type { ModelConfig } from './config.js';
import { adapterTargets, addAdapters, LoraLinear, mergedState, removeAdapters, unknownTargets } from './lora.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'lora');
const made: Module[] = [];
const keep = <M extends Module>(module: M): M => {
  made.push(module);
  return module;
};
afterEach(() => {
  for (const module of made.splice(0)) module.free();
});

const vit: ModelConfig = { architecture: 'vit', imageSize: 16, patchSize: 8, dim: 16, depth: 3, heads: 2 };
const TRANSFORMERS: [string, ModelConfig, string[]][] = [
  ['vit', vit, ['qkv', 'proj', 'fc1', 'fc2']],
  [
    'dinov3-vit',
    { architecture: 'dinov3-vit', imageSize: 32, patchSize: 16, dim: 16, depth: 3, heads: 2, layerScale: 1 },
    ['qkv', 'proj', 'fc1', 'fc2'],
  ],
  [
    'convnext',
    { architecture: 'convnext', imageSize: 32, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16], layerScale: 1 },
    ['pwconv1', 'pwconv2'],
  ],
];

it('has the reference of Python, stored', () => {
  expect(SOURCES.map(({ source }) => source)).toContain('stored');
});

describe.each(SOURCES)('an adapter computes as PyTorch ($source)', ({ tensors: reference }) => {
  const adapted = (): LoraLinear => {
    const base = new Linear(12, 10);
    base.loadStateDict({ weight: reference.weight!, bias: reference.bias! });
    return keep(new LoraLinear(base, { rank: 3, alpha: 6 }));
  };
  const set = (layer: LoraLinear, A: Tensor | undefined, B: Tensor | undefined) =>
    noGrad(() => {
      layer.lora_A.copy_(A!);
      if (B) layer.lora_B.copy_(B);
      else layer.lora_B.zero_();
    });

  it('outputs, gradients, the merged weight', () => {
    const layer = adapted();
    set(layer, reference.A, reference.B);
    scope(() => {
      const x = reference.x!.clone().requiresGrad_();
      const y = layer.forward(x);
      y.backwardFrom([], reference.upstream);
      expectClose('y', y, reference.y, 1e-6);
      expectClose('dx', gradOf(x)!, reference.dx, 1e-6);
      expectClose('dA', gradOf(layer.lora_A)!, reference.dA, 1e-6);
      expectClose('dB', gradOf(layer.lora_B)!, reference.dB, 1e-6);
      expect(gradOf(layer.base.weight)).toBeNull();
      expect(gradOf(layer.base.bias!)).toBeNull();
      expectClose('merged', layer.mergedWeight(), reference.merged, 1e-6);
      expectClose('y of the merged weight', x.linear(layer.mergedWeight(), layer.base.bias), reference.y, 1e-6);
    });
    for (const parameter of layer.parameters()) setGrad(parameter, null);
  });

  it('five steps of AdamW', () => {
    const layer = adapted();
    set(layer, reference.A, undefined);
    const trained = layer.parameters().filter((parameter) => parameter.requiresGrad);
    expect(trained).toEqual([layer.lora_A, layer.lora_B]);
    const optimizer = new AdamW(trained, { learningRate: 1e-2, weightDecay: 0.1 });
    for (let step = 0; step < 5; step++) {
      scope(() => {
        const error = layer.forward(reference.x!).sub(reference.target!);
        backward(error.mul(error).mean());
      });
      optimizer.step();
      optimizer.zeroGrad();
    }
    expectClose('A', layer.lora_A, reference['trained/A']);
    expectClose('B', layer.lora_B, reference['trained/B']);
    scope(() => expectClose('y', layer.forward(reference.x!), reference['trained/y']));
    optimizer.free();
  });
});

describe('a new adapter', () => {
  it('changes nothing; A starts as the weight of a linear layer, B at zero', () => {
    manualSeed(6);
    const base = new Linear(400, 20);
    const layer = keep(new LoraLinear(base, { rank: 50, alpha: 16 }));
    scope(() => {
      const x = rand([3, 400]);
      expect(toFloat32Array(layer.forward(x))).toEqual(toFloat32Array(base.forward(x)));
    });
    const A = toFloat32Array(layer.lora_A);
    const variance = A.reduce((sum, value) => sum + value * value, 0) / A.length;
    expect(Math.max(...A.map(Math.abs))).toBeLessThanOrEqual((1 / 20) * (1 + 1e-6));
    expect(Math.abs(variance / (1 / 20 ** 2 / 3) - 1)).toBeLessThan(0.03); // four standard errors of 20,000 draws
    expect(Math.max(...toFloat32Array(layer.lora_B))).toBe(0);
  });
});

describe.each(TRANSFORMERS)('adapters in a %s', (_, config, targets) => {
  const backbone = () => {
    manualSeed(5);
    return keep(createBackbone(config));
  };
  const train = (network: ReturnType<typeof backbone>) =>
    scope(() =>
      noGrad(() => {
        for (const [name, parameter] of network.namedParameters()) {
          if (name.endsWith('lora_B')) parameter.normal_(0, 0.1);
        }
      }),
    );

  it('stand beside the layers that are named, and only they train', () => {
    const network = backbone();
    expect(adapterTargets(network)).toEqual(targets);
    addAdapters(network, { rank: 2, alpha: 2, targets: targets.slice(0, 1) });
    const trained = [...network.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad).map(([name]) => name);
    expect(trained).toHaveLength(2 * network.depth);
    for (const name of trained) expect(name).toMatch(new RegExp(`\\.${targets[0]}\\.lora_[AB]$`));
    expect(new Set(trained.map((name) => network.layerOf(name)))).toEqual(
      new Set(Array.from({ length: network.depth }, (_, i) => i + 1)),
    );
  });

  it('leave frozen blocks alone', () => {
    const network = backbone();
    addAdapters(network, { rank: 2, alpha: 2, targets }, network.depth - 1);
    const trained = [...network.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad);
    expect(trained).toHaveLength(2 * targets.length);
    for (const [name] of trained) expect(network.layerOf(name)).toBe(network.depth);
  });

  it('merge into the names that the network has without them, and compute the same', () => {
    const network = backbone();
    const names = Object.keys(network.stateDict());
    const before = liveTensors();
    addAdapters(network, { rank: 2, alpha: 6, targets });
    train(network);
    scope(() =>
      noGrad(() => {
        const x = rand([2, 3, config.imageSize, config.imageSize]);
        const adapted = network.eval().forward(x);
        const state = mergedState(network);
        expect(new Set(Object.keys(state))).toEqual(new Set(names));
        removeAdapters(network);
        expect(Object.keys(network.stateDict())).toEqual(names);
        const untrained = network.forward(x);
        expect(relativeError(toFloat32Array(untrained), toFloat32Array(adapted))).toBeGreaterThan(1e-3);
        network.loadStateDict(state);
        expectClose('merged', network.forward(x), adapted, 1e-6);
      }),
    );
    expect(liveTensors()).toBe(before);
  });
});

describe('targets', () => {
  it('are the ends of names, whole parts of them', () => {
    const network = keep(createBackbone(vit));
    expect(unknownTargets(network, ['qkv', 'attn.proj', 'mlp.fc2', 'kv', 'attn', 'patch_embed.proj'])).toEqual([
      'kv',
      'attn',
      'patch_embed.proj',
    ]);
    addAdapters(network, { rank: 1, alpha: 1, targets: ['attn.proj'] });
    const [name] = [...network.namedModules()].find(([, module]) => module instanceof LoraLinear)!;
    expect(name).toBe('blocks.0.attn.proj');
    expect(() => addAdapters(network, { rank: 1, alpha: 1, targets: ['gate'] })).toThrow(
      /no linear layer is called gate/,
    );
  });
});
