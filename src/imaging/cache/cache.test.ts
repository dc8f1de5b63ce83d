import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { batches, epochOrder } from '../loader.js';
import { ImagePool } from '../pool/pool.js';
import { type Preprocessing, radiographPreprocessing } from '../preprocess.js';
import { scan } from '../scan.js';
import { ImageStore } from '../store.js';
import { type PrepareOptions, type PreparePlan, prepareCache } from './prepare.js';
import { ImageCache } from './reader.js';
import type { CacheSettings } from './settings.js';

const work = mkdtempSync(join(tmpdir(), 'hilum-cache-'));
const pool = new ImagePool({ size: 2 });
afterAll(async () => {
  await pool.close();
  rmSync(work, { recursive: true });
});

const root = join(work, 'data');
const FIXTURES = join(import.meta.dirname, '../fixtures');
/** 8 and 16 bits, gray and colour, PNG and JPEG, none of them square; names with what tables may not have. */
const NAMES = [
  'detail.png',
  'radiograph16.png',
  'palette.png',
  'rgb16.png',
  'rgb420.jpg',
  'tab\there.png',
  'new\nline.png',
];
const images = () => NAMES.map((name) => ({ id: `id of ${name}`, path: join(root, name) }));
const ids = () => images().map(({ id }) => id);

beforeAll(async () => {
  mkdirSync(root);
  for (const name of NAMES.slice(0, 5)) copyFileSync(join(FIXTURES, name), join(root, name));
  for (const [i, name] of NAMES.slice(5).entries()) await drawn(name, 40 + i, 30);
});

/** Writes a picture of gray noise. */
async function drawn(name: string, width: number, height: number, seed = 1): Promise<void> {
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => ((i + 1) * (7 * seed + i * i)) % 97);
  await sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(join(root, name));
}

const eight: CacheSettings = {
  sizes: [24],
  channels: 1,
  fit: 'stretch',
  bits: 8,
  intensity: { minMax: true, equalize: true },
};
const sixteen: CacheSettings = { ...eight, bits: 16, intensity: null };

function options(name: string, settings: CacheSettings, more: Partial<PrepareOptions> = {}): PrepareOptions {
  const source = { name: 'fixtures', root, options: {} };
  return { folder: join(work, name), source, images: images(), absent: ['gone'], settings, pool, ...more };
}

const plan = (made: PreparePlan) => ({ done: made.done, changed: made.changed, replaced: made.replaced });

/** Asserts that a cache gives the pixels that the files themselves give. */
async function expectSame(folder: string, preprocessing: Preprocessing): Promise<void> {
  const cached = ImageCache.open(folder).images(ids(), preprocessing);
  const store = new ImageStore(
    images().map(({ path }) => ({ kind: 'file', path })),
    preprocessing,
  );
  expect(cached.shape).toEqual(store.shape);
  expect(cached.length).toBe(store.length);
  for (const [i, name] of NAMES.entries()) expect(await cached.read(i), name).toEqual(await store.read(i));
}

