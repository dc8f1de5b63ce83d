import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectClose, type Reference, references, relativeError, type Tensors } from '../../../test/reference.js';
import {
  Adam,
  AdamW,
  autocast,
  backward,
  fromArray,
  gradOf,
  liveTensors,
  manualSeed,
  type Optimizer,
  ones,
  Parameter,
  rand,
  randn,
  readSafetensors,
  SGD,
  scope,
  setThreads,
  stack,
  type Tensor,
  toFloat32Array,
} from '../../torch/index.js';
import { Classifier } from '../classifier.js';
import { addToSubset, dropPath } from '../drop-path.js';
import { type VisionTransformerOptions, vitOptions } from './config.js';
import { interpolatePositions } from './position-embedding.js';
import { VisionTransformer } from './vision-transformer.js';

setThreads(1);
const FIXTURES = join(import.meta.dirname, '../fixtures');
const SOURCES = references(FIXTURES, 'vit_reference');
const SMALL: VisionTransformerOptions = {
  imageSize: 32,
  patchSize: 8,
  channels: 3,
  dim: 16,
  depth: 2,
  heads: 2,
  feedForward: 'mlp',
  hidden: 64,
  qkvBias: true,
  normEpsilon: 1e-6,
  registers: 0,
  layerScale: null,
  dropPath: 0,
  interpolation: { offset: 0.1, antialias: false },
  input: null,
};

const under = (tensors: Tensors, prefix: string): Tensors =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

function given(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`the reference has no '${name}'`);
  return tensor;
}

it.skipIf(SOURCES.length < 2)('stored what Python computes now', () => {
  const [stored, fresh] = SOURCES as [Reference, Reference];
  expect(Object.keys(stored.tensors)).toEqual(Object.keys(fresh.tensors));
  for (const [name, tensor] of Object.entries(stored.tensors)) {
    expectClose(name, tensor, fresh.tensors[name], name.includes('bf16') ? 2 ** -6 : 1e-5);
  }
});

/** The bias of the keys shifts all scores of a query alike: its gradient is zero but for rounding, which Adam enlarges. */
function withoutKeyBias(name: string, values: Float32Array): Float32Array {
  if (!name.endsWith('attn.qkv.bias')) return values;
  const dim = values.length / 3;
  return values.map((value, i) => (i >= dim && i < 2 * dim ? 0 : value));
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

describe.each(SOURCES)('the numbers of PyTorch ($source)', ({ tensors }) => {
  const [images, masks, labels, posWeight] = ['images', 'masks', 'labels', 'posWeight'].map((name) =>
    given(tensors, name),
  ) as [Tensor, Tensor, Tensor, Tensor];

  describe.each([
    ['registers and LayerScale', 'full', { registers: 2, layerScale: 0.5 }],
    ['neither', 'plain', { registers: 0, layerScale: null }],
  ])('with %s', (_, variant, options) => {
    const start = under(tensors, `${variant}/start/`);
    const build = () => {
      const model = new Classifier(new VisionTransformer({ ...SMALL, ...options }), 3);
      model.loadStateDict(start);
      return model;
    };
    const logitsOf = (model: Classifier<VisionTransformer>) =>
      scope(() => model.head.forward(model.backbone.features(images, masks).classToken));
    const lossOf = (model: Classifier<VisionTransformer>) =>
      scope(() => logitsOf(model).to('float32').binaryCrossEntropyWithLogits(labels, null, posWeight));

    it('forward and every gradient', () => {
      const model = build();
      scope(() => {
        const { patchTokens, classToken, registerTokens } = model.backbone.features(images, masks);
        const tokens = given(tensors, `${variant}/tokens`);
        const { registers } = options;
        expectClose('class token', classToken, tokens.select(1, 0));
        expectClose('register tokens', registerTokens, tokens.narrow(1, 1, registers));
        expectClose('patch tokens', patchTokens, tokens.narrow(1, 1 + registers, 16));
        expectClose('logits', logitsOf(model), given(tensors, `${variant}/logits`));
        backward(lossOf(model));
        const expected = under(tensors, `${variant}/gradient/`);
        const actual = [...model.namedParameters()].map(([name, parameter]) => [name, gradOf(parameter)] as const);
        expect(actual.map(([name]) => name).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, gradient] of actual) expectClose(name, gradient!, expected[name]);
      });
      model.free();
    });

    const optimizers: [string, (parameters: Parameter[]) => Optimizer][] = [
      ['adamw', (parameters) => new AdamW(parameters, { learningRate: 1e-3, weightDecay: 0.05 })],
      ['adam', (parameters) => new Adam(parameters, { learningRate: 1e-3, weightDecay: 0.05 })],
      ['sgd', (parameters) => new SGD(parameters, { learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 })],
    ];
    it.each(optimizers.filter(([name]) => `${variant}/${name}/losses` in tensors))('five steps of %s', (name, make) => {
      const model = build();
      const optimizer = make(model.parameters());
      const losses: number[] = [];
      for (let step = 0; step < 5; step++) {
        scope(() => {
          const loss = lossOf(model);
          backward(loss);
          losses.push(loss.item());
        });
        optimizer.step();
        optimizer.zeroGrad();
      }
      expectClose('losses', fromArray(losses), given(tensors, `${variant}/${name}/losses`));
      for (const [key, parameter] of model.namedParameters()) {
        const [actual, expected, before] = [parameter, tensors[`${variant}/${name}/${key}`], start[key]].map((tensor) =>
          withoutKeyBias(key, toFloat32Array(tensor!)),
        ) as [Float32Array, Float32Array, Float32Array];
        expect(relativeError(actual, expected), key).toBeLessThanOrEqual(1e-5);
        const moved = distance(expected, before);
        expect(moved, `${key} moved`).toBeGreaterThan(0);
        expect(distance(actual, expected) / moved, `${key}: error of the movement`).toBeLessThan(1e-2);
      }
      optimizer.free();
      model.free();
    });

    it('forward and gradient under bfloat16 autocast', () => {
      const model = build();
      scope(() => {
        const logits = autocast('cpu', 'bf16', () => logitsOf(model));
        expect(logits.dtype).toBe('bfloat16');
        const expected = given(tensors, `${variant}/bf16/logits`);
        expectClose('logits', logits, expected, 2 ** -6);
        expectClose('logits, fp32', logits, given(tensors, `${variant}/logits`), 2 ** -4);
        backward(autocast('cpu', 'bf16', () => lossOf(model)));
        const { weight } = model.backbone.blocks[0]!.attn.qkv;
        expectClose('gradient', gradOf(weight)!, given(tensors, `${variant}/bf16/gradient`), 2 ** -5);
      });
      model.free();
    });
  });
});

