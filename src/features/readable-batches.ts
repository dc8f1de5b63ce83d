import { ImageError, type ImageReader } from '../imaging/index.js';

export interface UnreadableImage {
  index: number;
  name: string;
  reason: string;
}

/** A batch of the images that can be read. */
export interface ReadableBatch {
  indices: Int32Array;
  /** `[B, C, H, W]`, 0..255. */
  images: Uint8Array;
  shape: [number, number, number, number];
}

/**
 * The images of a reader in their order, batch by batch, each read once, ahead of the consumer by two batches; those that cannot be
 * read go to `onUnreadable`, in order, and take no place. Any other error ends the loop.
 */
export async function* readableBatches(
  reader: ImageReader,
  batchSize: number,
  onUnreadable: (image: UnreadableImage) => void,
): AsyncGenerator<ReadableBatch, void, undefined> {
  const [channels, height, width] = reader.shape;
  const bytes = channels * height * width;
  const ahead: Promise<Uint8Array | ImageError>[] = [];
  let next = 0;
  const fill = () => {
    for (; next < reader.length && ahead.length < 3 * batchSize; next++) {
      const reading = reader.read(next).catch((error: unknown) => {
        if (error instanceof ImageError) return error;
        throw error;
      });
      reading.catch(() => {}); // thrown when its turn comes
      ahead.push(reading);
    }
  };
  let images = new Uint8Array(batchSize * bytes);
  let indices: number[] = [];
  const batch = (): ReadableBatch => {
    const shape = [indices.length, channels, height, width] as [number, number, number, number];
    return { indices: Int32Array.from(indices), images: images.subarray(0, indices.length * bytes), shape };
  };
  for (let index = 0; index < reader.length; index++) {
    fill();
    const pixels = await ahead.shift()!;
    if (pixels instanceof ImageError) onUnreadable({ index, name: reader.name(index), reason: pixels.reason });
    else {
      images.set(pixels, indices.length * bytes);
      indices.push(index);
    }
    if (indices.length < batchSize) continue;
    fill();
    yield batch();
    images = new Uint8Array(batchSize * bytes);
    indices = [];
  }
  if (indices.length > 0) yield batch();
}
