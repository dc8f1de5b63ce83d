import { afterAll, afterEach, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { Random } from '../../../base/index.js';
import type { FrameFormat } from '../frame.js';
import { type FrameFixture, frameNamed, frames } from './fixtures/frames.js';
import { decodeFrame } from './index.js';

const JPEG_2000 = '1.2.840.10008.1.2.4.90';
const HTJ2K = '1.2.840.10008.1.2.4.201';
const MEBIBYTE = 2 ** 20;

/** One frame per transfer syntax. */
const oneOfEach = [...new Map(frames.map((frame) => [frame.transferSyntax, frame])).values()];
const gray16 = (rows: number, columns: number): FrameFormat => ({
  ...frameNamed('JPEG 2000 16 bits unsigned').format,
  rows,
  columns,
});

/** Undefined where it decodes. Anything but an Error of our own, such as a TypeError, fails. */
async function failure(transferSyntax: string, encoded: Uint8Array, format: FrameFormat): Promise<string | undefined> {
  try {
    await decodeFrame(transferSyntax, encoded, format);
    return undefined;
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    return (error as Error).message;
  }
}

async function expectGood({ transferSyntax, encoded, format, reference, tolerance }: FrameFixture): Promise<void> {
  const { data } = await decodeFrame(transferSyntax, encoded, format);
  expect(data.every((value, i) => Math.abs(value - reference[i]!) <= tolerance)).toBe(true);
}

/** A JPEG 2000 codestream of one 16-bit component whose tiles are nothing but zeros. */
function emptyCodestream(options: {
  size: number;
  tileSize?: number;
  tiles?: number;
  layers?: number;
  precinct?: number;
  highThroughput?: boolean;
}): Uint8Array {
  const { size, tileSize = size, tiles = 1, layers = 1, precinct, highThroughput = false } = options;
  const u16 = (value: number) => [value >> 8, value & 0xff];
  const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];
  const levels = 5;
  const precincts = precinct === undefined ? [] : Array<number>(levels + 1).fill(precinct);
  const capabilities = highThroughput ? [0xff, 0x50, ...u16(8), ...u32(0x20000), ...u16(0)] : [];
  const tile = (t: number) => [
    0xff,
    0x90,
    ...u16(10),
    ...u16(t),
    ...u32(64),
    0,
    1,
    0xff,
    0x93,
    ...Array<number>(50).fill(0),
  ];
  return new Uint8Array([
    ...[0xff, 0x4f, 0xff, 0x51, ...u16(41), ...u16(highThroughput ? 0x4000 : 0), ...u32(size), ...u32(size), ...u32(0)],
    ...[...u32(0), ...u32(tileSize), ...u32(tileSize), ...u32(0), ...u32(0), ...u16(1), 15, 1, 1],
    ...capabilities,
    ...[0xff, 0x52, ...u16(12 + precincts.length), precincts.length > 0 ? 1 : 0, 0, ...u16(layers), 0, levels],
    ...[4, 4, highThroughput ? 0x40 : 0, 1, ...precincts],
    ...[0xff, 0x5c, ...u16(4 + 3 * levels), 0x40, ...Array<number>(3 * levels + 1).fill(0x80)],
    ...Array.from({ length: tiles }, (_, t) => tile(t)).flat(),
    ...[0xff, 0xd9],
  ]);
}

