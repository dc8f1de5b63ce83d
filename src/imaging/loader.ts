import { availableParallelism } from 'node:os';
import { Random } from '../base/index.js';
import { TaskQueue } from './concurrency.js';
import type { ImageReader } from './store.js';

/** One batch, in ArrayBuffers of its own, which may be transferred to a worker. */
export interface ImageBatch {
  /** Which images, in the order of `images`. */
  indices: Int32Array;
  /** `[B, C, H, W]`, 0..255. */
  images: Uint8Array;
  shape: [number, number, number, number];
}

export interface BatchOptions {
  batchSize: number;
  /** Leaves out a last batch of fewer than `batchSize` images. Off unless said. */
  dropLast?: boolean;
  /** Batches decoded ahead of the one in the consumer's hands; memory holds `ahead + 1` batches. 2 unless said. */
  ahead?: number;
  /** Images decoded at a time. The number of cores unless said. */
  concurrency?: number;
  /** The first batch to give, to resume inside an epoch. */
  start?: number;
}

/** The order of an epoch over `n` images: a permutation that depends on seed and epoch alone. */
export function epochOrder(n: number, seed: number, epoch: number): Int32Array {
  return Random.of(seed, 'order', epoch).permutation(n);
}

/** How many batches `batches` gives for `n` images, from batch 0. */
export function batchCount(n: number, batchSize: number, dropLast = false): number {
  return dropLast ? Math.floor(n / batchSize) : Math.ceil(n / batchSize);
}

/**
 * The images of `order`, batch by batch, decoded ahead of the consumer. Which images make up a batch, and their order,
 * depends on `order` and `batchSize` alone, whatever finishes first. Throws the ImageError of an unreadable image
 * (`scan` finds those beforehand). Leaving the loop early starts no further decoding and waits for the few images in
 * progress.
 */
export async function* batches(
  store: ImageReader,
  order: Int32Array,
  options: BatchOptions,
): AsyncGenerator<ImageBatch, void, undefined> {
  const { batchSize, dropLast = false, ahead = 2, concurrency = availableParallelism(), start = 0 } = options;
  check('batchSize', batchSize, 1);
  check('ahead', ahead, 0);
  check('start', start, 0);
  const count = batchCount(order.length, batchSize, dropLast);
  const queue = new TaskQueue(concurrency);
  const decoding: Promise<ImageBatch>[] = [];
  let stopped = false;

  const decode = async (batch: number): Promise<ImageBatch> => {
    const indices = order.slice(batch * batchSize, (batch + 1) * batchSize);
    const [channels, height, width] = store.shape;
    const imageSize = channels * height * width;
    const images = new Uint8Array(indices.length * imageSize);
    const copy = async (index: number, slot: number) => {
      if (!stopped) images.set(await store.read(index), slot * imageSize);
    };
    const copies = Array.from(indices, (index, slot) => queue.run(() => copy(index, slot)));
    const failure = (await Promise.allSettled(copies)).find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
    return { indices, images, shape: [indices.length, channels, height, width] };
  };

  try {
    for (let batch = start, next = start; batch < count; batch++) {
      for (; next < count && next <= batch + ahead; next++) {
        const promise = decode(next);
        promise.catch(() => {}); // A failure is thrown when its batch is due, and is not unhandled until then.
        decoding.push(promise);
      }
      yield await decoding.shift()!;
    }
  } finally {
    stopped = true;
    await Promise.allSettled(decoding);
  }
}

function check(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`batches: ${name} ${value} is not an integer >= ${least}`);
}
