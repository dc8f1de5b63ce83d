import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { compiledUrl, HilumError } from '../../base/index.js';
import { decode } from '../decode.js';
import { ImageError, type ImageSource } from '../image.js';
import { type Preprocessing, preprocess, radiographPreprocessing, spread } from '../preprocess.js';
import { ImagePool, type PoolOptions } from './pool.js';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const file = (path: string): ImageSource => ({ kind: 'file', path });
const fixture = (name: string) => file(join(FIXTURES, name));
const preprocessing = { ...radiographPreprocessing, size: 24 };
const rendition = { preprocessing, bits: 8 } as const;

const pools: ImagePool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function poolOf(options: PoolOptions): ImagePool {
  const pool = new ImagePool(options);
  pools.push(pool);
  return pool;
}

describe('ImagePool', () => {
  it('gives the pixels that this thread would make, in each form from one decode', async () => {
    const pool = poolOf({ size: 2 });
    for (const name of ['radiograph16.png', 'detail.png', 'palette.png', 'rgb420.jpg']) {
      const alone = async (options: Preprocessing) => preprocess(await decode(fixture(name), options), options);
      const small = { ...preprocessing, size: 16, fit: 'pad' as const, channels: 3 as const };
      const wide = { ...preprocessing, size: 20, fit: 'pad' as const };
      const [a, c, b] = await pool.render(fixture(name), [
        { preprocessing: small, bits: 8 },
        { preprocessing: wide, bits: 16 },
        rendition,
      ]);
      expect(a).toEqual({ pixels: await alone(small), height: 16, width: 16 });
      expect(b).toEqual({ pixels: await alone(preprocessing), height: 24, width: 24 });
      expect(c!.pixels).toBeInstanceOf(Uint16Array);
      const again = { width: c!.width, height: c!.height, channels: 1 as const, maximum: 65535 as const };
      expect(spread({ ...again, data: c!.pixels }, wide)).toEqual(await alone(wide));
    }
  });

  it('takes pixels at hand without taking them away', async () => {
    const memory = new Uint8Array(100).map((_, i) => i);
    const source: ImageSource = {
      kind: 'pixels',
      name: 'record 3',
      width: 4,
      height: 4,
      channels: 1,
      read: () => memory.subarray(30, 46),
    };
    const plain = { ...preprocessing, size: 4, minMax: false, equalize: false };
    const pool = poolOf({ size: 1 });
    for (let round = 0; round < 2; round++) {
      const [rendered] = await pool.render(source, [{ preprocessing: plain, bits: 8 }]);
      expect(rendered!.pixels).toEqual(memory.slice(30, 46));
    }
    expect(memory).toHaveLength(100);
    const short: ImageSource = { ...source, read: () => memory.subarray(0, 3) };
    await expect(pool.render(short, [rendition])).rejects.toThrow('record 3: found 3 bytes of pixels');
  });

  it('writes pixels at their places', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hilum-pool-'));
    try {
      const pool = poolOf({ size: 2 });
      const fd = openSync(join(folder, 'shard'), 'w');
      const names = ['radiograph16.png', 'detail.png', 'palette.png'];
      await Promise.all(names.map((name, i) => pool.write(fixture(name), [rendition], [{ fd, position: 576 * i }])));
      closeSync(fd);
      const written = new Uint8Array(readFileSync(join(folder, 'shard')));
      for (const [i, name] of names.entries()) {
        const expected = await preprocess(await decode(fixture(name), preprocessing), preprocessing);
        expect(written.slice(576 * i, 576 * (i + 1)), name).toEqual(expected);
      }
      const closed = pool.write(fixture('detail.png'), [rendition], [{ fd, position: 0 }]);
      const error = await closed.catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(HilumError);
      expect(error).not.toBeInstanceOf(ImageError);
      expect(String(error)).toMatch(/cannot be written: EBADF/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names image and reason of what cannot be read, as in this thread', async () => {
    const pool = poolOf({ size: 1 });
    for (const path of ['/nowhere/x.png', FIXTURES, join(import.meta.dirname, 'pool.ts')]) {
      const here = await decode(file(path)).catch((error: unknown) => error);
      const there = await pool.render(file(path), []).catch((error: unknown) => error);
      expect(here).toBeInstanceOf(ImageError);
      expect(there).toEqual(here);
    }
    expect(await pool.render(fixture('detail.png'), [])).toEqual([]);
  });

  it('begins images in the order of their calls, on as many threads as it may have', async () => {
    const pool = poolOf({ size: 1 });
    const order: number[] = [];
    const calls = Array.from({ length: 12 }, (_, i) =>
      pool.render(fixture('detail.png'), [rendition]).then(() => order.push(i)),
    );
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it('refuses calls after it is closed, and what it had not begun', async () => {
    const pool = poolOf({ size: 1 });
    const pending = Array.from({ length: 5 }, () => pool.render(fixture('detail.png'), [rendition]));
    const settled = Promise.allSettled(pending);
    await pool.close();
    for (const { status } of await settled) expect(status).toBe('rejected');
    await expect(pool.render(fixture('detail.png'), [])).rejects.toThrow('the image pool is closed');
  });

  it('keeps no process alive when it has nothing to do', async () => {
    const code = `
      const { ImagePool } = await import(${JSON.stringify(compiledUrl('./pool.js', import.meta.url).href)});
      await new ImagePool({ size: 1 }).render({ kind: 'file', path: ${JSON.stringify(join(FIXTURES, 'detail.png'))} }, []);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    expect(await new Promise((ended) => worker.once('exit', ended))).toBe(0);
  });
});

describe('an image on which a thread fails', () => {
  const thread = pathToFileURL(join(import.meta.dirname, 'fixtures/troubled-thread.mjs'));

  it.each([
    ['hang', 'an image that takes more than 0.3 s to decode'],
    ['throw', 'an image on which the decoder broke down (the codec lost its way)'],
    ['exit', 'an image on which the decoder broke down'],
    ['memory', 'an image that takes more memory to decode than one may'],
  ])('is unreadable, and the only one: %s', async (act, reason) => {
    const secondsPerImage = act === 'hang' ? 0.3 : 30;
    const pool = poolOf({ size: 2, thread, secondsPerImage, heapMegabytes: 24 });
    const names = Array.from({ length: 20 }, (_, i) => `${i} ${i % 7 === 3 ? act : 'fine'}`);
    const results = await Promise.allSettled(names.map((name) => pool.render(file(name), [rendition])));
    for (const [i, result] of results.entries()) {
      if (i % 7 !== 3) expect(result, names[i]).toMatchObject({ status: 'fulfilled' });
      else expect(result).toMatchObject({ status: 'rejected', reason: { image: names[i], reason } });
    }
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ImageError);
  });

  it('is not one that only waited for a caller that was held up', async () => {
    const pool = poolOf({ size: 1, thread, secondsPerImage: 0.3 });
    await pool.render(file('warm fine'), []);
    const pending = pool.render(file('late fine'), []);
    for (const until = performance.now() + 1000; performance.now() < until; );
    expect(await pending).toHaveLength(1);
  });

  it('is no image where the thread itself cannot start', async () => {
    const pool = poolOf({ size: 2, thread: pathToFileURL('/nowhere/thread.mjs') });
    const calls = Array.from({ length: 5 }, () => pool.render(file('fine'), []));
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(HilumError) });
      expect(String((result as PromiseRejectedResult).reason)).toMatch(
        /threads that decode images cannot start: Cannot/,
      );
      expect((result as PromiseRejectedResult).reason).not.toBeInstanceOf(ImageError);
    }
  });
});
