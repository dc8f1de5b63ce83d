import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { InputError, readNpy } from '../base/index.js';
import { decode, decodeColor, decodeGray } from './decode.js';
import { ImageError } from './image.js';
import { imageLimits } from './limits.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const file = (name: string) => ({ kind: 'file' as const, path: fixture(name) });
const folder = mkdtempSync(join(tmpdir(), 'hilum-decode-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An image file made for one test. */
function made(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { kind: 'file' as const, path };
}

const PNGS = ['gray8', 'gray-alpha8', 'rgb8', 'rgba8', 'equal-rgb8', 'palette', 'bilevel', 'gamma8', 'profile8'];
const WIDE_PNGS = ['gray16', 'gray-alpha16', 'rgb16', 'rgba16'];
const COLORS = ['rgb8', 'rgba8', 'equal-rgb8', 'palette', 'rgb16', 'rgba16'];

describe('PNG', () => {
  it.each([...PNGS, ...WIDE_PNGS])('decodes %s to the pixels that Pillow or NumPy stored', async (name) => {
    const expected = readNpy(fixture(`${name}.npy`));
    const image = await decode(file(`${name}.png`));
    expect([image.channels, image.height, image.width]).toEqual(expected.shape);
    expect(image.maximum).toBe(WIDE_PNGS.includes(name) ? 65535 : 255);
    expect(image.data).toEqual(expected.data);
  });

  it.each(COLORS)('turns %s to gray as Pillow does', async (name) => {
    const image = await decodeGray(file(`${name}.png`));
    expect(image.channels).toBe(1);
    expect(image.data).toEqual(readNpy(fixture(`${name}.gray.npy`)).data);
  });

  it('takes the one channel of equal colour channels, and repeats gray for colour', async () => {
    const stored = readNpy(fixture('equal-rgb8.npy')).data;
    const gray = await decodeGray(file('equal-rgb8.png'));
    expect(gray.data).toEqual(stored.slice(0, gray.width * gray.height));
    const wide = await decodeColor(file('gray16.png'));
    const channel = [...readNpy(fixture('gray16.npy')).data];
    expect([wide.channels, wide.maximum]).toEqual([3, 65535]);
    expect([...wide.data]).toEqual([...channel, ...channel, ...channel]);
  });
});

describe('JPEG', () => {
  // Pillow links another libjpeg: the inverse DCT and, for 4:2:0, the upsampling of chroma may round otherwise.
  it.each([
    ['gray', 1],
    ['rgb444', 2],
    ['rgb420', 4],
  ])('decodes %s to within %i levels of Pillow', async (name, tolerance) => {
    const expected = readNpy(fixture(`${name}.npy`));
    const image = await decode(file(`${name}.jpg`));
    expect([image.channels, image.height, image.width]).toEqual(expected.shape);
    expect(largestDifference(image.data, expected.data)).toBeLessThanOrEqual(tolerance);
  });

  it('applies the EXIF orientation', async () => {
    const expected = readNpy(fixture('turned.npy'));
    const image = await decode(file('turned.jpg'));
    expect([image.channels, image.height, image.width]).toEqual(expected.shape);
    expect(largestDifference(image.data, expected.data)).toBeLessThanOrEqual(1);
  });

  // libvips converts through a press profile, Pillow by 255 - ink: the values differ (correlation 0.91 here).
  // Inverted colour would have a negative correlation.
  it('decodes CMYK to colour that is not inverted', async () => {
    const image = await decodeColor(file('cmyk.jpg'));
    const plain = readNpy(fixture('rgb444.npy'));
    expect([image.channels, image.height, image.width]).toEqual(plain.shape);
    expect(correlation(image.data, plain.data)).toBeGreaterThan(0.8);
  });
});

describe('pixels at hand', () => {
  const source = { kind: 'pixels' as const, name: 'batch.bin record 3', width: 2, height: 1, channels: 3 as const };

  it('are taken as they are', async () => {
    const read = () => Uint8Array.of(1, 2, 3, 4, 5, 6);
    expect((await decodeColor({ ...source, read })).data).toEqual(read());
    // 0.299 x 1 + 0.587 x 3 + 0.114 x 5 = 2.63; 0.299 x 2 + 0.587 x 4 + 0.114 x 6 = 3.63
    expect([...(await decodeGray({ ...source, read })).data]).toEqual([3, 4]);
  });

  it('are an error where they cannot be read or do not fill the image', async () => {
    const short = decodeColor({ ...source, read: () => new Uint8Array(5) });
    await expect(short).rejects.toThrow('batch.bin record 3: found 5 bytes of pixels; expected 6 bytes');
    const failing = () => {
      throw new Error('disk gone');
    };
    await expect(decodeColor({ ...source, read: failing })).rejects.toThrow(/record 3: found pixels.*disk gone/);
  });
});

describe('what is not an image', () => {
  const reasonOf = async (source: { kind: 'file'; path: string }) => {
    const error = await decode(source).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toBeInstanceOf(InputError);
    expect((error as ImageError).image).toBe(source.path);
    expect((error as ImageError).message).toContain(source.path);
    return (error as ImageError).reason;
  };

  it('is named with its reason: missing, folder, empty, text, other formats', async () => {
    expect(await reasonOf(file('missing.png'))).toBe('no such file');
    mkdirSync(join(folder, 'folder.png'));
    expect(await reasonOf({ kind: 'file', path: join(folder, 'folder.png') })).toBe('a folder');
    expect(await reasonOf(made('empty.png', new Uint8Array()))).toBe('an empty file');
    expect(await reasonOf(made('text.png', Buffer.from('no image')))).toMatch(/^a file that is not an image/);
    expect(await reasonOf(made('drawing.png', Buffer.from('<svg width="9" height="9"/>')))).toMatch(/not an image/);
  });

  it.skipIf(process.platform === 'win32')('is refused without waiting where it is a named pipe', async () => {
    const path = join(folder, 'pipe.png');
    execFileSync('mkfifo', [path]);
    expect(await reasonOf({ kind: 'file', path })).toBe('something that is not a regular file');
  });

  it.each(['detail.png', 'radiograph16.png', 'gray.jpg', 'rgb420.jpg'])(
    'is a %s cut short anywhere in its pixels',
    async (name) => {
      const bytes = readFileSync(fixture(name));
      for (const share of [0.2, 0.5, 0.8, 0.95]) {
        const cut = bytes.subarray(0, Math.floor(share * (bytes.length - 12))); // 12: PNG's IEND, which has no pixels
        expect(await reasonOf(made(`cut-${share}-${name}`, cut))).toMatch(/^truncated or damaged data/);
      }
    },
  );

  it('is a PNG whose checksum does not fit its pixels', async () => {
    const bytes = Uint8Array.from(readFileSync(fixture('detail.png')));
    bytes[bytes.length >> 1]! ^= 0xff;
    expect(await reasonOf(made('damaged.png', bytes))).toMatch(/^truncated or damaged data/);
  });

  it('is a header that announces more pixels than the limit, found without decoding', async () => {
    const side = 60_000;
    const started = performance.now();
    expect(await reasonOf(made('bomb.png', emptyPng(side)))).toBe(
      `60000 x 60000 pixels, over the limit of ${imageLimits.pixels}`,
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is a file over the byte limit, found without reading it', async () => {
    const source = made('huge.png', new Uint8Array(1));
    truncateSync(source.path, imageLimits.bytes + 1); // sparse: takes no space
    await expect(decode(source)).rejects.toThrow(
      `${imageLimits.bytes + 1} bytes; expected an image file of at most ${imageLimits.bytes} bytes`,
    );
  });
});

describe('real radiographs', () => {
  const hashes = JSON.parse(readFileSync(fixture('shared.json'), 'utf8')) as Record<string, string>;

  it.skipIf(!sharedData())('decode to the pixels that Pillow decodes', async () => {
    for (const [name, hash] of Object.entries(hashes)) {
      const image = await decodeGray({ kind: 'file', path: sharedData(name)! });
      expect(createHash('sha256').update(image.data).digest('hex'), name).toBe(hash);
    }
  });

  it.skipIf(!sharedData())('have equal channels in JPEG too', async () => {
    const image = await decode({ kind: 'file', path: sharedData('native/other/16747_3_1.jpg')! });
    expect([image.channels, image.height, image.width]).toEqual([3, 885, 1036]);
    const n = 885 * 1036;
    const channel = (c: number) => Buffer.from(image.data.subarray(c * n, (c + 1) * n));
    expect(channel(0).equals(channel(1)) && channel(0).equals(channel(2))).toBe(true);
  });
});

/** A gray PNG whose header says side x side, with next to no data. */
function emptyPng(side: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const around = Buffer.alloc(8);
    around.writeUInt32BE(data.length, 0);
    around.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (v: ArrayLike<number>) => Array.from(v).reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
