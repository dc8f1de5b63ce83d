import { compiledUrl, inputError } from '../../base/index.js';
import { TaskQueue } from '../concurrency.js';
import { ImageError, type ImageList } from '../image.js';
import { batchCount } from '../loader.js';
import { type PoolOptions, ThreadPool } from '../pool/thread-pool.js';
import type { CropKey, ImageCrops } from './image-crops.js';
import { type CropRecipe, checkCropRecipe } from './recipe.js';
import type { CropRequest } from './thread.js';

/** The crops of a batch of B images, in ArrayBuffers of its own, which may be transferred to a worker. Values are 0..255. */
export interface CropBatch {
  /** Which images, `[B]`; those that came in the place of others included. */
  indices: Int32Array<ArrayBuffer>;
  /** `[2 * B, C, S, S]`: the first crop of all images, then the second. */
  global: Uint8Array<ArrayBuffer>;
  globalShape: [number, number, number, number];
  /** `[L * B, C, s, s]`, in the same order. */
  local: Uint8Array<ArrayBuffer>;
  localShape: [number, number, number, number];
  /** Images that could not be read, why, and what came in their place. */
  replaced: { image: number; reason: string; by: number }[];
  /** How many images have a shorter side below S. */
  enlarged: number;
}

export interface CropFeedOptions extends PoolOptions {
  /** Of all random numbers. */
  seed: number;
}

export interface CropBatchOptions {
  /** Part of what the random numbers hang on. */
  epoch: number;
  batchSize: number;
  /** Leaves out a last batch of fewer than `batchSize` images. Off unless said. */
  dropLast?: boolean;
  /** Batches made ahead of the one in the consumer's hands; memory holds `ahead + 1` batches. 2 unless said. */
  ahead?: number;
  /** The first batch to give, to resume inside an epoch. */
  start?: number;
}

/** Images given to the threads at a time, per thread: none waits for this thread. */
const IMAGES_PER_THREAD = 2;

/**
 * Random crops of images, made by threads ahead of their use. What a batch holds depends on the sources, the recipe, seed, epoch, order
 * and batch size alone, not on the number of threads or on who is first.
 *
 * An image that cannot be read is replaced by the next of the order behind its batch (behind the last batch: by the first), told in the
 * batch's `replaced` and kept in `unreadable`; it is not tried again.
 */
export class CropFeed {
  /** Images that could not be read so far, by number. */
  readonly unreadable: ReadonlyMap<number, ImageError>;
  readonly #unreadable = new Map<number, ImageError>();
  readonly #sources: ImageList;
  readonly #recipe: CropRecipe;
  readonly #seed: number;
  readonly #threads: ThreadPool<CropRequest, ImageCrops>;

  /** Throws an InputError on a recipe that makes no sense. */
  constructor(sources: ImageList, recipe: CropRecipe, { seed, ...options }: CropFeedOptions) {
    checkCropRecipe(recipe);
    this.unreadable = this.#unreadable;
    this.#sources = sources;
    this.#recipe = recipe;
    this.#seed = seed;
    this.#threads = new ThreadPool({ thread: compiledUrl('./thread.js', import.meta.url), ...options });
  }

