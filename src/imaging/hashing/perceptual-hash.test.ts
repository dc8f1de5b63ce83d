import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedData } from '../../../test/shared-data.js';
import { decode } from '../decode.js';
import { type DecodedImage, ImageError } from '../image.js';
import { HashPool } from './hash-pool.js';
import { hashImage } from './image-hash.js';
import { hammingDistance, hashText, perceptualHash } from './perceptual-hash.js';

const fixtures = join(import.meta.dirname, '../fixtures');
const reference: Record<string, string> = JSON.parse(readFileSync(join(fixtures, 'hashes.json'), 'utf8'));
const pool = new HashPool({ size: 2 });
afterAll(() => pool.close());

const gray = (
  width: number,
  height: number,
  data: Uint8Array | Uint16Array,
  maximum: 255 | 65535 = 255,
): DecodedImage => ({
  width,
  height,
  channels: 1,
  maximum,
  data,
});

/** The pixels of make-hashes.py. */
function made(width: number, height: number): DecodedImage {
  const level = (x: number, y: number) =>
    x * x * 3 + y * 7 + Math.floor((x * y) / 5) + Math.floor(x / 9) * Math.floor(y / 4) * 31;
  return gray(
    width,
    height,
    Uint8Array.from({ length: width * height }, (_, i) => level(i % width, Math.floor(i / width)) % 256),
  );
}

describe('the perceptual hash', () => {
  it.each(Object.entries(reference))('is the one of imagehash: %s', async (name, expected) => {
    const size = /^(\d+) x (\d+)$/.exec(name);
    const image = size
      ? made(Number(size[1]), Number(size[2]))
      : await decode({ kind: 'file', path: join(fixtures, name) });
    expect(hashText(perceptualHash(image))).toBe(expected);
  });

  it('of 16 bits is the one of their 8 upper ones', () => {
    const image = made(200, 90);
    const wide = Uint16Array.from(image.data, (level) => 257 * level);
    expect(perceptualHash(gray(200, 90, wide, 65535))).toBe(perceptualHash(image));
  });

  it('of one gray level has the bit of the mean alone', () => {
    for (const level of [1, 77, 255]) {
      expect(hashText(perceptualHash(gray(50, 60, new Uint8Array(3000).fill(level))))).toBe('8000000000000000');
    }
    expect(perceptualHash(gray(50, 60, new Uint8Array(3000)))).toBe(0n);
  });

  it.skipIf(!sharedData('natural/imagenet-mini'))('of photographs is the one of imagehash', async () => {
    const { photographs } = JSON.parse(readFileSync(join(fixtures, 'hashes-shared.json'), 'utf8'));
    const root = sharedData('natural/imagenet-mini')!;
    for (const [name, expected] of Object.entries(photographs as Record<string, string>)) {
      const { perceptual } = await pool.hash({ kind: 'file', path: join(root, name) });
      expect(hammingDistance(perceptual, BigInt(`0x${expected}`)), name).toBe(0);
    }
  });
});

describe('hashes of an image', () => {
  it('are equal for equal pixels, however they are stored', async () => {
    const image = made(64, 48);
    const color: DecodedImage = {
      ...image,
      channels: 3,
      data: Uint8Array.from([...image.data, ...image.data, ...image.data]),
    };
    expect(hashImage(color)).toEqual(hashImage(image));
    expect(hashImage(image).width).toBe(64);
    const other = made(64, 48);
    other.data[100]! ^= 1;
    expect(hashImage(other).exact).not.toEqual(hashImage(image).exact);
    const turned = { ...image, width: 48, height: 64 };
    expect(hashImage(turned).exact).not.toEqual(hashImage(image).exact);
    const red = { ...color, data: color.data.slice() };
    red.data[0]! ^= 1;
    expect(hashImage(red).exact).not.toEqual(hashImage(color).exact);
    const wide = gray(64, 48, Uint16Array.from(image.data), 65535);
    expect(hashImage(wide).exact).not.toEqual(hashImage(image).exact);
  });

  it('come from threads as from this one, with an ImageError for what cannot be read', async () => {
    const source = { kind: 'file', path: join(fixtures, 'rgb420.jpg') } as const;
    expect(await pool.hash(source)).toEqual(hashImage(await decode(source)));
    await expect(pool.hash({ kind: 'file', path: join(fixtures, 'make.py') })).rejects.toBeInstanceOf(ImageError);
  });
});