describe('a cache of 8 bits', () => {
  it('holds, in every size, the bytes that the network would see without it', async () => {
    const sizes = [16, 24, 40];
    const result = await prepareCache(options('sizes', { ...eight, sizes }));
    expect(result).toMatchObject({ total: 7, done: 0, changed: 0, prepared: 7, unreadable: [] });
    expect(result.index.images).toEqual({ ready: 7, unreadable: 0, absent: 1 });
    const files = readdirSync(result.folder).filter((name) => !name.startsWith('images-'));
    expect(files.sort()).toEqual(['16-000.bin', '24-000.bin', '40-000.bin', 'index.json']);
    expect(statSync(join(result.folder, '40-000.bin')).size).toBe(7 * 1600);
    for (const size of sizes) await expectSame(result.folder, { ...radiographPreprocessing, size });
  });

  it.each(['crop', 'pad'] as const)('fits by %s, without intensity steps', async (fit) => {
    const steps = { minMax: false, equalize: false };
    await prepareCache(options(fit, { ...eight, fit, intensity: steps }));
    await expectSame(join(work, fit), { ...radiographPreprocessing, ...steps, fit, size: 24 });
  });

  it('resizes by another kernel; the usual one need not be said', async () => {
    const kernel = options('kernel', { ...eight, interpolation: 'bicubic' });
    await prepareCache(kernel);
    await expectSame(kernel.folder, { ...radiographPreprocessing, size: 24, interpolation: 'bicubic' });
    const usual = await prepareCache(options('usual', eight));
    const said = await prepareCache(options('usual', { ...eight, interpolation: 'lanczos' }));
    expect(plan(said)).toEqual({ done: 7, changed: 0 });
    expect(said.index.fingerprint).toBe(usual.index.fingerprint);
    await expectSame(usual.folder, { ...radiographPreprocessing, size: 24, interpolation: 'lanczos' });
  });

  it('divides pixels among files, and reads across them in any order', async () => {
    const { folder } = await prepareCache(options('shards', eight, { shardBytes: 3 * 576 + 100 }));
    const shards = readdirSync(folder).filter((name) => name.endsWith('.bin'));
    expect(shards.sort()).toEqual(['24-000.bin', '24-001.bin', '24-002.bin']);
    await expectSame(folder, { ...radiographPreprocessing, size: 24 });
    const cached = ImageCache.open(folder).images(ids(), { ...radiographPreprocessing, size: 24 });
    for await (const batch of batches(cached, epochOrder(7, 1, 0), { batchSize: 3 })) {
      for (const [slot, i] of batch.indices.entries()) {
        expect(batch.images.slice(slot * 576, (slot + 1) * 576)).toEqual(new Uint8Array(await cached.read(i)));
      }
    }
  });
});

describe('a cache of 16 bits', () => {
  it.each(['stretch', 'crop', 'pad'] as const)('lets each reader choose the intensity steps: %s', async (fit) => {
    const { folder } = await prepareCache(options(`wide ${fit}`, { ...sixteen, fit, sizes: [20, 24] }));
    for (const minMax of [true, false]) {
      for (const equalize of [true, false]) {
        for (const size of [20, 24]) {
          await expectSame(folder, { ...radiographPreprocessing, fit, minMax, equalize, size });
        }
      }
    }
  });
});

