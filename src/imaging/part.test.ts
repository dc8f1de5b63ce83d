import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { decode } from './decode.js';
import { type BlockCodec, ImageError, type ImagePart } from './image.js';
import { imagePool } from './pool/pool.js';
import { radiographPreprocessing } from './preprocess.js';
import { ImageStore } from './store.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const folder = mkdtempSync(join(tmpdir(), 'hilum-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ['rgb420.jpg', 'radiograph16.png', 'gray8.png'];
const files = NAMES.map((name) => readFileSync(fixture(name)));
/** The files behind one another, each after an odd number of other bytes. */
const together = Buffer.concat(files.flatMap((bytes) => [Buffer.alloc(13), bytes]));
const places = files.map((bytes, i) => {
  const before = files.slice(0, i).reduce((sum, { length }) => sum + length, 0);
  return { offset: before + 13 * (i + 1), length: bytes.length };
});

function partsOf(path: string, block?: ImagePart['block']): ImagePart[] {
  return places.map((place, i) => ({ kind: 'part', name: `${path}/${NAMES[i]}`, path, ...place, block }));
}

const stored = join(folder, 'stored.bin');
writeFileSync(stored, together);

const COMPRESSED: [BlockCodec, Buffer][] = [
  ['GZIP', gzipSync(together)],
  ['BROTLI', brotliCompressSync(together)],
];

function compressed(codec: BlockCodec, bytes: Buffer): ImagePart[] {
  const path = join(folder, `${codec}.bin`);
  writeFileSync(path, Buffer.concat([Buffer.alloc(7), bytes]));
  return partsOf(path, { offset: 7, length: bytes.length, codec, size: together.length });
}

describe('parts of files', () => {
  it('are the images that lie there', async () => {
    const alone = await Promise.all(NAMES.map((name) => decode({ kind: 'file', path: fixture(name) })));
    const sets = [partsOf(stored), ...COMPRESSED.map(([codec, bytes]) => compressed(codec, bytes))];
    for (const parts of sets) expect(await Promise.all(parts.map((part) => decode(part)))).toEqual(alone);
  });

  it('are read by the threads, also by way of a list that makes its sources when asked', async () => {
    const preprocessing = { ...radiographPreprocessing, size: 16 };
    const expected = await Promise.all(
      NAMES.map((name) => imagePool().render({ kind: 'file', path: fixture(name) }, [{ preprocessing, bits: 8 }])),
    );
    const parts = compressed(...COMPRESSED[0]!);
    const many = { length: 30, at: (i: number) => (i < 30 ? parts[i % 3] : undefined) };
    const store = new ImageStore(many, preprocessing);
    for (let i = 0; i < 30; i++) expect(await store.read(i)).toEqual(expected[i % 3]![0]!.pixels);
    await expect(store.read(30)).rejects.toThrow(RangeError);
    await expect(store.read(-1)).rejects.toThrow(RangeError);
  });

  it('name themselves where the file has changed, the block is damaged, or a size is impossible', async () => {
    const [part] = partsOf(stored) as [ImagePart];
    const [inBlock] = compressed(...COMPRESSED[0]!) as [ImagePart];
    const block = inBlock.block!;
    const cases: [ImagePart, string][] = [
      [{ ...part, offset: together.length - 3 }, 'it has changed'],
      [{ ...part, offset: -1 }, 'it has changed'],
      [{ ...part, length: 0 }, 'it has changed'],
      [{ ...part, length: 2 ** 40 }, 'expected an image of at most'],
      [{ ...part, offset: part.offset + 2 }, 'not an image'],
      [{ ...part, path: join(folder, 'gone.tar') }, 'no such file'],
      [{ ...inBlock, block: { ...block, offset: 9 } }, 'GZIP'],
      [{ ...inBlock, block: { ...block, size: 2 ** 40 } }, 'a block of'],
      [{ ...inBlock, offset: together.length }, 'in a block of'],
    ];
    for (const [source, words] of cases) {
      const error = await decode(source).catch((it: unknown) => it);
      expect(error).toBeInstanceOf(ImageError);
      expect((error as ImageError).image).toBe(source.name);
      expect((error as ImageError).message).toContain(words);
    }
  });
});
