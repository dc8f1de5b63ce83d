import { expect, it } from 'vitest';
import { createBackbone, type ModelConfig, type VisionTransformer } from '../models/index.js';
import { fromArray, manualSeed, noGrad, scope, toFloat32Array, zeros } from '../torch/index.js';
import { patchColors } from './patch-colors.js';

const config: ModelConfig = { architecture: 'vit', imageSize: 16, patchSize: 4, dim: 16, depth: 1, heads: 2 };

it('colours of patches are their first three principal components', () => {
  scope(() => {
    manualSeed(1);
    const network = createBackbone(config).eval() as VisionTransformer;
    const x = fromArray(
      Float32Array.from({ length: 2 * 3 * 16 * 16 }, (_, i) => ((i * 7919) % 101) / 100),
      [2, 3, 16, 16],
    );
    const { height, width, images } = patchColors(network, x);
    expect([height, width, images.length, images[0]!.length]).toEqual([4, 4, 2, 48]);
    for (const c of [0, 1, 2]) {
      const levels = images.flatMap((image) => [...image.subarray(16 * c, 16 * (c + 1))]);
      expect(Math.min(...levels)).toBe(0);
      expect(Math.max(...levels)).toBe(255);
    }

    // The variance along red is the largest that any direction has: power iteration finds the same order of the patches.
    const tokens = noGrad(() => network.features(x).patchTokens.flatten(0, 1));
    const rows = toFloat32Array(tokens.sub(tokens.mean([0])));
    let direction = Float64Array.from({ length: 16 }, (_, d) => 1 + d);
    const along = (at: Float64Array) =>
      Float64Array.from({ length: 32 }, (_, n) => at.reduce((sum, value, d) => sum + value * rows[n * 16 + d]!, 0));
    for (let i = 0; i < 2000; i++) {
      const seen = along(direction);
      const next = Float64Array.from({ length: 16 }, (_, d) =>
        seen.reduce((sum, v, n) => sum + v * rows[n * 16 + d]!, 0),
      );
      const length = Math.hypot(...next);
      direction = next.map((value) => value / length);
    }
    const values = along(direction);
    const sign = Math.sign(values.reduce((sum, value) => sum + value ** 3, 0));
    const red = images.flatMap((image) => [...image.subarray(0, 16)]);
    const signed = [...values].map((value) => sign * value);
    expect(red.indexOf(255)).toBe(signed.map((v, i) => [v, i] as const).sort((a, b) => b[0] - a[0])[0]![1]);
    expect(correlation(red, signed)).toBeGreaterThan(0.99);
    network.free();
  });
});

it('images that are all the same patch have one colour', () => {
  scope(() => {
    const network = createBackbone(config).eval() as VisionTransformer;
    noGrad(() => network.pos_embed.zero_());
    const { images } = patchColors(network, zeros([1, 3, 16, 16], 'float32'));
    expect([...images[0]!].every(Number.isInteger)).toBe(true);
    network.free();
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const cross = a.reduce((sum, value, i) => sum + (value - ma) * (b[i]! - mb), 0);
  const norm = (values: readonly number[], m: number) => Math.hypot(...values.map((value) => value - m));
  return cross / norm(a, ma) / norm(b, mb);
}
