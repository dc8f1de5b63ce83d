import { afterAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/reference.js';
import {
  backward,
  cat,
  fromArray,
  full,
  gradOf,
  manualSeed,
  rand,
  randn,
  scope,
  setGrad,
  setThreads,
  type Tensor,
} from '../../torch/index.js';
import { addToSubset, dropPath, withRows } from '../drop-path.js';
import { vitOptions } from './config.js';
import { VisionTransformer } from './vision-transformer.js';

setThreads(1);
const BATCH = 6;
const shape = { imageSize: 16, patchSize: 4, dim: 16, depth: 3, heads: 2, layerScale: 0.5 };
const int64 = (values: number[]) => fromArray(BigInt64Array.from(values, BigInt), [values.length]);

describe.each([
  [0, 0],
  [0.08, 2],
  [0.3, 1],
  [0.9, 0],
])('stochastic depth %d, %d registers', (drop, registers) => {
  const options = vitOptions({ ...shape, registers, dropPath: [drop, drop, drop] });
  const network = new VisionTransformer(options);
  afterAll(() => network.free());
  const numbers = [0, 5, 15, 16, 47, 80, 95]; // of 6 images with 16 patches

  it('the last block for some tokens gives what it gives for all, and the same gradients', () => {
    scope(() => {
      manualSeed(1);
      const x = rand([BATCH, 3, 16, 16]);
      const masks = rand([BATCH, 16]).lt(0.3);
      const pull = randn([BATCH + numbers.length, 16]);
      const result = (tokens: () => Tensor) => {
        for (const parameter of network.parameters()) setGrad(parameter, null);
        manualSeed(7);
        const found = tokens();
        backward(found.mul(pull).sum());
        const gradients = [...network.namedParameters()].map(([name, parameter]) => [name, gradOf(parameter)] as const);
        return { found, gradients };
      };
      const some = result(() => {
        const { classTokens, patchTokens } = network.tokensAt(x, int64(numbers), masks);
        return cat([classTokens, patchTokens!]);
      });
      const all = result(() => {
        const { classToken, patchTokens } = network.features(x, masks);
        return cat([classToken, patchTokens.flatten(0, 1).indexSelect(0, int64(numbers))]);
      });
      expectClose('tokens', some.found, all.found, 1e-5);
      for (const [i, [name, gradient]] of some.gradients.entries()) {
        const expected = all.gradients[i]![1];
        if (!name.endsWith('qkv.bias')) expectClose(name, gradient!, expected!, 1e-5); // zero but for rounding, of keys
      }
      expect(network.tokensAt(x, null).patchTokens).toBeNull();
    });
  });

  it('parts of a batch drop what the whole drops', () => {
    scope(() => {
      const x = rand([BATCH, 3, 16, 16]);
      const seen = (first: number, count: number) => {
        manualSeed(9);
        return withRows({ first, whole: BATCH }, () => network.forward(x.narrow(0, first, count)));
      };
      manualSeed(9);
      const whole = network.forward(x);
      expectClose('parts', cat([seen(0, 1), seen(1, 3), seen(4, 2)]), whole, 1e-5);
    });
  });
});

it.each([
  ['dropPath', (x: Tensor) => dropPath(x, 0.5)],
  ['addToSubset', (x: Tensor) => addToSubset(x, (part) => part, 0.5)],
])('%s: rows of a batch get what they get in it', (_, drop) => {
  scope(() => {
    const x = full([8, 2], 1, 'float32');
    const draw = (first: number, count: number) => {
      manualSeed(3);
      return withRows({ first, whole: 8 }, () => drop(x.narrow(0, first, count)));
    };
    manualSeed(3);
    const whole = drop(x);
    expect(whole.sum().item()).not.toBe(16);
    expectClose('rows', cat([draw(0, 3), draw(3, 5)]), whole, 0);
  });
});
