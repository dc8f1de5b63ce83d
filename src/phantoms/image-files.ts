import { writeFile } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import { inputError } from '../base/index.js';

export interface ImageSetOptions {
  /** Number of images, at least 1. */
  images: number;
  /** Side of the square images, pixels, at least 16. */
  size: number;
  /** 0..2^32-1; the same seed gives the same files, byte for byte. */
  seed: number;
  onProgress?: (done: number, total: number) => void;
}

/** Refuses sizes and counts that make no set. */
export function checkImageSet({ images, size }: ImageSetOptions): void {
  if (!Number.isInteger(images) || images < 1) {
    throw inputError({ what: 'images', found: String(images), expected: 'a whole number, at least 1' });
  }
  if (!Number.isInteger(size) || size < 16) {
    throw inputError({ what: 'size', found: String(size), expected: 'a whole number of pixels, at least 16' });
  }
}

/** Draws images one after the other and writes them as PNG, encoding in the background with bounded memory. */
export async function writeImages(
  count: number,
  pathOf: (index: number) => string,
  draw: (index: number) => Sharp,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const ahead = 8;
  const pending: Promise<void>[] = [];
  let done = 0;
  for (let i = 0; i < count; i++) {
    if (pending.length === ahead) await pending.shift();
    const write = async () => {
      await writeFile(pathOf(i), await draw(i).png({ compressionLevel: 3 }).toBuffer());
      onProgress?.(++done, count);
    };
    pending.push(write());
  }
  await Promise.all(pending);
}