describe('decodeFrame of broken data', () => {
  let printed: MockInstance[];
  beforeAll(() => {
    printed = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name).mockReturnValue());
  });
  afterEach(() => {
    for (const method of printed) expect(method).not.toHaveBeenCalled();
    expect(process.exitCode).toBeUndefined();
  });
  afterAll(() => vi.restoreAllMocks());

  it.each(oneOfEach)('refuses $name cut off anywhere, and decodes the whole afterwards', async (frame) => {
    const { transferSyntax, encoded, format } = frame;
    for (let k = 0; k < 60; k++) {
      const length = Math.floor((encoded.length * k) / 60);
      expect(await failure(transferSyntax, encoded.subarray(0, length), format), `${length} bytes`).toBeTypeOf(
        'string',
      );
    }
    expect(await failure(transferSyntax, encoded.subarray(0, -3), format)).toBeTypeOf('string');
    await expectGood(frame);
  });

  it.each(oneOfEach.filter(({ name }) => name.startsWith('JPEG')))(
    'refuses $name cut short but ended',
    async (frame) => {
      const end = frame.name.startsWith('JPEG 2000') ? 200 : frame.encoded.lastIndexOf(0xff);
      for (let length = 45; length < end; length += 40) {
        const ended = new Uint8Array([...frame.encoded.subarray(0, length), 0xff, 0xd9]);
        const start = performance.now();
        expect(await failure(frame.transferSyntax, ended, frame.format), `${length} bytes`).toBeTypeOf('string');
        expect(performance.now() - start).toBeLessThan(5000);
      }
    },
  );

  it.each(oneOfEach)('survives flipped bits in $name', async (frame) => {
    const { transferSyntax, encoded, format } = frame;
    const random = new Random(3);
    let refused = 0;
    for (let k = 0; k < 150; k++) {
      const broken = encoded.slice();
      const reach = k % 2 === 0 ? broken.length : Math.min(broken.length, 160); // the header, every other time
      for (let flips = 1 + random.integer(3); flips > 0; flips--)
        broken[random.integer(reach)]! ^= 1 << random.integer(8);
      const start = performance.now();
      if (await failure(transferSyntax, broken, format)) refused++;
      expect(performance.now() - start).toBeLessThan(5000);
      if (k % 30 === 0) await expectGood(frame);
    }
    expect(refused).toBeGreaterThan(5);
    await expectGood(frame);
  });

  it('refuses what the codestream announces beyond the data set before it allocates for it', async () => {
    const before = process.memoryUsage();
    const sixty = 60_000;
    const jpegs = [
      'JPEG lossless SV1 16 bits unsigned',
      'JPEG baseline 8 bits',
      'JPEG extended 12 bits',
      'JPEG-LS 16 bits unsigned',
    ];
    for (const name of jpegs) {
      const { transferSyntax, encoded, format } = frameNamed(name);
      const huge = encoded.slice();
      const frame = huge.findIndex((byte, i) => byte === 0xff && [0xc0, 0xc1, 0xc3, 0xf7].includes(huge[i + 1]!));
      huge.set([sixty >> 8, sixty & 0xff, sixty >> 8, sixty & 0xff], frame + 5);
      expect(await failure(transferSyntax, huge, format)).toBe(
        'encoded pixels of 60000 x 60000 where the data set says 37 x 30',
      );
      expect(await failure(transferSyntax, huge, { ...format, rows: sixty, columns: sixty })).toBe(
        '60000 x 60000 pixels, over the limit of 100000000',
      );
    }
    expect(await failure(JPEG_2000, emptyCodestream({ size: sixty }), gray16(30, 37))).toBe(
      'encoded pixels of 60000 x 60000 where the data set says 37 x 30',
    );
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * MEBIBYTE);
  });

  it('says what disagrees: samples, bits, process, transfer syntax', async () => {
    const { transferSyntax, encoded, format } = frameNamed('JPEG lossless SV1 16 bits unsigned');
    expect(await failure(transferSyntax, encoded, { ...format, samplesPerPixel: 3 })).toBe(
      'encoded pixels of 1 samples where the data set says 3',
    );
    expect(await failure(transferSyntax, encoded, { ...format, bitsAllocated: 8, bitsStored: 8 })).toBe(
      'encoded samples of 16 bits where the data set allocates 8',
    );
    expect(await failure('1.2.840.10008.1.2.4.50', encoded, format)).toBe(
      'JPEG data of process SOF3 where SOF0 or SOF1 is due',
    );
    expect(await failure('1.2.840.10008.1.2.4.100', encoded, format)).toBe(
      'transfer syntax 1.2.840.10008.1.2.4.100, which is not read',
    );
    const rle = frameNamed('RLE 16 bits unsigned');
    expect(await failure(rle.transferSyntax, rle.encoded, { ...rle.format, samplesPerPixel: 3 })).toBe(
      '2 RLE segments where 3 samples of 16 bits take 6',
    );
  });

  it.each([
    ['layers', { size: 1000, layers: 65535, precinct: 0x11 }, /memory|quality layers/],
    ['precincts', { size: 2000, precinct: 0x11 }, /memory|malloc/],
    ['tiles', { size: 250, tileSize: 1, tiles: 62500 }, /memory|malloc/],
    ['tiles that are not there', { size: 250, tileSize: 1 }, /1 of its 62500 tiles/],
  ])('bounds memory and time where JPEG 2000 announces countless %s', async (_, options, reason) => {
    for (const highThroughput of [false, true]) {
      const start = performance.now();
      const encoded = emptyCodestream({ ...options, highThroughput });
      const transferSyntax = highThroughput ? HTJ2K : JPEG_2000;
      expect(await failure(transferSyntax, encoded, gray16(options.size, options.size))).toMatch(reason);
      expect(performance.now() - start).toBeLessThan(10_000);
    }
    await expectGood(frameNamed('JPEG 2000 16 bits unsigned'));
    await expectGood(frameNamed('HTJ2K 16 bits'));
  });

  it('does not spend time on a million Huffman tables or restart intervals', async () => {
    const { transferSyntax, encoded, format } = frameNamed('JPEG lossless SV1 16 bits unsigned');
    const table = Buffer.from([0xff, 0xc4, 0, 20, 0, 1, ...Array<number>(15).fill(0), 0]);
    const tables = new Uint8Array(
      Buffer.concat([encoded.subarray(0, 2), ...Array<Buffer>(300_000).fill(table), encoded.subarray(2)]),
    );
    const start = performance.now();
    expect(await failure(transferSyntax, tables, format)).toBeUndefined();
    const restarts = Buffer.alloc(4_000_000, Buffer.from([0xff, 0xd0]));
    const end = encoded.lastIndexOf(0xff); // of EOI
    const cut = new Uint8Array(Buffer.concat([encoded.subarray(0, end), restarts, encoded.subarray(end)]));
    expect(await failure(transferSyntax, cut, format)).toBe('JPEG data of more than 1 restart intervals');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('keeps no memory from image to image', async () => {
    const resident = () => process.memoryUsage().rss / MEBIBYTE;
    const decodeAll = async () => {
      for (const frame of oneOfEach) await decodeFrame(frame.transferSyntax, frame.encoded, frame.format);
    };
    for (let k = 0; k < 50; k++) await decodeAll();
    const before = resident();
    for (let k = 0; k < 300; k++) await decodeAll();
    expect(resident() - before).toBeLessThan(100);
  });
});
