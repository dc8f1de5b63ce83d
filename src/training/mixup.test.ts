import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { fromArray, scope, setThreads, toFloat32Array } from '../torch/index.js';
import { drawMixup, mixImages, symmetricBeta } from './mixup.js';

setThreads(1);

describe.each([0.2, 0.8, 1, 4])('Beta(%d, itself)', (alpha) => {
  const random = Random.of(3, 'beta');
  const draws = Array.from({ length: 20_000 }, () => symmetricBeta(alpha, random));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('has its moments', () => {
    const moment = (power: number) => mean(draws.map((draw) => (draw - 0.5) ** power));
    const variance = 1 / (4 * (2 * alpha + 1));
    expect(mean(draws)).toBeCloseTo(0.5, 1.9);
    expect(moment(2) / variance).toBeCloseTo(1, 1.3);
    // Kurtosis of a symmetric beta: 3 - 6 / (2 alpha + 3).
    expect(moment(4) / variance ** 2 / (3 - 6 / (2 * alpha + 3))).toBeCloseTo(1, 1);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1);
  });
});

it('a very small alpha leaves the images alone, or takes their partners', () => {
  const random = Random.of(3, 'beta');
  for (let i = 0; i < 100; i++) {
    const share = symmetricBeta(1e-4, random);
    expect(Math.min(share, 1 - share)).toBeLessThan(1e-3);
  }
});

it('mixes each image with its partner, with the same draws for the same seed', () => {
  const draw = (seed: number) => drawMixup(5, 0.8, Random.of(seed, 'mixup', 0, 0));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect([...draw(1).partners].sort()).toEqual([0, 1, 2, 3, 4]);
  scope(() => {
    const x = fromArray([1, 2, 3, 10, 20, 30, 100, 200, 300], [3, 1, 1, 3]);
    const mixed = mixImages(x, { partners: Int32Array.of(2, 0, 1), share: 0.75 });
    const expected = [25.75, 51.5, 77.25, 7.75, 15.5, 23.25, 77.5, 155, 232.5];
    expect([...toFloat32Array(mixed)]).toEqual(expected);
    expect([...toFloat32Array(x)]).toEqual([1, 2, 3, 10, 20, 30, 100, 200, 300]);
  });
});
