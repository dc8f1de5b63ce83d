import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import type { ImageSource } from './image.js';
import { radiographPreprocessing } from './preprocess.js';
import { scan } from './scan.js';
import { borderRing, thumbnail } from './statistics.js';
import { ImageStore } from './store.js';

const options = { ...radiographPreprocessing, size: 16 };

/** An image of one level; a level under 0 is an image that cannot be read. */
const flat = (level: number): ImageSource => ({
  kind: 'pixels',
  name: `image ${level}`,
  width: 20,
  height: 20,
  channels: 1,
  read: () => new Uint8Array(level < 0 ? 1 : 400).fill(level),
});

describe('scan', () => {
  it('reads every image once, lists those that cannot be read, and goes on', async () => {
    const levels = Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? -i : i));
    const store = new ImageStore(levels.map(flat), { ...options, minMax: false, equalize: false });
    const progress: number[] = [];
    const seen = new Map<number, number>();
    const { readable, unreadable } = await scan(store, {
      concurrency: 3,
      onProgress: (done, total) => {
        expect(total).toBe(40);
        progress.push(done);
      },
      onImage: (index, pixels) => seen.set(index, pixels[0]!),
    });
    const good = levels.flatMap((level, i) => (level < 0 ? [] : [i]));
    expect([...readable]).toEqual(good);
    expect(unreadable.map(({ index }) => index)).toEqual([3, 10, 17, 24, 31, 38]);
    expect(unreadable[1]).toEqual({ index: 10, name: 'image -10', reason: '1 bytes of pixels' });
    expect(progress).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect([...seen].sort((a, b) => a[0] - b[0])).toEqual(good.map((i) => [i, i]));
  });

  it('ends at an error that is not about an image', async () => {
    const store = new ImageStore(
      Array.from({ length: 40 }, () => flat(1)),
      options,
    );
    let seen = 0;
    const onImage = () => {
      if (++seen === 5) throw new Error('disk full');
    };
    await expect(scan(store, { concurrency: 2, onImage })).rejects.toThrow('disk full');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toBeLessThan(8);
  });

  it('of nothing is nothing', async () => {
    const { readable, unreadable } = await scan(new ImageStore([], options));
    expect([readable.length, unreadable]).toEqual([0, []]);
  });

  it.skipIf(!sharedData('native'))('reads real radiographs beside files that are none', async () => {
    const names = ['chestxray14/00003005_012.png', 'other/16747_3_1.jpg', 'tbx11k/imgs/tb/tb0007.png'];
    const paths = names.map((name) => sharedData('native', name)!);
    paths.splice(1, 0, join(import.meta.dirname, 'scan.ts'), '/nowhere.png');
    const store = new ImageStore(
      paths.map((path) => ({ kind: 'file', path })),
      { ...options, size: 100 },
    );
    const rings: number[] = [];
    const result = await scan(store, {
      onImage: (_, pixels) => rings.push(borderRing(thumbnail(pixels, 100)).length),
    });
    expect([...result.readable]).toEqual([0, 3, 4]);
    expect(result.unreadable.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/not an image/),
      'no such file',
    ]);
    expect(rings).toEqual([60, 60, 60]);
  });
});
