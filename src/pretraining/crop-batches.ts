import { batchCount, type CropFeed, epochOrder } from '../imaging/index.js';
import type { MadeFeed } from '../training/index.js';

export interface CropBatchesOptions {
  images: number;
  batchSize: number;
  /** Steps of an epoch; null: once through the images. */
  epochSteps: number | null;
  seed: number;
  /** Images that cannot be read, as they are met. */
  onReplaced?(image: number, reason: string): void;
}

/**
 * Batches of crops for training. The images are gone through in a new order each time, the last partial batch left out; an epoch of
 * `epochSteps` may end within such a pass, and begins where the one before it ended.
 */
export function cropBatches(feed: CropFeed, options: CropBatchesOptions): MadeFeed {
  const { images, batchSize, seed, onReplaced } = options;
  const perPass = batchCount(images, batchSize, true);
  const steps = options.epochSteps ?? perPass;
  return {
    images: perPass === 0 ? 0 : steps * batchSize,
    batchSize,
    async *read(epoch, start) {
      const end = (epoch + 1) * steps;
      for (let at = epoch * steps + start; at < end; ) {
        const pass = Math.floor(at / perPass);
        const crops = feed.batches(epochOrder(images, seed, pass), {
          epoch: pass,
          batchSize,
          dropLast: true,
          start: at % perPass,
        });
        for await (const { indices, global, globalShape, local, localShape, replaced } of crops) {
          for (const { image, reason } of replaced) onReplaced?.(image, reason);
          yield { indices, images: global, shape: globalShape, extra: { images: local, shape: localShape } };
          if (++at === end) return;
        }
      }
    },
  };
}
