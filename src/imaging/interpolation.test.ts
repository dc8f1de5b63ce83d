import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../base/index.js';
import { planar } from './channels.js';
import { decode } from './decode.js';
import { checkPreprocessing, naturalPreprocessing, preprocess } from './preprocess.js';
import { resize } from './resize.js';
import type { Fit, Interpolation } from './target.js';

type Rows = (number | number[])[][];

const { images, cases } = readJson<{
  images: Record<string, Rows>;
  cases: { image: string; interpolation: Interpolation; size: number; fit: Fit; crop?: number; pixels: Rows }[];
}>(join(import.meta.dirname, 'fixtures/interpolation.json'));

function imageOf(name: string) {
  const rows = images[name]!;
  const channels = Array.isArray(rows[0]![0]) ? 3 : 1;
  const maximum = name.endsWith('16 bits') ? 65535 : 255;
  const values = rows.flat(2);
  const data = planar(maximum === 255 ? Uint8Array.from(values) : Uint16Array.from(values), channels);
  return { width: rows[0]!.length, height: rows.length, channels, maximum, data } as const;
}

describe('resizing as published transforms do', () => {
  it.each(cases)(
    "$image to $size, $interpolation, $fit $crop, gives Pillow's pixels",
    ({ image, pixels, ...target }) => {
      const resized = resize(imageOf(image), target);
      expect([resized.height, resized.width]).toEqual([target.size, target.size]);
      const values = pixels.flat(2);
      expect(resized.data).toEqual(
        planar(
          resized.data.map((_, i) => values[i]!),
          resized.channels,
        ),
      );
    },
  );

  it('reads the whole of a large JPEG, which for Lanczos comes at half its size', async () => {
    const source = { kind: 'file', path: join(import.meta.dirname, 'fixtures/rgb444.jpg') } as const;
    const whole = await decode(source);
    const target = { size: Math.floor(Math.min(whole.width, whole.height) / 4), fit: 'crop' } as const;
    expect((await decode(source, target)).halved).toBe(true);
    expect(await decode(source, { ...target, interpolation: 'bicubic' })).toEqual(whole);
    expect((await decode(source, { ...target, crop: 0.875 })).halved).toBeUndefined();
  });

  it('keeps colours, and the centre that it is told to keep', () => {
    const image = imageOf('colour');
    const options = { ...naturalPreprocessing, size: 16, interpolation: 'bicubic', crop: 0.875 } as const;
    const { pixels } = cases.find(
      (it) => it.image === 'colour' && it.interpolation === 'bicubic' && it.crop === 0.875,
    )!;
    expect(preprocess(image, options)).toEqual(planar(Uint8Array.from(pixels.flat(2)), 3));
  });

  it.each([
    [
      { interpolation: 'nearest' as Interpolation },
      'preprocessing: interpolation: found nearest; expected lanczos, bicubic, bilinear',
    ],
    [{ crop: 1.5 }, 'preprocessing: crop: found 1.5; expected a share above 0, up to 1'],
    [{ crop: 0.9, fit: 'pad' as Fit }, 'preprocessing: crop: found 0.9 where fit is pad'],
  ])('refuses %j', (wrong, message) => {
    expect(() => checkPreprocessing({ ...naturalPreprocessing, ...wrong })).toThrow(message);
  });
});
