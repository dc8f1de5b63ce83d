import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sharedData } from '../../../test/shared-data.js';
import { Random } from '../../base/index.js';
import { openPictureSource } from '../../datasets/index.js';
import { type DedupOptions, type DedupResult, deduplicate } from './deduplicate.js';
import { writeDuplicateList } from './duplicate-list.js';
import { duplicatesPage } from './duplicates-page.js';

const random = Random.of(1, 'pictures');

/** A picture of soft coloured spots, which no other looks like. */
async function spots(width: number, height: number): Promise<Sharp> {
  const noise = Uint8Array.from({ length: 9 * 9 * 3 }, () => random.integer(256));
  const raw = { width: 9, height: 9, channels: 3 } as const;
  const bytes = await sharp(noise, { raw }).resize(width, height, { fit: 'fill', kernel: 'cubic' }).png().toBuffer();
  return sharp(bytes);
}

const a = await spots(200, 150);
const b = await spots(90, 90);
const singles = await Promise.all(Array.from({ length: 20 }, async () => (await spots(64, 48)).png().toBuffer()));
const files: Record<string, Buffer> = {
  'a.png': await a.clone().png().toBuffer(),
  'copies/a.jpg': await a.clone().jpeg({ quality: 60 }).toBuffer(),
  'copies/a, small.png': await a.clone().resize(100, 75).png().toBuffer(),
  'copies/a.webp': await a.clone().webp({ lossless: true }).toBuffer(),
  'b.png': await b.clone().png().toBuffer(),
  'copies/b.tif': await b.clone().tiff({ compression: 'lzw' }).toBuffer(),
  'broken.png': (await b.clone().png().toBuffer()).subarray(0, 100),
  ...Object.fromEntries(singles.map((bytes, i) => [`single-${i}.png`, bytes])),
};

/** Folders `train` and `test` with pictures, and one for the cache. */
function made(train: Record<string, Buffer> = files, test: Record<string, Buffer> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'hilum-dedup-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, some] of Object.entries({ train, test })) {
    for (const [path, bytes] of Object.entries(some)) {
      mkdirSync(join(root, name, path, '..'), { recursive: true });
      writeFileSync(join(root, name, path), bytes);
    }
  }
  const [source, reference, cache] = [join(root, 'train'), join(root, 'test'), join(root, 'cache')];
  const find = (options: Partial<DedupOptions> = {}) =>
    deduplicate({ sources: [source], distance: 4, cache, ...options });
  return { root, source, reference, cache, find };
}

const groupsOf = (result: DedupResult) => Array.from({ length: result.groups }, (_, i) => result.group(i));
const told = (result: DedupResult) =>
  groupsOf(result).map((group) => group.map(({ id, action, identical }) => [id, action, identical]));