describe("DINOv2's own code", () => {
  const { tensors, metadata } = readSafetensors(join(FIXTURES, 'dinov2_original.safetensors'));
  const names = JSON.parse(metadata.names!) as Record<string, string[]>;
  const variants = {
    plain: { registers: 0, layerScale: 1, interpolation: { offset: 0.1, antialias: false } },
    registers: { registers: 2, layerScale: 0.5, interpolation: { offset: 0, antialias: true } },
    unscaled: { registers: 0, layerScale: null, interpolation: { offset: 0.1, antialias: false } },
  };

  it.each(Object.entries(variants))('has the same parameter names, in the same order: %s', (variant, options) => {
    const model = new VisionTransformer({ ...SMALL, ...options });
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(names[variant]);
    model.free();
  });

  for (const variant of ['plain', 'registers'] as const) {
    const model = new VisionTransformer({ ...SMALL, ...variants[variant] }).eval();
    model.loadStateDict(under(tensors, `${variant}/weights/`));
    afterAll(() => model.free());
    const sizes = [
      [32, 32],
      [48, 40],
      [24, 24],
      [16, 32],
    ] as const;
    it.each(sizes)(`gives the same features and positions for %d x %d: ${variant}`, (height, width) => {
      const size = `${variant}/${height}x${width}`;
      scope(() => {
        const positions = interpolatePositions(
          model.pos_embed,
          [height / 8, width / 8],
          variants[variant].interpolation,
        );
        expectClose('positions', positions, tensors[`${size}/positions`]);
        const features = model.features(given(tensors, `${size}/images`));
        for (const [name, tensor] of Object.entries(features)) expectClose(name, tensor, tensors[`${size}/${name}`]);
      });
    });
    it(`puts the mask token in the same places: ${variant}`, () => {
      scope(() => {
        const [images, masks] = [given(tensors, `${variant}/masked/images`), given(tensors, `${variant}/masked/masks`)];
        expectClose('patches', model.features(images, masks).patchTokens, tensors[`${variant}/masked/patchTokens`]);
      });
    });
  }
});

