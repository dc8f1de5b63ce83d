import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../base/index.js';
import { resize } from './resize.js';
import type { Fit } from './target.js';

interface References {
  images: Record<string, number[][]>;
  cases: { image: string; size: number; fit: Fit; pixels: number[][] }[];
}

const { images, cases } = readJson<References>(join(import.meta.dirname, 'fixtures/resize.json'));

function imageOf(rows: number[][], maximum: 255 | 65535, channels: 1 | 3 = 1) {
  const plane = rows.flat();
  const values = Array.from({ length: channels }, () => plane).flat();
  const data = maximum === 255 ? Uint8Array.from(values) : Uint16Array.from(values);
  return { width: rows[0]!.length, height: rows.length, channels, maximum, data } as const;
}

const of = (bits: 8 | 16) => cases.filter(({ image }) => image.endsWith('8 bits') === (bits === 8));

describe('resizing', () => {
  it.each(of(16))("$image to $size, $fit, gives Pillow's pixels", ({ image, size, fit, pixels }) => {
    const resized = resize(imageOf(images[image]!, 65535), { size, fit });
    expect([resized.height, resized.width]).toEqual([pixels.length, pixels[0]!.length]);
    expect([...resized.data]).toEqual(pixels.flat());
  });

  it.each(of(16))('$image to $size, $fit, by way of a table gives the same', ({ image, size, fit, pixels }) => {
    // Indices are the values turned upside down, and the table turns them back.
    const { data, ...rest } = imageOf(images[image]!, 65535);
    const table = Uint16Array.from({ length: 65536 }, (_, index) => 65535 - index);
    const resized = resize({ ...rest, data: data.map((value) => 65535 - value), table }, { size, fit });
    expect([...resized.data]).toEqual(pixels.flat());
    expect(resized).not.toHaveProperty('table');
  });

  it.each(of(8))("$image to $size, $fit, gives Pillow's within 1 level", ({ image, size, fit, pixels }) => {
    const resized = resize(imageOf(images[image]!, 255), { size, fit });
    expect([resized.height, resized.width]).toEqual([pixels.length, pixels[0]!.length]);
    const expected = pixels.flat();
    for (let i = 0; i < expected.length; i++) expect(Math.abs(resized.data[i]! - expected[i]!)).toBeLessThanOrEqual(1);
  });

  it('looks up where the size is right already', () => {
    const data = Uint16Array.of(0, 1, 2, 3);
    const image = {
      width: 2,
      height: 2,
      channels: 1,
      maximum: 65535,
      data,
      table: Uint16Array.of(9, 8, 7, 6),
    } as const;
    const resized = resize(image, { size: 2, fit: 'stretch' });
    expect([...resized.data]).toEqual([9, 8, 7, 6]);
  });

  it('keeps channels apart, each read where its own memory begins', () => {
    const { pixels, size, fit, image } = cases[0]!;
    const resized = resize(imageOf(images[image]!, 65535, 3), { size, fit });
    expect([...resized.data]).toEqual([...pixels.flat(), ...pixels.flat(), ...pixels.flat()]);
  });
});
