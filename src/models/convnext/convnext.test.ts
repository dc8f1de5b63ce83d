import { afterEach, describe, expect, it } from 'vitest';
import { backward, gradOf, liveTensors, manualSeed, rand, scope, toFloat32Array, zeros } from '../../torch/index.js';
import { createBackbone } from '../architectures.js';
import { CONVNEXT_SIZES, type ConvNextConfig, type ConvNextSize, convNextOptions } from './config.js';
import { ConvNext } from './convnext.js';

const models: ConvNext[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.free();
});
function small(more: Partial<ConvNextConfig> = {}): ConvNext {
  const model = new ConvNext(
    convNextOptions({ imageSize: 64, depths: [1, 2, 4, 1], dims: [8, 8, 16, 16], layerScale: 0.5, ...more }),
  );
  models.push(model);
  return model;
}

/** get_num_layer_for_convnext of ConvNeXt's optim_factory.py, which is for a third stage of 27 blocks. */
function originalLayer(name: string): number {
  const [part, stage, block] = name.split('.');
  if (part === 'downsample_layers') return { 0: 0, 1: 2, 2: 3, 3: 12 }[Number(stage)]!;
  if (part !== 'stages') return 13;
  if (stage === '0' || stage === '1') return Number(stage) + 1;
  return stage === '2' ? 3 + Math.floor(Number(block) / 3) : 12;
}

describe('ConvNeXt', () => {
  it('takes every size from 32 on, a stride of 32 apart, and frees all that it makes', () => {
    const model = small().eval();
    const before = liveTensors();
    for (const [height, width, places] of [
      [64, 64, 4],
      [32, 96, 3],
      [63, 50, 1],
    ] as const) {
      scope(() => {
        const { classToken, registerTokens, patchTokens } = model.features(rand([2, 3, height, width], 'float32'));
        expect([...classToken.shape]).toEqual([2, 16]);
        expect([...registerTokens.shape]).toEqual([2, 0, 16]);
        expect([...patchTokens.shape]).toEqual([2, places, 16]);
      });
      expect(liveTensors()).toBe(before);
    }
    scope(() => expect(() => model.forward(zeros([1, 3, 64, 31]))).toThrow('image size: found 64 x 31'));
    expect(liveTensors()).toBe(before);
  });

  it('trains every parameter, and drops whole samples of a branch in training', () => {
    const model = small({ dropPath: 0.5 });
    scope(() => {
      manualSeed(3);
      const x = rand([4, 3, 64, 64], 'float32');
      backward(
        model
          .forward(x)
          .mul(rand([4, 16], 'float32'))
          .sum(),
      );
      expect(model.parameters().filter((parameter) => gradOf(parameter) === null)).toEqual([]);
      const [first, second] = [model.forward(x), model.forward(x)].map(toFloat32Array);
      expect(first).not.toEqual(second);
      model.eval();
      const [third, fourth] = [model.forward(x), model.forward(x)].map(toFloat32Array);
      expect(third).toEqual(fourth);
    });
  });

  it.each(['small', 'base', 'large'] as const)(
    "has its authors' layers for the decay of the learning rate: %s",
    (size) => {
      // Only depths matter here.
      const model = small({ depths: CONVNEXT_SIZES[size].depths, dims: [8, 8, 8, 8] });
      expect(model.depth).toBe(12);
      for (const [name] of model.namedParameters())
        expect([name, model.layerOf(name)]).toEqual([name, originalLayer(name)]);
    },
  );

  it('divides tiny in the same way into six', () => {
    const model = small({ depths: CONVNEXT_SIZES.tiny.depths, dims: [8, 8, 8, 8] });
    const layers = [...model.namedParameters()].map(([name]) => model.layerOf(name));
    expect(model.depth).toBe(6);
    expect([...new Set(layers)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(model.layerOf('stages.2.8.gamma')).toBe(5);
    expect(model.layerOf('downsample_layers.3.0.weight')).toBe(6);
  });

  it('gives the maps of earlier layers at their own size', () => {
    const model = small().eval();
    scope(() => {
      const shapes = model.layers(rand([1, 3, 64, 64], 'float32'), [4, 1]).map(({ patchTokens }) => patchTokens.shape);
      expect(shapes.map((shape) => [...shape])).toEqual([
        [1, 16, 16],
        [1, 256, 8],
      ]);
      expect(() => model.layers(zeros([1, 3, 64, 64]), [0])).toThrow('layer 0; the network has layers 1 to 5');
    });
  });

  it('is built again from its config, and refuses numbers that do not fit', () => {
    const model = small();
    const again = createBackbone(model.config);
    expect(again.config).toEqual(model.config);
    again.free();
    expect(() => convNextOptions({ imageSize: 224 })).toThrow('model: found no size');
    expect(() => convNextOptions({ imageSize: 224, size: 'tiny' as ConvNextSize, dims: [8, 8] })).toThrow('dims [8,8]');
  });
});
