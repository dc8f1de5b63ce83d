import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readNpy } from '../base/index.js';
import { decode } from './decode.js';
import { ImageError } from './image.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures/formats', name);
const file = (name: string) => ({ kind: 'file' as const, path: fixture(name) });
const folder = mkdtempSync(join(tmpdir(), 'hilum-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const references = readdirSync(fixture('.')).filter((name) => name.endsWith('.npy'));

/** Other decoders round the inverse wavelet and the colours of lossy WebP otherwise. */
const TOLERANCE: Record<string, number> = { 'lossy.jp2': 1, 'lossy.webp': 2 };

async function reasonOf(path: string): Promise<string> {
  const error = await decode({ kind: 'file', path }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ImageError);
  expect((error as ImageError).message).toContain(path);
  return (error as ImageError).reason;
}

describe('TIFF, WebP and JPEG 2000', () => {
  it.each(references.map((name) => name.replace('.npy', '')))('decodes %s as NumPy has it', async (name) => {
    const expected = readNpy(fixture(`${name}.npy`));
    const image = await decode(file(name));
    expect([image.channels, image.height, image.width]).toEqual(expected.shape);
    expect(image.maximum).toBe(/1[26]/.test(name) ? 65535 : 255);
    let largest = 0;
    for (const [i, value] of image.data.entries()) largest = Math.max(largest, Math.abs(value - expected.data[i]!));
    expect(largest).toBeLessThanOrEqual(TOLERANCE[name] ?? 0);
  });

  it('takes the first of several pages and says so', async () => {
    expect((await decode(file('pages.tif'))).notes).toEqual(['page 1 of 3']);
    expect((await decode(file('frames.webp'))).notes).toEqual(['page 1 of 2']);
    expect((await decode(file('gray8.tif'))).notes).toBeUndefined();
  });

  it.each([
    ['float.tif', 'pixels of type float'],
    ['int32.tif', 'pixels of type int'],
    ['cmyk.tif', 'colours of the kind cmyk'],
    ['rgba8.jp2', 'JPEG 2000 data of 4 components'],
  ])('refuses %s with the reason', async (name, reason) => {
    expect(await reasonOf(fixture(name))).toBe(reason);
  });

  it.each(['gray8.tif', 'gray8-lzw.tif', 'gray16-deflate.tif', 'rgb8.webp', 'lossy.webp', 'gray8.jp2', 'gray8.j2k'])(
    'refuses %s where it is cut short',
    async (name) => {
      const bytes = readFileSync(fixture(name));
      for (const share of [0.1, 0.3, 0.5, 0.7, 0.9, 0.97]) {
        const path = join(folder, `${share}-${name}`);
        writeFileSync(path, bytes.subarray(0, Math.floor(share * bytes.length)));
        expect((await reasonOf(path)).length, `${share}`).toBeGreaterThan(10);
      }
    },
  );
});
