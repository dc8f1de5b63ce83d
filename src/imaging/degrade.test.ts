import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { type ImageShape, inverted, keepBorder, keepCentre, keepWhere, lowPass, shufflePatches } from './degrade.js';
import { thumbnail } from './statistics.js';

/** Two channels of 5 rows and 6 columns, all values different and none 0. */
const shape: ImageShape = [2, 5, 6];
const image = Uint8Array.from({ length: 60 }, (_, i) => i + 1);
const drawn = (length: number) => {
  const random = new Random(1);
  return new Uint8Array(length).map(() => random.integer(256));
};

describe('keepBorder and keepCentre', () => {
  it('keep the frame, and all but the frame, pixel by pixel', () => {
    // biome-ignore format: rows of the image
    const border = [
      1, 2, 3, 4, 5, 6,
      7, 0, 0, 0, 0, 12,
      13, 0, 0, 0, 0, 18,
      19, 0, 0, 0, 0, 24,
      25, 26, 27, 28, 29, 30,
    ];
    expect([...keepBorder(image, shape, 1)]).toEqual([...border, ...border.map((value) => (value ? value + 30 : 0))]);
    expect([...keepCentre(image, shape, 2).subarray(0, 30)].filter(Boolean)).toEqual([15, 16]);
    const both = keepBorder(image, shape, 2).map((value, i) => value + keepCentre(image, shape, 2)[i]!);
    expect(both).toEqual(image);
    expect(image[7]).toBe(8);
  });

  it('refuse a frame that leaves no inside', () => {
    expect(() => keepBorder(image, shape, 3)).toThrow('a frame of 3 pixels does not fit in [5, 6]');
    expect(() => keepCentre(image, shape, 0)).toThrow('a frame of 0 pixels');
  });
});

describe('keepWhere', () => {
  it('keeps what the mask marks, in every channel, and with the inverted mask the rest', () => {
    const mask = new Uint8Array(30);
    mask[4] = 255;
    mask[29] = 1;
    const kept = keepWhere(image, shape, mask);
    expect([...kept.entries()].filter(([, value]) => value > 0)).toEqual([
      [4, 5],
      [29, 30],
      [34, 35],
      [59, 60],
    ]);
    expect(keepWhere(image, shape, inverted(mask)).map((value, i) => value + kept[i]!)).toEqual(image);
    expect(() => keepWhere(image, shape, mask.subarray(1))).toThrow('a mask of 29 for [5, 6]');
  });
});

describe('shufflePatches', () => {
  const size: ImageShape = [2, 6, 6];
  const pixels = drawn(72);
  const patches = (from: Uint8Array, channel: number) =>
    Array.from({ length: 9 }, (_, p) =>
      [0, 1, 6, 7].map((i) => from[channel * 36 + Math.floor(p / 3) * 12 + (p % 3) * 2 + i]!).join(),
    );

  it('moves whole patches, the same in every channel, in the order that the generator gives', () => {
    const shuffled = shufflePatches(pixels, size, 3, new Random(8));
    const order = new Random(8).permutation(9);
    for (const channel of [0, 1]) {
      expect(patches(shuffled, channel)).toEqual([...order].map((from) => patches(pixels, channel)[from]));
    }
    expect(shufflePatches(pixels, size, 3, new Random(8))).toEqual(shuffled);
    expect(shufflePatches(pixels, size, 3, new Random(9))).not.toEqual(shuffled);
  });

  it('makes black what fills no patch', () => {
    const shuffled = shufflePatches(image, shape, 2, new Random(1));
    expect([...shuffled.subarray(24, 30)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...shuffled.subarray(0, 24)].sort((a, b) => a - b)).toEqual([...image.subarray(0, 24)]);
    expect(() => shufflePatches(image, shape, 6, new Random(1))).toThrow('6 x 6 of [5, 6]');
  });
});

describe('lowPass', () => {
  it('keeps the middle of each area at the mean of the area', () => {
    const size = 30;
    const pixels = drawn(size * size);
    const means = thumbnail(pixels, size, 6);
    const smooth = lowPass(pixels, [1, size, size], 6);
    for (const [i, mean] of means.entries()) {
      const middle = (Math.floor(i / 6) * 5 + 2) * size + (i % 6) * 5 + 2;
      expect(Math.abs(smooth[middle]! - 255 * mean)).toBeLessThanOrEqual(0.501);
    }
  });

  it('is linear between the middles and level beyond the outer ones', () => {
    const step = Uint8Array.from([0, 0, 0, 0, 240, 240, 240, 240]);
    expect([...lowPass(new Uint8Array([...step, ...step]), [1, 2, 8], 2).subarray(0, 8)]).toEqual([
      0, 0, 30, 90, 150, 210, 240, 240,
    ]);
  });

  it('leaves a level image as it is, keeps channels apart, and one cell is the mean', () => {
    expect(lowPass(new Uint8Array(49).fill(77), [1, 7, 7], 3)).toEqual(new Uint8Array(49).fill(77));
    const [first, second] = [drawn(16), image.subarray(0, 16)];
    const both = lowPass(new Uint8Array([...first, ...second]), [2, 4, 4], 2);
    expect(both.subarray(16)).toEqual(lowPass(second, [1, 4, 4], 2));
    expect(new Set(lowPass(second, [1, 4, 4], 1))).toEqual(new Set([9]));
    expect(() => lowPass(image, shape, 6)).toThrow('6 cells of [5, 6]');
  });
});
