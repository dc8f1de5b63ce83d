import type { DecodedImage } from './image.js';

/** An array of the same kind (8 or 16 bits) with another length. */
export function pixelArray(maximum: 255 | 65535, length: number): Uint8Array | Uint16Array {
  return maximum === 255 ? new Uint8Array(length) : new Uint16Array(length);
}

/**
 * One channel `[1, H, W]`. Three equal channels give that channel. Real colour gives Rec. 601 luma, 0.299 R + 0.587 G +
 * 0.114 B, rounded, in the 16-bit fixed point of Pillow's `convert('L')`.
 */
export function toGray(image: DecodedImage): DecodedImage {
  if (image.channels === 1) return image;
  const { width, height, maximum, data } = image;
  const n = width * height;
  const red = data.subarray(0, n);
  const green = data.subarray(n, 2 * n);
  const blue = data.subarray(2 * n, 3 * n);
  if (equal(red, green) && equal(red, blue)) return { width, height, channels: 1, maximum, data: red };
  const gray = pixelArray(maximum, n);
  for (let i = 0; i < n; i++) gray[i] = (19595 * red[i]! + 38470 * green[i]! + 7471 * blue[i]! + 0x8000) >>> 16;
  return { width, height, channels: 1, maximum, data: gray };
}

/** Three channels `[3, H, W]`; gray is repeated. */
export function toColor(image: DecodedImage): DecodedImage {
  if (image.channels === 3) return image;
  const data = pixelArray(image.maximum, 3 * image.data.length);
  for (let c = 0; c < 3; c++) data.set(image.data, c * image.data.length);
  return { ...image, channels: 3, data };
}

/** `[H, W, C]` to `[C, H, W]`. */
export function planar(interleaved: Uint8Array | Uint16Array, channels: 1 | 3): Uint8Array | Uint16Array {
  if (channels === 1) return interleaved;
  const n = interleaved.length / 3;
  const out = interleaved.slice();
  for (let i = 0, at = 0; i < n; i++) {
    out[i] = interleaved[at++]!;
    out[n + i] = interleaved[at++]!;
    out[2 * n + i] = interleaved[at++]!;
  }
  return out;
}

/** `[C, H, W]` to `[H, W, C]`. */
export function interleaved<T extends Uint8Array | Uint16Array | Uint32Array>(planar: T, channels: 1 | 3): T {
  if (channels === 1) return planar;
  const n = planar.length / 3;
  const out = planar.slice() as T;
  for (let i = 0, at = 0; i < n; i++) {
    out[at++] = planar[i]!;
    out[at++] = planar[n + i]!;
    out[at++] = planar[2 * n + i]!;
  }
  return out;
}

function equal(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): boolean {
  return (
    Buffer.compare(
      Buffer.from(a.buffer, a.byteOffset, a.byteLength),
      Buffer.from(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  );
}
