import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { decodePng } from './png.js';
import { decodeRaster } from './raster.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const LIMIT = 1e6;

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

interface Picture {
  width: number;
  height: number;
  depth: 8 | 16;
  colorType: 0 | 2 | 4 | 6;
}

const SAMPLES = { 0: 1, 2: 3, 4: 2, 6: 4 } as const;

function header({ width, height, depth, colorType }: Picture, interlace = 0): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width, 0);
  content.writeUInt32BE(height, 4);
  content.set([depth, colorType, 0, 0, interlace], 8);
  return chunk('IHDR', content);
}

function png(picture: Picture, data: Uint8Array, before: Buffer[] = []): Uint8Array {
  const cut = data.length >> 1;
  const parts = [data.subarray(0, cut), data.subarray(cut)].map((part) => chunk('IDAT', part));
  const chunks = [header(picture), ...before, ...parts, chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from(SIGNATURE), ...chunks]);
}

/** Rows of big-endian samples, each filtered by the standard's formulas. */
function filtered(rows: Uint8Array[], pixelBytes: number, filterOf: (y: number) => number): Uint8Array {
  const out = rows.map((row, y) => {
    const above = rows[y - 1] ?? new Uint8Array(row.length);
    const filter = filterOf(y);
    const line = new Uint8Array(row.length + 1);
    line[0] = filter;
    row.forEach((value, x) => {
      const a = row[x - pixelBytes] ?? 0;
      const b = above[x]!;
      const c = above[x - pixelBytes] ?? 0;
      line[x + 1] = value - [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!;
    });
    return line;
  });
  return Buffer.concat(out);
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function randomRows({ width, height, depth, colorType }: Picture, random: Random): Uint8Array[] {
  const bytes = (width * SAMPLES[colorType] * depth) / 8;
  // Small steps, large steps and both ends of the range.
  const spread = [3, 40, 256][random.integer(3)]!;
  return Array.from({ length: height }, () =>
    Uint8Array.from({ length: bytes }, () => (spread === 256 ? random.integer(256) : 250 + random.integer(spread))),
  );
}

const KINDS = ([8, 16] as const).flatMap((depth) => ([0, 2, 4, 6] as const).map((colorType) => ({ depth, colorType })));

describe('decodePng', () => {
  it.each(KINDS)('undoes every filter: $depth bits, colour type $colorType', async ({ depth, colorType }) => {
    const random = Random.of(3, depth, colorType);
    for (let round = 0; round < 12; round++) {
      const picture: Picture = { width: 1 + random.integer(20), height: 1 + random.integer(20), depth, colorType };
      const samples = SAMPLES[colorType];
      const rows = randomRows(picture, random);
      const only = round < 5 ? round : undefined;
      const filters = rows.map(() => only ?? (random.integer(2) ? 4 : random.integer(5)));
      const file = png(picture, deflateSync(filtered(rows, (samples * depth) / 8, (y) => filters[y]!)));
      const image = decodePng(file, LIMIT)!;
      const { width, height } = picture;
      const channels = samples < 3 ? 1 : 3;
      expect([image.width, image.height, image.channels]).toEqual([width, height, channels]);
      expect(image.maximum).toBe(depth === 8 ? 255 : 65535);
      const expected = Array.from({ length: channels * height * width }, (_, i) => {
        const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
        const at = (x * samples + c) * (depth / 8);
        return depth === 8 ? rows[y]![at]! : rows[y]![at]! * 256 + rows[y]![at + 1]!;
      });
      expect(Array.from(image.data)).toEqual(expected);
      expect(image).toEqual(await decodeRaster(file, LIMIT));
    }
  });

  const picture: Picture = { width: 5, height: 4, depth: 8, colorType: 0 };
  const raw = Buffer.alloc(4 * 6, 1).fill(0, 0, 1);
  const data = deflateSync(raw);

  it('leaves what only libvips reads: interlaced, EXIF, unknown critical chunks', () => {
    expect(decodePng(png(picture, data), LIMIT)).toBeDefined();
    expect(decodePng(png(picture, data, [chunk('eXIf', Buffer.alloc(6))]), LIMIT)).toBeUndefined();
    expect(decodePng(png(picture, data, [chunk('NEWC', Buffer.alloc(6))]), LIMIT)).toBeUndefined();
    const interlaced = Buffer.concat([Buffer.from(SIGNATURE), header(picture, 1), chunk('IDAT', data)]);
    expect(decodePng(interlaced, LIMIT)).toBeUndefined();
  });

  const refused = (file: Uint8Array) => expect(() => decodePng(file, LIMIT));

  it('says what is damaged', () => {
    const good = png(picture, data);
    refused(good.subarray(0, 48)).toThrow('truncated or damaged data (the file ends within chunk IDAT)');
    const spoiled = Uint8Array.from(good);
    spoiled[45]! ^= 1;
    refused(spoiled).toThrow('chunk IDAT does not fit its checksum');
    refused(png(picture, deflateSync(raw.subarray(1)))).toThrow('less image data than the header announces');
    refused(png(picture, deflateSync(Buffer.alloc(25)))).toThrow('more image data than the header announces');
    refused(png(picture, data.subarray(0, -6))).toThrow('unexpected end of file');
    refused(png(picture, Buffer.from('not deflated'))).toThrow('incorrect header check');
    refused(png(picture, deflateSync(Buffer.alloc(24, 7)))).toThrow("row filter 7, which is none of PNG's");
    refused(png({ ...picture, width: 0 }, data)).toThrow('the header says 0 x 4 pixels');
    refused(Buffer.from(SIGNATURE)).toThrow('no image data');
    refused(Buffer.concat([Buffer.from(SIGNATURE), chunk('IDAT', data)])).toThrow('the header is not the first chunk');
  });

  it('refuses bombs before they take memory: many pixels, little data, or much data for few pixels', () => {
    const side = 60_000;
    refused(png({ ...picture, width: side, height: side }, data)).toThrow('over the limit of 1000000');
    const used = process.memoryUsage().arrayBuffers;
    const wide = { width: 20_000, height: 5_000, depth: 16, colorType: 6 } as const;
    expect(() => decodePng(png(wide, data), 1e8)).toThrow('less image data than the header announces');
    const gigabyte = deflateSync(Buffer.alloc(2 ** 26)); // 64 MiB of zeros in 64 KiB
    refused(png({ ...picture, width: 1, height: 1 }, gigabyte)).toThrow('more image data than the header announces');
    expect(process.memoryUsage().arrayBuffers - used).toBeLessThan(2 ** 27);
  });

  it('refuses a file of nothing but chunks', () => {
    const empty = chunk('IDAT', Buffer.alloc(0));
    const many = Buffer.alloc(empty.length * 300_000);
    for (let at = 0; at < many.length; at += empty.length) many.set(empty, at);
    refused(Buffer.concat([Buffer.from(SIGNATURE), header(picture), many])).toThrow('more than 262144 chunks');
  });

  it('does not inflate text and profiles', () => {
    const bomb = Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(2 ** 24))]);
    expect(decodePng(png(picture, data, [chunk('zTXt', bomb), chunk('iCCP', bomb)]), LIMIT)!.width).toBe(5);
  });
});
