import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { readNpy } from '../base/index.js';
import { decode, decodeGray } from './decode.js';
import type { DecodedImage } from './image.js';
import { toEightBits } from './intensity.js';
import { checkPreprocessing, naturalPreprocessing, preprocess, radiographPreprocessing } from './preprocess.js';
import { resize } from './resize.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const file = (name: string) => ({ kind: 'file' as const, path: fixture(name) });
const plain = { size: 32, channels: 1, minMax: false, equalize: false, fit: 'stretch' } as const;

/** An image whose pixel at (channel, y, x) is value(c, y, x). */
function image(
  [channels, height, width]: [1 | 3, number, number],
  value: (c: number, y: number, x: number) => number,
  maximum: 255 | 65535 = 255,
): DecodedImage {
  const n = height * width;
  const at = (i: number) => value(Math.floor(i / n), Math.floor((i % n) / width), i % width);
  const values = Array.from({ length: channels * n }, (_, i) => at(i));
  return {
    width,
    height,
    channels,
    maximum,
    data: maximum === 255 ? Uint8Array.from(values) : Uint16Array.from(values),
  };
}

const NONE = { minMax: false, equalize: false };
const MIN_MAX = { minMax: true, equalize: false };
const EQUALIZE = { minMax: false, equalize: true };

describe('toEightBits', () => {
  it("equalizes by OpenCV's formula: low contrast, skewed, two-level, constant and spread images", () => {
    const input = readNpy(fixture('equalize-in.npy'));
    const expected = readNpy(fixture('equalize-out.npy'));
    const [rows, n] = input.shape as [number, number];
    for (let row = 0; row < rows; row++) {
      const pixels = Uint8Array.from(input.data.subarray(row * n, (row + 1) * n));
      const equalized = toEightBits(pixels, 255, EQUALIZE);
      expect(equalized, `row ${row}`).toEqual(expected.data.subarray(row * n, (row + 1) * n));
    }
  });

  it('takes an image without pixels', () => {
    expect(toEightBits(new Uint8Array(), 255, { minMax: true, equalize: true })).toEqual(new Uint8Array());
  });

  it('spreads the native range before the values become 8-bit', () => {
    const pixels = Uint16Array.of(1000, 1001, 1002, 1255);
    expect([...toEightBits(pixels, 65535, MIN_MAX)]).toEqual([0, 1, 2, 255]);
    expect([...toEightBits(pixels, 65535, NONE)]).toEqual([4, 4, 4, 5]);
  });

  it('truncates, as the published preprocessing does', () => {
    expect([...toEightBits(Uint8Array.of(0, 1, 2, 3), 255, MIN_MAX)]).toEqual([0, 85, 170, 255]);
    expect([...toEightBits(Uint8Array.of(10, 11, 17), 255, MIN_MAX)]).toEqual([0, 36, 255]); // 255 / 7 = 36.4
    expect([...toEightBits(Uint8Array.of(10, 12, 17), 255, MIN_MAX)]).toEqual([0, 72, 255]); // 510 / 7 = 72.9
  });

  it('gives zeros for a constant image', () => {
    expect([...toEightBits(Uint8Array.of(9, 9), 255, MIN_MAX)]).toEqual([0, 0]);
    expect([...toEightBits(Uint16Array.of(65535, 65535), 65535, MIN_MAX)]).toEqual([0, 0]);
  });

  it('maps 16 bits to 8 by the nearest level, both ends included', () => {
    const pixels = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const expected = Uint8Array.from(pixels, (x) => Math.round(x / 257));
    expect(toEightBits(pixels, 65535, NONE)).toEqual(expected);
  });
});