describe('deduplicate', () => {
  it('groups copies, re-encoded, resized or equal, and keeps the one with the most pixels', async () => {
    const result = await made().find();
    expect(told(result)).toEqual([
      [
        ['a.png', 'keep', true],
        ['copies/a.webp', 'drop', true],
        ['copies/a, small.png', 'drop', false],
        ['copies/a.jpg', 'drop', false],
      ],
      [
        ['b.png', 'keep', true],
        ['copies/b.tif', 'drop', true],
      ],
    ]);
    const [source] = result.sources;
    expect([source!.name, source!.pictures, result.dropped, result.identical]).toEqual(['train', 27, 4, 2]);
    expect(source!.unreadable).toEqual([{ id: 'broken.png', reason: expect.stringContaining('truncated or damaged') }]);
    const [small] = groupsOf(result)[0]!.filter(({ id }) => id.includes('small'));
    expect([small!.width, small!.height, small!.hash.length]).toEqual([100, 75, 16]);
  });

  it('may count equal pixels alone', async () => {
    const result = await made().find({ distance: 'exact' });
    expect(told(result).map((group) => group.map(([id]) => id))).toEqual([
      ['a.png', 'copies/a.webp'],
      ['b.png', 'copies/b.tif'],
    ]);
  });

  it('finds pictures of one source in another, equal ones first', async () => {
    const { find, reference, source } = made(files, {
      'x.jpg': files['copies/a.jpg']!,
      'y.png': files['a.png']!,
      'z.png': singles[3]!,
      'own.png': await (await spots(50, 50)).png().toBuffer(),
    });
    const result = await find({ against: [reference] });
    expect(told(result)).toEqual([
      [
        ['x.jpg', 'reference', true],
        ['copies/a.jpg', 'drop', true],
        ['copies/a, small.png', 'drop', false],
      ],
      [
        ['y.png', 'reference', true],
        ['a.png', 'drop', true],
        ['copies/a.webp', 'drop', true],
      ],
      [
        ['z.png', 'reference', true],
        ['single-3.png', 'drop', true],
      ],
    ]);
    const exact = await find({ against: [reference], distance: 'exact' });
    expect([exact.groups, exact.dropped, exact.identical]).toEqual([3, 4, 4]);
    await expect(find({ against: [source] })).rejects.toThrow('expected each source once');
  });

  it('writes a list that a source takes as a filter, of every source its own', async () => {
    const { find, source, reference, root } = made(files, files);
    const list = join(root, 'list.csv');
    const result = await find({ sources: [source, reference] });
    writeDuplicateList(list, result);
    expect(readFileSync(list, 'utf8').split('\n')[0]).toBe(
      'group,source,id,action,distance,identical,width,height,phash',
    );
    const ids = async (of: string) => {
      const rest = await openPictureSource({ source: of, indexFolder: null, exclude: [list] });
      return Array.from({ length: rest.length }, (_, i) => rest.id(i));
    };
    const rest = Object.keys(files)
      .filter((id) => !id.startsWith('copies/'))
      .sort();
    expect((await ids(source)).sort()).toEqual(rest);
    expect(await ids(reference)).toEqual(['broken.png']);
  });

  it('decodes nothing twice: only what is new or has changed', async () => {
    const { find, source, cache } = made();
    const steps: number[][] = [];
    const onHash = (_: string, done: number, total: number, known: number) => steps.push([done, total, known]);
    const first = told(await find({ onHash }));
    expect([steps[0], steps.at(-1)]).toEqual([
      [0, 27, 0],
      [27, 27, 0],
    ]);
    steps.length = 0;
    expect(told(await find({ onHash, distance: 5 }))).toEqual(first);
    expect([steps[0], steps.length]).toEqual([[26, 27, 26], 2]); // the broken one is tried again
    writeFileSync(join(source, 'single-0.png'), files['b.png']!);
    writeFileSync(join(source, 'broken.png'), singles[0]!);
    steps.length = 0;
    const result = await find({ onHash, refresh: true });
    expect(steps[0]).toEqual([25, 27, 25]);
    expect(told(result)[1]!.map(([id]) => id)).toEqual(['b.png', 'single-0.png', 'copies/b.tif']);
    const file = join(cache, readdirSync(cache).find((name) => name.endsWith('.hashes'))!);
    const bytes = readFileSync(file);
    bytes[32 + 64 * 3 + 20]! ^= 1;
    writeFileSync(file, bytes.subarray(0, bytes.length - 10));
    steps.length = 0;
    expect(told(await find({ onHash }))).toEqual(told(result));
    expect(steps[0]![0]).toBeGreaterThanOrEqual(25 - 2);
    expect((statSync(file).size - 32) % 64).toBe(0);
  });

  it('goes on where it was stopped', async () => {
    const { find } = made();
    const stop = new AbortController();
    const onHash = (_: string, done: number) => done >= 5 && stop.abort();
    await expect(find({ signal: stop.signal, onHash })).rejects.toThrow('run the same command again');
    const known: number[] = [];
    const result = await find({ onHash: (_, done) => known.push(done) });
    expect(known[0]).toBeGreaterThanOrEqual(4);
    expect(result.groups).toBe(2);
  });

  it('draws the groups on a page', async () => {
    const { find } = made();
    const result = await find();
    const html = await duplicatesPage(result);
    expect(html.match(/data:image\/webp/g)).toHaveLength(6);
    expect(html).toContain('4 of 27 pictures are there again, in 2 groups: 2 with equal pixels');
    expect(html).toContain('copies/a, small.png');
    expect(html).toMatch(/dropped, equal pixels/);
    expect((await duplicatesPage(result, { groups: 1, perGroup: 2 })).match(/data:image/g)).toHaveLength(2);
    expect(await duplicatesPage(result, { groups: 1, perGroup: 2 })).toContain('1 smaller group');
  });

  it.skipIf(!sharedData('natural/cifar10'))('finds the near copies within CIFAR-10', async () => {
    const { cache } = made({});
    const result = await deduplicate({ sources: [sharedData('natural/cifar10')!], distance: 4, cache });
    expect(result.dropped).toBeGreaterThan(10);
    expect(result.dropped).toBeLessThan(30);
    const pairs = groupsOf(result).map((group) => group.map(({ id }) => id));
    expect(pairs).toContainEqual(expect.arrayContaining(['data_batch_1.bin/75', 'data_batch_1.bin/8203']));
  });
});
