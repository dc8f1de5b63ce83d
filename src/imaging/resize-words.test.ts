import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../base/index.js';
import { resize } from './raster.js';
import type { Fit } from './target.js';

interface References {
  images: Record<string, number[][]>;
  cases: { image: string; size: number; fit: Fit; pixels: number[][] }[];
}

const { images, cases } = readJson<References>(join(import.meta.dirname, 'fixtures/resize16.json'));

function imageOf(rows: number[][], channels: 1 | 3 = 1) {
  const plane = rows.flat();
  const data = Uint16Array.from(Array.from({ length: channels }, () => plane).flat());
  return { width: rows[0]!.length, height: rows.length, channels, maximum: 65535, data } as const;
}

describe('resizing 16 bits', () => {
  it.each(cases)("$image to $size, $fit, gives Pillow's pixels", async ({ image, size, fit, pixels }) => {
    const resized = await resize(imageOf(images[image]!), { size, fit });
    expect([resized.height, resized.width]).toEqual([pixels.length, pixels[0]!.length]);
    expect([...resized.data]).toEqual(pixels.flat());
  });

  it.each(cases)('$image to $size, $fit, by way of a table gives the same', async ({ image, size, fit, pixels }) => {
    // Indices are the values turned upside down, and the table turns them back.
    const { data, ...rest } = imageOf(images[image]!);
    const table = Uint16Array.from({ length: 65536 }, (_, index) => 65535 - index);
    const resized = await resize({ ...rest, data: data.map((value) => 65535 - value), table }, { size, fit });
    expect([...resized.data]).toEqual(pixels.flat());
    expect(resized).not.toHaveProperty('table');
  });

  it('looks up where the size is right already', async () => {
    const data = Uint16Array.of(0, 1, 2, 3);
    const image = {
      width: 2,
      height: 2,
      channels: 1,
      maximum: 65535,
      data,
      table: Uint16Array.of(9, 8, 7, 6),
    } as const;
    const resized = await resize(image, { size: 2, fit: 'stretch' });
    expect([...resized.data]).toEqual([9, 8, 7, 6]);
  });

  it('keeps channels apart, each read where its own memory begins', async () => {
    const { pixels, size, fit, image } = cases[0]!;
    const resized = await resize(imageOf(images[image]!, 3), { size, fit });
    expect([...resized.data]).toEqual([...pixels.flat(), ...pixels.flat(), ...pixels.flat()]);
  });
});