  /** Ends the threads. What was not done rejects with a HilumError, and so does every later call. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  /**
   * The crops of the images of `order`, batch by batch. Throws an InputError where no image of the order can be read. Leaving the loop
   * early begins no further image and waits for the few in progress.
   */
  async *batches(order: Int32Array, options: CropBatchOptions): AsyncGenerator<CropBatch, void, undefined> {
    const { epoch, batchSize, dropLast = false, ahead = 2, start = 0 } = options;
    check('batchSize', batchSize, 1);
    check('ahead', ahead, 0);
    check('start', start, 0);
    const count = batchCount(order.length, batchSize, dropLast);
    const queue = new TaskQueue(IMAGES_PER_THREAD * this.#threads.size);
    const stop = { asked: false };
    const making: Promise<CropBatch>[] = [];
    try {
      for (let batch = start, next = start; batch < count; batch++) {
        for (; next < count && next <= batch + ahead; next++) {
          const promise = this.#batch(order, next * batchSize, batchSize, epoch, queue, stop);
          promise.catch(() => {}); // A failure is thrown when its batch is due, and is not unhandled until then.
          making.push(promise);
        }
        yield await making.shift()!;
      }
    } finally {
      stop.asked = true;
      await Promise.allSettled(making);
    }
  }

  async #batch(
    order: Int32Array,
    from: number,
    batchSize: number,
    epoch: number,
    queue: TaskQueue,
    stop: { asked: boolean },
  ): Promise<CropBatch> {
    const indices = order.slice(from, from + batchSize) as Int32Array<ArrayBuffer>;
    const batch = emptyBatch(indices, this.#recipe);
    const fill = async (slot: number) => {
      if (stop.asked) return true;
      const key = { seed: this.#seed, epoch, image: indices[slot]! };
      const crops = await this.#crops(key);
      if (crops) place(batch, slot, crops);
      return crops !== undefined;
    };
    const slots = Array.from(indices, (_, slot) => queue.run(() => fill(slot)));
    const settled = await Promise.allSettled(slots);
    let next = from + indices.length;
    const last = next + order.length;
    for (const [slot, result] of settled.entries()) {
      if (result.status === 'rejected') throw result.reason;
      if (result.value) continue;
      const image = indices[slot]!;
      let crops: ImageCrops | undefined;
      for (; !crops && next < last && !stop.asked; next++) {
        indices[slot] = order[next % order.length]!;
        const key = { seed: this.#seed, epoch, image: indices[slot]!, inPlaceOf: image };
        crops = await queue.run(() => this.#crops(key));
      }
      if (stop.asked) break;
      if (!crops) throw this.#noneLeft(order);
      place(batch, slot, crops);
      batch.replaced.push({ image, reason: this.#unreadable.get(image)!.message, by: indices[slot]! });
    }
    return batch;
  }

  /** None where the image cannot be read. */
  async #crops(key: CropKey): Promise<ImageCrops | undefined> {
    if (this.#unreadable.has(key.image)) return;
    const source = key.image >= 0 ? this.#sources.at(key.image) : undefined;
    if (!source) throw new RangeError(`CropFeed: image ${key.image} is not in 0..${this.#sources.length - 1}`);
    try {
      return await this.#threads.submit(source, (plain) => ({ source: plain, recipe: this.#recipe, key }));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#unreadable.set(key.image, error);
      return;
    }
  }

  #noneLeft(order: Int32Array): Error {
    const [first] = this.#unreadable.values();
    return inputError({
      what: 'images for crops',
      found: `${order.length}, of which too few can be read to replace those that cannot (the first: ${first?.message})`,
      expected: 'images that can be read',
    });
  }
}

function emptyBatch(indices: Int32Array<ArrayBuffer>, { channels, global, local, locals }: CropRecipe): CropBatch {
  const side = global[0].size;
  const globalShape: CropBatch['globalShape'] = [2 * indices.length, channels, side, side];
  const localShape: CropBatch['localShape'] = [locals * indices.length, channels, local.size, local.size];
  const memory = (shape: number[]) => new Uint8Array(shape.reduce((product, length) => product * length, 1));
  const pixels = { global: memory(globalShape), globalShape, local: memory(localShape), localShape };
  return { indices, ...pixels, replaced: [], enlarged: 0 };
}

/** Puts an image's crops at its slot. */
function place(batch: CropBatch, slot: number, { global, local, enlarged }: ImageCrops): void {
  const images = batch.indices.length;
  if (enlarged) batch.enlarged++;
  const spread = (from: Uint8Array, to: Uint8Array, crops: number) => {
    const length = from.length / crops;
    for (let i = 0; i < crops; i++) to.set(from.subarray(i * length, (i + 1) * length), (i * images + slot) * length);
  };
  spread(global, batch.global, 2);
  spread(local, batch.local, batch.localShape[0] / images);
}

function check(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`CropFeed: ${name} ${value} is not an integer >= ${least}`);
}
