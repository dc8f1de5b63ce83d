/**
 * The perceptual hash of Python's imagehash package, `phash` with its defaults (JohannesBuchner/imagehash, `imagehash/__init__.py`):
 * the image in gray, resized to 32 x 32 with Pillow's Lanczos kernel; of its discrete cosine transform the 8 x 8 lowest frequencies;
 * a bit for each that is above their median.
 */
import { toGray } from '../channels.js';
import type { DecodedImage } from '../image.js';
import { toEightBits } from '../intensity.js';
import { resampleRows } from '../resize-rows.js';

const SIDE = 32;
const KEPT = 8;

/** Coefficients are rounded to such parts before they are compared: noise of floating point decides no bit. */
const PARTS = 2 ** 20;

/**
 * 64 bits, the first the one of the mean, then row by row; as 16 hexadecimal digits what `str(imagehash.phash(image))` gives for an
 * 8-bit image with the same pixels. Where a coefficient equals the median but for rounding, as in images of one gray level, bits
 * are 0 here and chance there. 16-bit images are brought to 8 bits first, without windowing.
 */
export function perceptualHash(image: DecodedImage): bigint {
  const coefficients = lowFrequencies(thirtyTwo(image));
  const sorted = coefficients.toSorted();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = 0n;
  for (const coefficient of coefficients) hash = (hash << 1n) | (coefficient > median ? 1n : 0n);
  return hash;
}

/** `[32, 32]` gray levels, as Pillow's `convert('L').resize((32, 32), LANCZOS)`, bit for bit. */
export function thirtyTwo(image: DecodedImage): Int32Array {
  const { width, height, data, maximum } = toGray(image);
  const pixels = Int32Array.from(toEightBits(data, maximum, { minMax: false, equalize: false }));
  return down(down(pixels, width), height);
}

/** `[N, length]` to `[32, N]`, held within 8 bits. */
function down(pixels: Int32Array, length: number): Int32Array {
  if (length === SIDE) return transposed(pixels, length);
  const line = {
    length,
    extent: length,
    samples: SIDE,
    first: 0,
    count: SIDE,
    kernel: 'lanczos',
    fixedPoint: true,
  } as const;
  const out = resampleRows(pixels, line);
  for (let i = 0; i < out.length; i++) out[i] = Math.max(0, Math.min(out[i]!, 255));
  return out;
}

function transposed(pixels: Int32Array, width: number): Int32Array {
  const height = pixels.length / width;
  return Int32Array.from(pixels, (_, i) => pixels[(i % height) * width + Math.floor(i / height)]!);
}

/** cos(pi k (2 n + 1) / 64) for k below 8: rows of the DCT of type II, twice which is SciPy's. */
const COSINES = Float64Array.from(
  { length: KEPT * SIDE },
  (_, i) => 2 * Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
);

/** `[8, 8]` of the two-dimensional DCT of `[32, 32]`, the frequency down the columns first. */
function lowFrequencies(pixels: Int32Array): Float64Array {
  const columns = new Float64Array(KEPT * SIDE); // [8, 32]
  for (let k = 0; k < KEPT; k++) {
    for (let y = 0; y < SIDE; y++) {
      const weight = COSINES[k * SIDE + y]!;
      for (let x = 0; x < SIDE; x++) columns[k * SIDE + x]! += weight * pixels[y * SIDE + x]!;
    }
  }
  return Float64Array.from({ length: KEPT * KEPT }, (_, i) => {
    const [down, across] = [Math.floor(i / KEPT), i % KEPT];
    let sum = 0;
    for (let x = 0; x < SIDE; x++) sum += COSINES[across * SIDE + x]! * columns[down * SIDE + x]!;
    return Math.round(sum * PARTS) / PARTS;
  });
}

/** 16 hexadecimal digits. */
export const hashText = (hash: bigint): string => hash.toString(16).padStart(16, '0');

/** In how many bits two hashes differ, 0 to 64. */
export function hammingDistance(a: bigint, b: bigint): number {
  let count = 0;
  for (let difference = a ^ b; difference > 0n; difference &= difference - 1n) count++;
  return count;
}