describe('resize', () => {
  it.each([50, 32])("reduces 128 to %i as Pillow's LANCZOS does, within 1 level", async (size) => {
    const expected = readNpy(fixture(`detail-${size}.npy`)).data;
    const { data } = resize(await decode(file('detail.png')), { size, fit: 'stretch' });
    const differences = Array.from(data, (x, i) => Math.abs(x - expected[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(differences.filter((d) => d > 0).length / differences.length).toBeLessThan(0.01);
  });

  it.each(['stretch', 'crop', 'pad'] as const)('needs no target where no JPEG is much larger: %s', async (fit) => {
    const names = [
      'detail.png',
      'rgb16.png',
      'rgba8.png',
      'gray-alpha16.png',
      'palette.png',
      'rgb420.jpg',
      'turned.jpg',
    ];
    for (const name of names) {
      const target = { size: 20, fit };
      const after = resize(await decode(file(name)), target);
      expect(resize(await decode(file(name), target), target), name).toEqual(after);
    }
  });

  it.skipIf(!sharedData())('halves a large JPEG by its own DCT: within 1 level on average', async () => {
    const source = { kind: 'file' as const, path: sharedData('native/other/covid-19-pneumonia-58-prior.jpg')! };
    const target = { size: 224, fit: 'stretch' } as const;
    const whole = await decode(source);
    const half = await decode(source, target);
    expect([whole.width, whole.height, whole.halved]).toEqual([2373, 2373, undefined]);
    expect([half.width, half.height, half.halved]).toEqual([1187, 1187, true]);
    const [after, during] = [resize(whole, target), resize(half, target)];
    let sum = 0;
    for (let i = 0; i < after.data.length; i++) sum += Math.abs(during.data[i]! - after.data[i]!);
    expect(sum / after.data.length).toBeLessThan(1);
  });

  it('does not alias: a fine checkerboard becomes gray', async () => {
    const { data } = resize(
      image([1, 256, 256], (_, y, x) => 255 * ((x + y) & 1)),
      { size: 32, fit: 'stretch' },
    );
    for (const x of data) expect(Math.abs(x - 127.5)).toBeLessThan(6);
  });

  it('keeps 16 bits: a ramp of 16-bit steps keeps levels between the 8-bit ones', async () => {
    const ramp = image([1, 8, 256], (_, _y, x) => 30000 + x, 65535);
    const { data, maximum } = resize(ramp, { size: 64, fit: 'stretch' });
    expect(maximum).toBe(65535);
    expect(new Set(data.subarray(0, 64)).size).toBeGreaterThan(60);
    for (const x of data) expect(x >= 30000 && x <= 30256).toBe(true);
  });

  it('keeps the channels apart', async () => {
    const flat = image([3, 40, 20], (c) => [10, 100, 200][c]!);
    const { data } = resize(flat, { size: 8, fit: 'stretch' });
    expect([...data]).toEqual([10, 100, 200].flatMap((level) => Array.from({ length: 64 }, () => level)));
  });
});

describe('preprocess', () => {
  it('takes a 16-bit radiograph through min-max and equalization exactly as NumPy does', async () => {
    const radiograph = await decodeGray(file('radiograph16.png'));
    const minMax = preprocess(radiograph, { ...plain, minMax: true });
    expect(minMax).toEqual(readNpy(fixture('radiograph16-minmax.npy')).data);
    const network = preprocess(radiograph, { ...radiographPreprocessing, size: 32 });
    expect(network).toEqual(readNpy(fixture('radiograph16-network.npy')).data);
  });

  it('leaves pixels as they are where every step is off, in an array of its own', async () => {
    const radiograph = image([1, 32, 32], (_, y, x) => 4 * y + x);
    const pixels = preprocess(radiograph, plain);
    expect(pixels).toEqual(radiograph.data);
    expect(pixels.buffer).not.toBe(radiograph.data.buffer);
  });

  it('does not change the decoded image', async () => {
    const radiograph = image([1, 32, 32], (_, y, x) => 4 * y + x);
    const before = radiograph.data.slice();
    preprocess(radiograph, { ...radiographPreprocessing, size: 32 });
    expect(radiograph.data).toEqual(before);
  });

  // Left half 50, right half 200, twice as wide as high.
  const halves = image([1, 20, 40], (_, _y, x) => (x < 20 ? 50 : 200));

  it('stretches, crops the centre, or pads with zeros that are not part of the histogram', async () => {
    const row = (pixels: Uint8Array, y: number) => [...pixels.subarray(y * 20, (y + 1) * 20)];
    const stretched = preprocess(halves, { ...plain, size: 20 });
    expect([stretched[0], stretched[19]]).toEqual([50, 200]);
    const cropped = preprocess(halves, { ...plain, size: 20, fit: 'crop' });
    expect(row(cropped, 10)).toEqual([...Array(10).fill(50), ...Array(10).fill(200)]);
    const padded = preprocess(halves, { ...plain, size: 20, fit: 'pad' });
    for (const y of [0, 4, 15, 19]) expect(row(padded, y)).toEqual(Array(20).fill(0));
    for (const y of [5, 14]) expect([row(padded, y)[0], row(padded, y)[19]]).toEqual([50, 200]);

    const three = image([1, 10, 20], (_, _y, x) => (x < 10 ? 100 : 101)); // half and half, already of the right width
    const equalized = preprocess(three, { ...plain, size: 20, equalize: true, fit: 'pad' });
    expect([row(equalized, 10)[0], row(equalized, 10)[19]]).toEqual([0, 255]);
  });

  it('pads an image that is higher than wide on the left and right', async () => {
    const high = image([3, 40, 10], (c) => 60 + c);
    const pixels = preprocess(high, { ...plain, channels: 3, size: 20, fit: 'pad' });
    const center = [...pixels.subarray(2 * 400 + 10 * 20, 2 * 400 + 11 * 20)];
    expect(center.slice(0, 7)).toEqual(Array(7).fill(0));
    expect(center.slice(7, 12)).toEqual(Array(5).fill(62));
    expect(center.slice(12)).toEqual(Array(8).fill(0));
  });

  it('survives an image one pixel high', async () => {
    const line = image([1, 1, 300], (_, _y, x) => x & 255);
    for (const fit of ['stretch', 'crop', 'pad'] as const) {
      expect(preprocess(line, { ...radiographPreprocessing, size: 16, fit })).toHaveLength(256);
    }
  });

  it('gives gray three equal channels, with the same intensities as one', async () => {
    const radiograph = await decodeGray(file('radiograph16.png'));
    const one = preprocess(radiograph, { ...radiographPreprocessing, size: 24 });
    const three = preprocess(radiograph, { ...radiographPreprocessing, size: 24, channels: 3 });
    for (let c = 0; c < 3; c++) expect(three.subarray(c * 576, (c + 1) * 576)).toEqual(one);
  });

  it('cuts the centre out of a photograph and leaves its levels alone', async () => {
    const photograph = image([3, 30, 50], (c, _y, x) => (x >= 10 && x < 40 ? 40 * (c + 1) : 255));
    const pixels = preprocess(photograph, { ...naturalPreprocessing, size: 30 });
    expect(pixels).toEqual(Uint8Array.from({ length: 2700 }, (_, i) => 40 * (1 + Math.floor(i / 900))));
  });
});

describe('checkPreprocessing', () => {
  it('names the field that makes no sense', () => {
    const bad = (change: object) => () => checkPreprocessing({ ...radiographPreprocessing, ...change });
    expect(bad({})).not.toThrow();
    expect(bad({ size: 0 })).toThrow('preprocessing: size: found 0; expected a whole number of pixels');
    expect(bad({ size: 22.4 })).toThrow('preprocessing: size');
    expect(bad({ channels: 4 })).toThrow('preprocessing: channels: found 4; expected 1 or 3');
    expect(bad({ fit: 'squash' })).toThrow('preprocessing: fit: found squash; expected stretch, crop or pad');
  });
});
