import { expect, it } from 'vitest';
import { relativeError } from '../../../test/reference.js';
import { manualSeed, noGrad, randn, scope, toFloat32Array } from '../../torch/index.js';
import { Attention } from './attention.js';
import { vitOptions } from './config.js';
import { VisionTransformer } from './vision-transformer.js';

it('attention weights are those by which the values are mixed', () => {
  scope(() =>
    noGrad(() => {
      manualSeed(1);
      const attention = new Attention(12, 3);
      const x = randn([2, 5, 12], 'float32');
      const weights = attention.weights(x); // [2, 3, 5, 5]
      const values = attention.qkv.forward(x).narrow(2, 24, 12).reshape([2, 5, 3, 4]).transpose(1, 2); // [2, 3, 5, 4]
      const mixed = weights.matmul(values).transpose(1, 2).reshape([2, 5, 12]);
      const whole = toFloat32Array(attention.forward(x));
      expect(relativeError(toFloat32Array(attention.proj.forward(mixed)), whole)).toBeLessThan(1e-5);
      attention.free();
    }),
  );
});

it('the class token looks at patches, registers left out, in the last block alone', () => {
  scope(() =>
    noGrad(() => {
      manualSeed(2);
      const network = new VisionTransformer(
        vitOptions({ imageSize: 16, patchSize: 4, dim: 12, depth: 2, heads: 3, registers: 2 }),
      ).eval() as VisionTransformer;
      const x = randn([2, 3, 16, 24], 'float32');
      const map = network.classAttention(x);
      expect(map.shape).toEqual([2, 3, 4, 6]);
      const sums = toFloat32Array(map.sum([2, 3]));
      for (const sum of sums) {
        expect(sum).toBeGreaterThan(0.5);
        expect(sum).toBeLessThan(1); // the rest is of class token and registers
      }
      network.free();
    }),
  );
});