describe('a second pass', () => {
  it('has nothing to do where nothing changed, and leaves every byte as it is', async () => {
    const { folder } = await prepareCache(options('again', eight));
    const before = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]);
    const again = await prepareCache(options('again', eight));
    expect(plan(again)).toEqual({ done: 7, changed: 0 });
    expect(again.prepared).toBe(0);
    expect(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')])).toEqual(before);
  });

  it('reads again what changed, reads what is new, and forgets what is gone; open readers see what they saw', async () => {
    const kept = images();
    await drawn('changing.png', 30, 30);
    await drawn('leaving.png', 30, 30);
    const of = (...names: string[]) => names.map((name) => ({ id: name, path: join(root, name) }));
    const settings = { ...eight, intensity: { minMax: false, equalize: false } };
    const preprocessing = { ...radiographPreprocessing, minMax: false, equalize: false, size: 24 };
    const first = await prepareCache(
      options('update', settings, { images: [...kept, ...of('changing.png', 'leaving.png')] }),
    );
    const open = ImageCache.open(first.folder).images(['changing.png', 'leaving.png'], preprocessing);
    const before = new Uint8Array(await open.read(0));

    await drawn('changing.png', 30, 30, 5);
    utimesSync(join(root, 'changing.png'), 1e9, 1e9);
    await drawn('coming.png', 30, 30, 3);
    const second = await prepareCache(
      options('update', settings, { images: [...of('coming.png'), ...kept, ...of('changing.png')] }),
    );
    expect(plan(second)).toEqual({ done: 7, changed: 1 });
    expect(second.prepared).toBe(2);
    expect(second.index.fingerprint).not.toBe(first.index.fingerprint);
    await expectSame(first.folder, preprocessing);
    expect(await open.read(0)).toEqual(before);
    expect(await open.read(1)).toHaveLength(576);
    const now = ImageCache.open(first.folder);
    expect(now.entry('leaving.png')).toBeUndefined();
    const fresh = now.images(['changing.png', 'coming.png'], preprocessing);
    const store = new ImageStore(
      of('changing.png', 'coming.png').map(({ path }) => ({ kind: 'file', path })),
      preprocessing,
    );
    for (const i of [0, 1]) expect(await fresh.read(i)).toEqual(await store.read(i));
    expect(await fresh.read(0)).not.toEqual(before);
  });

  it('throws everything away where the settings are others, and says what they were', async () => {
    const { folder } = await prepareCache(options('settings', { ...eight, sizes: [16, 24] }));
    const open = ImageCache.open(folder).images(ids(), { ...radiographPreprocessing, size: 16 });
    const { pool: _, ...stopped } = options('settings', { ...eight, fit: 'crop' });
    const abort = new AbortController();
    const onPlan = vi.fn(() => abort.abort());
    await expect(prepareCache({ ...stopped, onPlan, signal: abort.signal })).rejects.toThrow('stopped; run the same');
    expect(onPlan).toHaveBeenCalledWith(
      expect.objectContaining({ done: 0, replaced: '16 and 24 px, 8 bits, min-max, equalized, stretch' }),
    );
    expect(existsSync(join(folder, 'index.json'))).toBe(false);
    expect(() => ImageCache.open(folder)).toThrow('index.json: found no such file');
    const result = await prepareCache(options('settings', { ...eight, fit: 'crop' }));
    expect(plan(result)).toEqual({ done: 0, changed: 0 });
    expect(readdirSync(folder).filter((name) => name.endsWith('.bin'))).toEqual(['24-000.bin']);
    await expectSame(folder, { ...radiographPreprocessing, fit: 'crop', size: 24 });
    const first = new ImageStore([{ kind: 'file', path: images()[0]!.path }], { ...radiographPreprocessing, size: 16 });
    expect(await open.read(0)).toEqual(await first.read(0));
  });

  it('goes on behind a stop, and behind a journal whose last line is cut off or followed by rubbish', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ ...images()[i % 5]!, id: `image ${i}` }));
    const abort = new AbortController();
    let done = 0;
    const stopping = { images: many, signal: abort.signal, onProgress: (n: number) => n === 11 && abort.abort() };
    await expect(prepareCache(options('stop', eight, stopping))).rejects.toMatchObject({ exitCode: 130 });
    const journal = join(work, 'stop', 'journal.tsv');
    const lines = readFileSync(journal, 'utf8').trim().split('\n').length - 1;
    expect(lines).toBeGreaterThanOrEqual(11);
    expect(lines).toBeLessThan(40);
    truncateSync(journal, statSync(journal).size - 3);
    writeFileSync(journal, Buffer.concat([readFileSync(journal), Buffer.alloc(50), Buffer.from('\nrubbish\n')]));
    const result = await prepareCache(options('stop', eight, { images: many, onProgress: (n) => (done = n) }));
    expect(plan(result)).toEqual({ done: lines - 1, changed: 0 });
    expect(done).toBe(40 - lines + 1);
    const preprocessing = { ...radiographPreprocessing, size: 24 };
    const cached = ImageCache.open(result.folder).images(
      many.map(({ id }) => id),
      preprocessing,
    );
    const store = new ImageStore(
      images().map(({ path }) => ({ kind: 'file', path })),
      preprocessing,
    );
    for (let i = 0; i < 40; i++) expect(await cached.read(i)).toEqual(await store.read(i % 5));
  });
});

