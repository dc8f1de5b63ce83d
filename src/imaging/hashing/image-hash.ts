import { createHash } from 'node:crypto';
import { toGray } from '../channels.js';
import type { DecodedImage } from '../image.js';
import { perceptualHash } from './perceptual-hash.js';

/** By which an image is known again. */
export interface ImageHash {
  /** As `perceptualHash`: images that look alike differ in few bits. */
  perceptual: bigint;
  /**
   * SHA-256 of the pixels, 32 bytes: of `[C, H, W]` and the largest value as a line of text, then the pixels, 16 bits little-endian.
   * Three equal channels count as one, so that a gray image has one hash however it is stored.
   */
  exact: Uint8Array;
  width: number;
  height: number;
}

export function hashImage(image: DecodedImage): ImageHash {
  const gray = toGray(image);
  const { channels, width, height, maximum, data } = isGray(image, gray) ? gray : image;
  const hash = createHash('sha256').update(`${channels} ${height} ${width} ${maximum}\n`);
  const exact = new Uint8Array(hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest());
  return { perceptual: perceptualHash(gray), exact, width, height };
}

/** `toGray` takes one of three equal channels as it lies, and makes new pixels of others. */
const isGray = (image: DecodedImage, gray: DecodedImage) => gray.data.buffer === image.data.buffer;
