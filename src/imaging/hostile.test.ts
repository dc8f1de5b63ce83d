/** Files made to take memory or time, and what only looks like an image. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { decode } from './decode.js';
import { file as dicom, element } from './dicom/fixtures/bytes.js';
import { ImageError } from './image.js';
import { imageLimits } from './limits.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MEBIBYTE = 2 ** 20;

/** The reason of refusal, in less than 5 s and without more memory than one image may take. */
async function refusal(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const before = process.resourceUsage().maxRSS * 1024;
  const started = performance.now();
  const error = await decode({ kind: 'file', path }).catch((caught: unknown) => caught);
  expect(performance.now() - started).toBeLessThan(5000);
  expect(process.resourceUsage().maxRSS * 1024 - before).toBeLessThan(2 * imageLimits.bytes);
  expect(error).toBeInstanceOf(ImageError);
  expect((error as ImageError).message).toContain(path);
  return (error as ImageError).reason;
}

function chunk(type: string, content: Uint8Array): Buffer {
  const around = Buffer.alloc(8);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  around.writeUInt32BE(content.length, 0);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

function png(side: number, [depth, colorType, interlace]: [number, number, number], ...chunks: Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([depth, colorType, 0, 0, interlace], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

const little = (n: number, bytes: 2 | 4) => {
  const out = Buffer.alloc(bytes);
  out.writeUIntLE(n, 0, bytes);
  return out;
};

/** An uncompressed 8-bit gray TIFF of one strip, some of whose tags are changed; `next` is where the next page lies. */
function tiff(changes: Record<number, number>, { next = 0, at = 8, data = Buffer.alloc(300) } = {}): Buffer {
  const side = 100;
  const tags = {
    256: side,
    257: side,
    258: 8,
    259: 1,
    262: 1,
    273: 200,
    277: 1,
    278: side,
    279: side * side,
    ...changes,
  };
  const entries = Object.entries(tags).map(([tag, value]) =>
    Buffer.concat([little(Number(tag), 2), little(4, 2), little(1, 4), little(value, 4)]),
  );
  return Buffer.concat([
    Buffer.from('II*\0'),
    little(at, 4),
    little(entries.length, 2),
    ...entries,
    little(next, 4),
    data,
  ]);
}

describe('a hostile file', () => {
  const little1000 = chunk('IDAT', deflateSync(Buffer.alloc(1000)));
  const palette = chunk('PLTE', Buffer.from([1, 2, 3]));

  it('is a PNG that announces more than its data has, whoever decodes it', async () => {
    const damaged = /^truncated or damaged data/;
    for (const kind of [
      [8, 0, 0],
      [16, 6, 0],
      [16, 6, 1],
      [1, 0, 0],
    ] as [number, number, number][])
      expect(await refusal(`${kind}.png`, png(9999, kind, little1000)), `${kind}`).toMatch(damaged);
    expect(await refusal('palette.png', png(9999, [8, 3, 0], palette, little1000))).toMatch(damaged);
    for (const kind of [
      [8, 0, 0],
      [16, 6, 1],
    ] as [number, number, number][])
      expect(await refusal('60k.png', png(60_000, kind, little1000))).toMatch(/^60000 x 60000 pixels, over the limit/);
  });

  it('is a PNG of one pixel with a flood of data behind it', async () => {
    const flood = chunk('IDAT', deflateSync(Buffer.alloc(128 * MEBIBYTE), { level: 1 }));
    expect(await refusal('flood.png', png(1, [8, 0, 0], flood))).toMatch(/more image data than the header announces/);
  });

  it('does no harm with text and profiles that inflate without end', async () => {
    const flood = Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(128 * MEBIBYTE), { level: 1 })]);
    const path = join(folder, 'text.png');
    const data = chunk('IDAT', deflateSync(Buffer.alloc(6)));
    const before = process.resourceUsage().maxRSS;
    for (const chunks of [[chunk('zTXt', flood)], [chunk('iCCP', flood)]]) {
      writeFileSync(path, png(2, [8, 3, 0], palette, ...chunks, data));
      const outcome = await decode({ kind: 'file', path }).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ImageError);
      else expect(outcome).toMatchObject({ width: 2, height: 2, channels: 3 });
    }
    expect(process.resourceUsage().maxRSS - before).toBeLessThan((64 * MEBIBYTE) / 1024);
  });

  it('is a TIFF of claims: size, strips, offsets, pages without end', async () => {
    expect(await refusal('60k.tif', tiff({ 256: 60_000, 257: 60_000 }))).toMatch(/^60000 x 60000 pixels, over/);
    expect(
      (await refusal('none.tif', tiff({ 256: 10_000, 257: 10_000, 278: 10_000, 279: 1e8 }))).length,
    ).toBeGreaterThan(9);
    expect((await refusal('strip.tif', tiff({ 279: 0xfffffff0 }))).length).toBeGreaterThan(9);
    expect((await refusal('offset.tif', tiff({ 273: 0xfffffff0 }))).length).toBeGreaterThan(9);
    expect((await refusal('start.tif', tiff({}, { at: 0 }))).length).toBeGreaterThan(9);
    expect((await refusal('loop.tif', tiff({}, { next: 8 }))).length).toBeGreaterThan(9);
    const deflated = deflateSync(Buffer.alloc(100_000));
    const short = tiff({ 256: 9999, 257: 9999, 259: 8, 273: 122, 278: 9999, 279: deflated.length }, { data: deflated });
    expect((await refusal('deflated.tif', short)).length).toBeGreaterThan(9);
  });

  it('is what only begins as an image, or is none', async () => {
    for (const start of ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'II*\0', 'MM\0*', 'RIFF....WEBP', '\xff\x4f\xff\x51'])
      expect((await refusal('start', Buffer.from(start, 'latin1'))).length, start).toBeGreaterThan(9);
    const meta = dicom('1.2.840.10008.1.2.1', element('00080060', 'CS', 'CR'));
    expect(await refusal('no-pixels.dcm', meta)).toMatch(/without pixel data/);
    for (const text of [
      'GIF89a......',
      'BM..........',
      '%PDF-1.7....',
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'PK\x03\x04',
    ])
      expect(await refusal('other', Buffer.from(text))).toMatch(/^a file that is not an image/);
  });
});
