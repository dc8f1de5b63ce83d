import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImageError, type ImageSource } from './image.js';
import { radiographPreprocessing } from './preprocess.js';
import { ImageStore } from './store.js';

const options = { size: 4, channels: 1, minMax: false, equalize: false, fit: 'stretch' } as const;

/** A constant image of level `level`, which counts how often it is decoded. */
function counted(level: number) {
  const source = {
    kind: 'pixels' as const,
    name: `image ${level}`,
    width: 4,
    height: 4,
    channels: 1 as const,
    decodes: 0,
    read: () => {
      source.decodes++;
      return new Uint8Array(16).fill(level);
    },
  };
  return source;
}

describe('ImageStore', () => {
  it('gives preprocessed images of one shape, from files and pixels alike', async () => {
    const sources: ImageSource[] = [
      { kind: 'file', path: join(import.meta.dirname, 'fixtures/radiograph16.png') },
      counted(3),
    ];
    const store = new ImageStore(sources, { ...radiographPreprocessing, size: 24 });
    expect(store.shape).toEqual([1, 24, 24]);
    expect(store.length).toBe(2);
    for (let i = 0; i < 2; i++) expect(await store.read(i)).toHaveLength(576);
    expect(store.name(0)).toMatch(/radiograph16\.png$/);
    expect(store.name(1)).toBe('image 3');
  });

  it('decodes once, for concurrent readers and later ones', async () => {
    const source = counted(7);
    const store = new ImageStore([source], options);
    const [a, b] = await Promise.all([store.read(0), store.read(0)]);
    expect(a).toBe(b);
    expect(await store.read(0)).toBe(a);
    expect(source.decodes).toBe(1);
  });

  it('keeps images up to its limit and decodes the others again', async () => {
    const sources = [counted(0), counted(1), counted(2)];
    const store = new ImageStore(sources, options, { cacheBytes: 2 * 16 + 15 });
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const i of [0, 1, 2]) expect((await store.read(i))[0]).toBe(i);
      expect(store.cachedBytes).toBe(32);
    }
    expect(sources.map((source) => source.decodes)).toEqual([1, 1, 3]);
  });

  it('keeps its limit under concurrent reads', async () => {
    const store = new ImageStore(
      Array.from({ length: 50 }, (_, i) => counted(i)),
      options,
      { cacheBytes: 160 },
    );
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.read(i)));
    expect(store.cachedBytes).toBe(160);
  });

  it('remembers an image that cannot be read', async () => {
    const source = counted(1);
    source.read = () => {
      source.decodes++;
      return new Uint8Array(3);
    };
    const store = new ImageStore([source], options);
    const first = await store.read(0).catch((error: unknown) => error);
    expect(first).toBeInstanceOf(ImageError);
    expect(await store.read(0).catch((error: unknown) => error)).toBe(first);
    expect(source.decodes).toBe(1);
  });

  it('names the file that is missing, and refuses an index or a preprocessing that does not exist', async () => {
    const store = new ImageStore([{ kind: 'file', path: '/nowhere/x.png' }], options);
    await expect(store.read(0)).rejects.toThrow('/nowhere/x.png: found no such file; expected a complete image (PNG, ');
    await expect(store.read(1)).rejects.toThrow(RangeError);
    expect(() => new ImageStore([], { ...options, size: -1 })).toThrow('preprocessing: size');
  });
});
