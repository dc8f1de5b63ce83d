import { afterEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/reference.js';
import {
  backward,
  gradOf,
  liveTensors,
  manualSeed,
  noGrad,
  ones,
  rand,
  scope,
  toFloat32Array,
  zeros,
} from '../../torch/index.js';
import { createBackbone } from '../architectures.js';
import { INPUT_STATISTICS } from '../input-statistics.js';
import { type Dinov3VitConfig, dinov3VitOptions } from './config.js';
import { Dinov3Vit } from './dinov3-vit.js';
import { RotaryPositionEmbedding, rotate } from './rotary-position-embedding.js';

const models: Dinov3Vit[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.free();
});
function small(more: Partial<Dinov3VitConfig> = {}): Dinov3Vit {
  const size = { imageSize: 32, patchSize: 8, dim: 16, depth: 3, heads: 2, hidden: 32, registers: 2, layerScale: 0.5 };
  const model = new Dinov3Vit(dinov3VitOptions({ ...size, ...more }));
  models.push(model);
  return model;
}

describe("DINOv3's vision transformer", () => {
  it('takes every multiple of the patch size, without a table of positions, and frees all that it makes', () => {
    const model = small().eval();
    const before = liveTensors();
    for (const [height, width] of [
      [32, 32],
      [64, 64],
      [8, 40],
    ] as const) {
      scope(() => {
        const { classToken, registerTokens, patchTokens } = model.features(rand([2, 3, height, width], 'float32'));
        expect([...classToken.shape]).toEqual([2, 16]);
        expect([...registerTokens.shape]).toEqual([2, 2, 16]);
        expect([...patchTokens.shape]).toEqual([2, (height / 8) * (width / 8), 16]);
      });
      expect(liveTensors()).toBe(before);
    }
    scope(() => expect(() => model.forward(zeros([1, 3, 32, 36]))).toThrow('image size: found 32 x 36'));
    expect(liveTensors()).toBe(before);
  });

  it('trains every parameter but the mask token, which only masks bring in', () => {
    const model = small({ dropPath: 0.2, feedForward: 'swiglu' });
    scope(() => {
      manualSeed(3);
      const x = rand([4, 3, 32, 32], 'float32');
      const untrained = () =>
        [...model.namedParameters()].filter(([, parameter]) => gradOf(parameter) === null).map(([name]) => name);
      backward(model.features(x).patchTokens.mul(model.features(x).classToken.unsqueeze(1)).sum());
      expect(untrained()).toEqual(['mask_token']);
      const masks = ones([4, 16], 'bool');
      backward(model.features(x, masks).patchTokens.sum());
      expect(untrained()).toEqual([]);
    });
  });

  it('puts the mask token where a mask is true, whatever the patch', () => {
    const model = small().eval();
    scope(() =>
      noGrad(() => {
        const masks = zeros([1, 16], 'bool');
        masks.narrow(1, 0, 4).fill_(1); // the first row of patches
        const x = rand([1, 3, 32, 32], 'float32');
        const other = x.clone();
        other.narrow(2, 0, 8).fill_(0);
        expectClose('masked', model.features(x, masks).patchTokens, model.features(other, masks).patchTokens, 0);
        expect(toFloat32Array(model.forward(x))).not.toEqual(toFloat32Array(model.forward(other)));
      }),
    );
  });

  it('normalizes its own input', () => {
    const [plain, normalizing] = [small(), small({ input: INPUT_STATISTICS.imagenet })].map((model) => model.eval());
    scope(() =>
      noGrad(() => {
        normalizing!.loadStateDict(plain!.stateDict());
        const x = rand([1, 3, 32, 32], 'float32');
        const channels = x.unbind(1).map((c, i) => {
          const { mean, std } = INPUT_STATISTICS.imagenet!;
          return c.sub(mean[i]!).div(std[i]!);
        });
        const brought = x.clone();
        for (const [i, channel] of channels.entries()) brought.select(1, i).copy_(channel);
        expectClose('features', normalizing!.forward(x), plain!.forward(brought), 1e-5);
      }),
    );
  });

  it('tells the layer of each parameter, and is built again from its config', () => {
    const model = small({ untiedNorms: true });
    const layers = new Map([...model.namedParameters()].map(([name]) => [name, model.layerOf(name)]));
    expect(layers.get('cls_token')).toBe(0);
    expect(layers.get('storage_tokens')).toBe(0);
    expect(layers.get('patch_embed.proj.weight')).toBe(0);
    expect(layers.get('blocks.0.attn.qkv.weight')).toBe(1);
    expect(layers.get('blocks.2.ls2.gamma')).toBe(3);
    expect(layers.get('norm.weight')).toBe(4);
    expect(layers.get('cls_norm.bias')).toBe(4);
    const again = createBackbone(model.config);
    expect(again.config).toEqual(model.config);
    expect(Object.keys(again.stateDict())).toEqual(Object.keys(model.stateDict()));
    again.free();
    scope(() =>
      expect(() => model.layers(zeros([1, 3, 32, 32]), [4])).toThrow('layer 4; the network has layers 1 to 3'),
    );
  });

  it('refuses numbers that do not fit each other', () => {
    expect(() => dinov3VitOptions({ imageSize: 224 })).toThrow('found no dim, depth, heads');
    expect(() => dinov3VitOptions({ imageSize: 230, size: 'base' })).toThrow('multiple of patchSize 16. Use 224.');
    expect(() => dinov3VitOptions({ imageSize: 224, size: 'small', heads: 64 })).toThrow('model: dim: found 384');
  });
});

it('rotary positions make the product of two tokens depend on their distance alone', () => {
  const positions = new RotaryPositionEmbedding(8);
  scope(() => {
    manualSeed(5);
    const [q, k] = [rand([1, 1, 8], 'float32'), rand([1, 1, 8], 'float32')];
    const rotation = positions.forward([4, 4], 1);
    const turned = [q, k].map((x) => rotate(x.expand([1, 17, 8]), rotation));
    const product = (a: number, b: number) => turned[0]!.select(1, a).mul(turned[1]!.select(1, b)).sum().item();
    expect(product(0, 0)).toBeCloseTo(q.mul(k).sum().item() as number, 5); // the class token stays as it is
    expect(product(1, 7)).toBeCloseTo(product(6, 12) as number, 5); // one row down and two columns to the right
    expect(Math.abs((product(1, 7) as number) - (product(1, 8) as number))).toBeGreaterThan(1e-3);
  });
  positions.free();
});
