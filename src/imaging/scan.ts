import { availableParallelism } from 'node:os';
import { ImageError } from './image.js';
import type { ImageReader } from './store.js';

export interface ScanOptions {
  /** Images read at a time. The number of cores unless said. */
  concurrency?: number;
  /** After every image, readable or not. An error thrown here ends the scan. */
  onProgress?(done: number, total: number): void;
  /** Every readable image `[C, H, W]`, in no fixed order. */
  onImage?(index: number, pixels: Uint8Array): void;
}

export interface ScanResult {
  /** Indices that can be read, ascending. */
  readable: Int32Array;
  /** The others, ascending by index, each with its reason. */
  unreadable: { index: number; name: string; reason: string }[];
}

/** Reads every image once. An unreadable image is listed and never stops the rest; any other error ends the scan. */
export async function scan(store: ImageReader, options: ScanOptions = {}): Promise<ScanResult> {
  const { concurrency = availableParallelism(), onProgress, onImage } = options;
  const reasons = new Map<number, string>();
  let next = 0;
  let done = 0;

  const reader = async () => {
    while (next < store.length) {
      const index = next++;
      const pixels = await store.read(index).catch((error: unknown) => {
        if (!(error instanceof ImageError)) throw error;
        reasons.set(index, error.reason);
      });
      if (pixels) onImage?.(index, pixels);
      onProgress?.(++done, store.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, reader));
  } finally {
    next = store.length;
  }

  const indices = Int32Array.from({ length: store.length }, (_, i) => i);
  const unreadable = [...reasons].map(([index, reason]) => ({ index, name: store.name(index), reason }));
  return {
    readable: indices.filter((index) => !reasons.has(index)),
    unreadable: unreadable.sort((a, b) => a.index - b.index),
  };
}

const NO_PIXELS = new Uint8Array();

/** As `scan`, for work of one's own on image files: a file for which it throws an ImageError is listed. No pixels are kept. */
export function scanFiles(
  paths: readonly string[],
  work: (path: string, index: number) => Promise<unknown>,
  options: Pick<ScanOptions, 'concurrency' | 'onProgress'> = {},
): Promise<ScanResult> {
  const reader: ImageReader = {
    length: paths.length,
    shape: [1, 0, 0],
    name: (index) => paths[index]!,
    read: async (index) => {
      await work(paths[index]!, index);
      return NO_PIXELS;
    },
  };
  return scan(reader, options);
}
