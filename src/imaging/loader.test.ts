import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { ImageError } from './image.js';
import { batches, epochOrder, type ImageBatch } from './loader.js';
import type { ImageReader } from './store.js';

/** Images `[2, 1, 3]` whose pixels say their index; every read takes a while, drawn from `seed`, and is recorded. */
class SlowReader implements ImageReader {
  readonly shape = [2, 1, 3] as const;
  started = 0;
  finished = 0;
  mostAtOnce = 0;
  readonly #random: Random;

  constructor(
    readonly length: number,
    seed = 1,
    readonly broken = -1,
  ) {
    this.#random = new Random(seed);
  }

  name = (index: number) => `image ${index}`;

  async read(index: number): Promise<Uint8Array> {
    this.started++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.started - this.finished);
    await sleep(this.#random.between(0, 4));
    this.finished++;
    if (index === this.broken) throw new ImageError(this.name(index), 'no such file');
    return new Uint8Array(6).fill(index);
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function all(generator: AsyncGenerator<ImageBatch>): Promise<ImageBatch[]> {
  const result: ImageBatch[] = [];
  for await (const batch of generator) result.push(batch);
  return result;
}

describe('epochOrder', () => {
  it('is a permutation that depends on seed and epoch alone', () => {
    const order = epochOrder(100, 5, 0);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(epochOrder(100, 5, 0)).toEqual(order);
    expect(epochOrder(100, 5, 1)).not.toEqual(order);
    expect(epochOrder(100, 6, 0)).not.toEqual(order);
  });
});

describe('batches', () => {
  const order = epochOrder(23, 1, 0);

  it('hold the images of the order, each batch in buffers of its own', async () => {
    const result = await all(batches(new SlowReader(23), order, { batchSize: 5 }));
    expect(result.map((batch) => batch.shape)).toEqual([...Array(4).fill([5, 2, 1, 3]), [3, 2, 1, 3]]);
    expect(result.flatMap((batch) => [...batch.indices])).toEqual([...order]);
    expect(result.flatMap((batch) => [...batch.images])).toEqual([...order].flatMap((i) => Array(6).fill(i)));
    expect(new Set(result.flatMap(({ images, indices }) => [images.buffer, indices.buffer])).size).toBe(10);
    for (const { images } of result) expect(images.buffer.byteLength).toBe(images.length);
  });

  it('are the same whatever the concurrency, the look-ahead and the time each image takes', async () => {
    const expected = await all(batches(new SlowReader(23), order, { batchSize: 4, concurrency: 1, ahead: 0 }));
    let seed = 2;
    for (const concurrency of [1, 3, 16]) {
      for (const ahead of [0, 1, 5]) {
        const reader = new SlowReader(23, seed++);
        expect(await all(batches(reader, order, { batchSize: 4, concurrency, ahead }))).toEqual(expected);
        expect(reader.mostAtOnce).toBeLessThanOrEqual(concurrency);
      }
    }
  });

  it('decode side by side', async () => {
    const reader = new SlowReader(23);
    await all(batches(reader, order, { batchSize: 23, concurrency: 6 }));
    expect(reader.mostAtOnce).toBe(6);
  });

  it('run at most `ahead` batches ahead of a slow consumer', async () => {
    for (const ahead of [0, 1, 3]) {
      const reader = new SlowReader(40);
      let taken = 0;
      for await (const _ of batches(reader, epochOrder(40, 1, 0), { batchSize: 4, ahead, concurrency: 8 })) {
        taken++;
        await sleep(25);
        expect(reader.started).toBe(Math.min(40, 4 * (taken + ahead)));
      }
      expect(taken).toBe(10);
    }
  });

  it('drop the last partial batch, and go on from a given batch', async () => {
    const whole = await all(batches(new SlowReader(23), order, { batchSize: 5, dropLast: true }));
    expect(whole).toHaveLength(4);
    const rest = await all(batches(new SlowReader(23), order, { batchSize: 5, dropLast: true, start: 2 }));
    expect(rest).toEqual(whole.slice(2));
    expect(await all(batches(new SlowReader(23), order, { batchSize: 5, start: 5 }))).toEqual([]);
    expect(await all(batches(new SlowReader(0), new Int32Array(), { batchSize: 5 }))).toEqual([]);
  });

  it('stop decoding when the consumer leaves', async () => {
    const reader = new SlowReader(1000);
    for await (const _ of batches(reader, epochOrder(1000, 1, 0), { batchSize: 10, ahead: 20, concurrency: 4 })) break;
    const { started } = reader;
    expect(started).toBeLessThan(40);
    expect(reader.finished).toBe(started);
    await sleep(20);
    expect(reader.started).toBe(started);
  });

  it('give the batches before an unreadable image, then its error', async () => {
    const given: number[] = [];
    const reader = new SlowReader(23, 1, 13);
    const run = async () => {
      const ascending = Int32Array.from({ length: 23 }, (_, i) => i);
      for await (const batch of batches(reader, ascending, { batchSize: 5, ahead: 4, concurrency: 4 })) {
        await sleep(20);
        given.push(...batch.indices);
        expect([...batch.images]).toEqual([...batch.indices].flatMap((i) => Array(6).fill(i)));
      }
    };
    await expect(run()).rejects.toThrow('image 13: found no such file');
    expect(given).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('refuse sizes that make no sense', async () => {
    const first = (options: object) => batches(new SlowReader(3), order, { batchSize: 2, ...options }).next();
    await expect(first({ batchSize: 0 })).rejects.toThrow('batchSize 0 is not an integer >= 1');
    await expect(first({ ahead: -1 })).rejects.toThrow('ahead -1 is not an integer >= 0');
    await expect(first({ concurrency: 0 })).rejects.toThrow('concurrency 0');
  });
});