describe('an image that cannot be read', () => {
  const withBad = () => [
    ...images(),
    { id: 'bad', path: join(root, 'bad.png') },
    { id: 'no', path: join(root, 'no.png') },
  ];

  it('is listed, counted and left out, stays so for readers, and is tried again by the next pass', async () => {
    writeFileSync(join(root, 'bad.png'), readFileSync(join(root, 'detail.png')).subarray(0, 500));
    const result = await prepareCache(options('unreadable', eight, { images: withBad() }));
    expect(result.unreadable.map(({ id }) => id)).toEqual(['bad', 'no']);
    expect(result.index.images).toEqual({ ready: 7, unreadable: 2, absent: 1 });
    const preprocessing = { ...radiographPreprocessing, size: 24 };
    const cached = ImageCache.open(result.folder).images([...ids(), 'bad', 'no'], preprocessing);
    const { unreadable } = await scan(cached);
    expect(unreadable).toEqual([
      { index: 7, name: 'bad.png', reason: expect.stringMatching(/truncated|ends early|damaged/) },
      { index: 8, name: 'no.png', reason: 'no such file' },
    ]);
    await expectSame(result.folder, preprocessing);

    copyFileSync(join(root, 'detail.png'), join(root, 'bad.png'));
    const again = await prepareCache(options('unreadable', eight, { images: withBad() }));
    expect(again).toMatchObject({ done: 7, changed: 0, prepared: 2, unreadable: [{ id: 'no' }] });
  });

  it('ends a strict pass, which keeps what is done', async () => {
    const strict = options('strict', eight, { images: withBad(), strict: true });
    await expect(prepareCache(strict)).rejects.toThrow('no.png: found no such file');
    const after = await prepareCache({ ...strict, strict: false });
    expect(after.done).toBeGreaterThanOrEqual(7);
  });
});

describe('a cache that does not fit', () => {
  const preprocessing = { ...radiographPreprocessing, size: 24 };
  let folder: string;
  beforeAll(async () => {
    ({ folder } = await prepareCache(options('whole', eight)));
  });

  /** A copy of the whole cache, with something done to it. */
  function broken(name: string, change: (folder: string) => void): string {
    const copy = join(work, `broken ${name}`);
    cpSync(folder, copy, { recursive: true });
    change(copy);
    return copy;
  }

  it.each<[string, Partial<Preprocessing>, string]>([
    ['size', { size: 32 }, '--size 24,32 --out'],
    ['equalize', { equalize: false }, '--size 24 --no-equalize --out'],
    ['minMax', { minMax: false }, '--size 24 --no-min-max --out'],
    ['fit', { fit: 'pad' }, '--size 24 --fit pad --out'],
    ['interpolation', { interpolation: 'bicubic' }, '--size 24 --interpolation bicubic --out'],
  ])('says what it has, what is wanted and what to type: %s', (_, change, command) => {
    const wanted = { ...preprocessing, ...change };
    const message = () => ImageCache.open(folder).images(ids(), wanted);
    expect(message).toThrow(`${folder}: found 24 px, 8 bits, min-max, equalized, stretch; expected`);
    expect(message).toThrow(`Prepare it: hilum data prepare fixtures --root ${root} ${command} ${folder}`);
  });

  it('has no colour', () => {
    expect(() => ImageCache.open(folder).images(ids(), { ...preprocessing, channels: 3 })).toThrow(
      'Leave the cache out',
    );
  });

  it('lacks an image, has a row without one, or was made from another file', async () => {
    const cache = ImageCache.open(folder);
    expect(() => cache.images(['id of detail.png', 'other', 'gone'], preprocessing)).toThrow(
      `${folder}: found 2 images that are not in the cache (other, gone); expected every image of the data set. ` +
        `Type: hilum data prepare fixtures --root ${root} --size 24 --out ${folder}`,
    );
    cache.requireUnchanged([...ids(), 'gone'], root);
    cache.requireUnchanged(ids(), join(work, 'nowhere'));
    const moved = join(work, 'moved');
    mkdirSync(moved);
    copyFileSync(join(root, 'palette.png'), join(moved, 'detail.png'));
    expect(() => cache.requireUnchanged(ids(), moved)).toThrow(
      '1 images whose files have changed since (id of detail.png)',
    );
  });

  it.each<[string, (folder: string) => void, string]>([
    ['a shard is gone', (copy) => rmSync(join(copy, '24-000.bin')), '24-000.bin: found no such file'],
    ['a shard is cut off', (copy) => truncateSync(join(copy, '24-000.bin'), 4031), 'found 4031 bytes; expected 4032'],
    ['the index is gone', (copy) => rmSync(join(copy, 'index.json')), 'index.json: found no such file'],
    ['the index is another', (copy) => writeFileSync(join(copy, 'index.json'), '{}'), 'found another kind of document'],
    [
      'the index is of a later version',
      (copy) => {
        const path = join(copy, 'index.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'));
      },
      'found version 2; expected hilum image cache, version 1',
    ],
    [
      'the table is cut off',
      (copy) => {
        const table = readdirSync(copy).find((name) => name.startsWith('images-'))!;
        truncateSync(join(copy, table), 200);
      },
      'found a changed or incomplete file',
    ],
  ])('is refused where %s', (name, change, message) => {
    expect(() => ImageCache.open(broken(name, change))).toThrow(message);
  });

  it('is read where it was moved to', async () => {
    const copy = broken('moved', () => {});
    renameSync(copy, `${copy} twice`);
    await expectSame(`${copy} twice`, preprocessing);
  });
});

