import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { borderRing, pixelStatistics, thumbnail } from './statistics.js';

describe('pixelStatistics', () => {
  it('are mean and population standard deviation as fractions', () => {
    const { mean, standardDeviation } = pixelStatistics(Uint8Array.of(0, 255, 255, 0), 2);
    expect(mean).toBeCloseTo(0.5, 12);
    expect(standardDeviation).toBeCloseTo(0.5, 12);
    expect(pixelStatistics(Uint8Array.of(51, 51, 51, 51), 2)).toEqual({ mean: 0.2, standardDeviation: 0 });
  });

  it('refuse an image of another size', () => {
    expect(() => pixelStatistics(new Uint8Array(5), 2)).toThrow('5 pixels are not [1, 2, 2]');
  });
});

describe('thumbnail', () => {
  it('averages whole cells', () => {
    // 16 bands of 4 rows each.
    const pixels = Uint8Array.from({ length: 64 * 64 }, (_, i) => 16 * Math.floor(i / 256));
    const expected = Float32Array.from({ length: 256 }, (_, i) => (16 * Math.floor(i / 16)) / 255);
    thumbnail(pixels, 64).forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i]!, 6);
    });
  });

  it('shares pixels that lie across cells by area', () => {
    // 3 x 3 to 2 x 2: a cell holds one whole pixel, two halves and a quarter, of 2.25 in all.
    const small = thumbnail(Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 51), 3, 2);
    const expected = [1 / 2.25, 0, 0, 0.2 / 2.25];
    small.forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i]!, 6);
    });
    const middle = thumbnail(Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0), 3, 2);
    for (const x of middle) expect(x).toBeCloseTo(0.25 / 2.25, 6);
  });

  it('keeps the mean of any image, at any size', () => {
    const anImage = fc
      .integer({ min: 16, max: 50 })
      .chain((size) =>
        fc.tuple(fc.constant(size), fc.uint8Array({ minLength: size * size, maxLength: size * size, size: 'max' })),
      );
    fc.assert(
      fc.property(anImage, ([size, pixels]) => {
        const small = thumbnail(pixels, size);
        const mean = small.reduce((sum, x) => sum + x, 0) / small.length;
        expect(mean).toBeCloseTo(pixelStatistics(pixels, size).mean, 5);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('refuses to enlarge', () => {
    expect(() => thumbnail(new Uint8Array(64), 8)).toThrow('side 16 is larger than the image, 8');
  });
});

describe('borderRing', () => {
  it('is the outermost ring, row-major', () => {
    const grid = Float32Array.from({ length: 16 }, (_, i) => i);
    expect([...borderRing(grid)]).toEqual([0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15]);
    expect(borderRing(new Float32Array(256))).toHaveLength(60);
    expect(() => borderRing(new Float32Array(15))).toThrow('15 values are not a square');
  });
});