describe('a vision transformer', () => {
  it('refuses sizes that do not fit, with their names', () => {
    expect(() => new VisionTransformer({ ...SMALL, imageSize: 30 })).toThrow(
      'image size 30 is no multiple of the patch size 8',
    );
    expect(() => new VisionTransformer({ ...SMALL, heads: 3 })).toThrow('width 16 is no multiple of 3 heads');
    const model = new VisionTransformer(SMALL);
    const before = liveTensors();
    expect(() => scope(() => model.forward(randn([1, 3, 32, 36])))).toThrow(
      'image size: found 32 x 36; expected multiples of the patch size 8',
    );
    expect(liveTensors()).toBe(before);
    model.free();
  });

  it('normalizes its own input where it has statistics, channel by channel', () => {
    const input = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const [plain, normalizing] = [new VisionTransformer(SMALL), new VisionTransformer({ ...SMALL, input })];
    normalizing.loadStateDict(plain.stateDict());
    scope(() => {
      const images = rand([2, 3, 32, 32], 'float32');
      const channels = images.unbind(1).map((channel, i) => channel.sub(input.mean[i]!).div(input.std[i]!));
      expectClose('class token', normalizing.forward(images), plain.forward(stack(channels, 1)), 1e-6);
    });
    plain.free();
    normalizing.free();
  });

  it('drops whole samples of a residual branch, and scales the others', () => {
    manualSeed(11);
    scope(() => {
      const dropped = toFloat32Array(dropPath(ones([4000, 2, 3], 'float32'), 0.2));
      const samples = Array.from({ length: 4000 }, (_, i) => new Set(dropped.slice(6 * i, 6 * i + 6)));
      expect(samples.every((values) => values.size === 1)).toBe(true);
      expect(new Set(dropped)).toEqual(new Set([0, 1.25]));
      const kept = samples.filter((values) => values.has(1.25)).length / 4000;
      expect(Math.abs(kept - 0.8)).toBeLessThan(4 * Math.sqrt((0.8 * 0.2) / 4000));
    });
  });

  it('computes a branch for the samples that stay alone, as DINOv2 above a tenth', () => {
    manualSeed(13);
    scope(() => {
      const x = randn([10, 2, 3], 'float32');
      const parameter = Parameter.of(ones([], 'float32'));
      let seen = 0;
      const branch = (part: Tensor) => {
        seen += part.size(0);
        return part.mul(parameter);
      };
      const result = addToSubset(x, branch, 0.25);
      expect(seen).toBe(7);
      const factors = toFloat32Array(result.div(x).select(2, 0).select(1, 0)); // 1 where dropped, else 1 + 10 / 7
      expect(factors.filter((factor) => Math.abs(factor - 1) < 1e-6).length).toBe(3);
      expect(factors.filter((factor) => Math.abs(factor - 17 / 7) < 1e-5).length).toBe(7);
      backward(result.sum());
      const kept = result.sub(x).sum().item();
      expect(gradOf(parameter)!.item()).toBeCloseTo(kept, 4);
      expect(toFloat32Array(addToSubset(x, branch, 0.99)).length).toBe(60);
      expect(seen).toBe(8);
      parameter.free();
    });
  });

  it('drops branches in training alone, from none in the first block to the given share in the last', () => {
    manualSeed(12);
    const model = new VisionTransformer({ ...SMALL, dropPath: 0.9, layerScale: 1 });
    scope(() => {
      const x = randn([8, 5, 16], 'float32');
      const changes = (block: number) => {
        const forward = () => toFloat32Array(model.blocks[block]!.forward(x));
        return relativeError(forward(), forward());
      };
      expect(changes(0)).toBe(0);
      expect(changes(1)).toBeGreaterThan(0.01);
      model.eval();
      expect(changes(1)).toBe(0);
    });
    model.free();
  });

  it('drops branches of each block by its own share', () => {
    manualSeed(12);
    const model = new VisionTransformer({ ...SMALL, dropPath: [0.9, 0], layerScale: 1 });
    scope(() => {
      const x = randn([8, 5, 16], 'float32');
      const [first, second] = model.blocks.map((block) => {
        const forward = () => toFloat32Array(block.forward(x));
        return relativeError(forward(), forward());
      });
      expect(first).toBeGreaterThan(0.01);
      expect(second).toBe(0);
    });
    model.free();
    expect(() => vitOptions({ imageSize: 32, size: 'tiny', dropPath: [0.1, 0.2] })).toThrow(
      'model: dropPath: found 2 numbers; expected one, or 12',
    );
  });

  it('leaves no tensor behind over 200 training steps', () => {
    manualSeed(1);
    const model = new Classifier(new VisionTransformer({ ...SMALL, dropPath: 0.1, layerScale: 1e-5 }), 2);
    const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
    const counts: number[] = [];
    for (let step = 0; step < 200; step++) {
      scope(() => {
        const x = randn([2, 3, 32, 32], 'float32');
        backward(model.forward(x).pow(2).mean());
        optimizer.step();
        optimizer.zeroGrad();
      });
      counts.push(liveTensors());
    }
    expect(new Set(counts.slice(1)).size).toBe(1);
    optimizer.free();
    const before = liveTensors();
    model.free();
    expect(before - liveTensors()).toBe(model.parameters().length);
  });
});