describe('a folder', () => {
  it('with other files, or of another data set, is refused', async () => {
    mkdirSync(join(work, 'strange'));
    writeFileSync(join(work, 'strange', 'thesis.doc'), 'text');
    await expect(prepareCache(options('strange', eight))).rejects.toThrow('a folder with other files (thesis.doc)');
    const { folder } = await prepareCache(options('mine', eight));
    const other = { name: 'another', root, options: {} };
    await expect(prepareCache(options('mine', eight, { source: other }))).rejects.toThrow(
      `${folder}: found images of fixtures; expected images of another. Give each data set a folder of its own.`,
    );
  });

  it.runIf(process.platform === 'linux')('is prepared by one at a time', async () => {
    const first = prepareCache(options('twice', eight));
    await expect(prepareCache(options('twice', eight))).rejects.toThrow('found another process preparing images in it');
    await first;
  });

  it('on a disk without room is refused before anything is read', async () => {
    const { path } = images()[0]!;
    const many = Array.from({ length: 100_000 }, (_, i) => ({ id: `${i}`, path }));
    const few = options('full', { ...sixteen, sizes: [4096] }, { images: many });
    await expect(prepareCache(few)).rejects.toThrow(/found [\d.]+ GiB free; expected 3125.00 GiB for the images/);
  });

  it.skipIf(!existsSync('/dev/full'))('keeps what is done where the disk is full in the middle of a pass', async () => {
    const of = (count: number) => Array.from({ length: count }, (_, i) => ({ ...images()[i % 5]!, id: `image ${i}` }));
    const stop = new AbortController();
    const shardBytes = 10 * 576;
    const half = {
      images: of(25),
      shardBytes,
      signal: stop.signal,
      onProgress: (n: number) => n === 25 && stop.abort(),
    };
    await expect(prepareCache(options('filled', eight, half))).rejects.toMatchObject({ exitCode: 130 });
    const shard = join(work, 'filled', '24-004.bin');
    symlinkSync('/dev/full', shard);
    const whole = options('filled', eight, { images: of(60), shardBytes });
    const error = await prepareCache(whole).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode: 1 });
    expect(String(error)).toMatch(
      /filled: .*ENOSPC: no space left on device.*What is done is kept: run the same command/,
    );
    rmSync(shard);
    const result = await prepareCache(whole);
    expect(result.done).toBeGreaterThanOrEqual(35);
    expect(result.index.images.ready).toBe(60);
    const preprocessing = { ...radiographPreprocessing, size: 24 };
    const cached = ImageCache.open(result.folder).images(
      of(60).map(({ id }) => id),
      preprocessing,
    );
    const store = new ImageStore(
      images().map(({ path }) => ({ kind: 'file', path })),
      preprocessing,
    );
    for (let i = 0; i < 60; i++) expect(await cached.read(i)).toEqual(await store.read(i % 5));
  });

  it('refuses settings that make no sense', async () => {
    const bad = (change: object) => prepareCache(options('bad', { ...eight, ...change }));
    await expect(bad({ sizes: [] })).rejects.toThrow('sizes: found none');
    await expect(bad({ sizes: [24, 24] })).rejects.toThrow('sizes: found 24, 24');
    await expect(bad({ sizes: [0] })).rejects.toThrow('preprocessing: size: found 0');
    await expect(bad({ bits: 12 })).rejects.toThrow('bits: found 12');
  });
});
