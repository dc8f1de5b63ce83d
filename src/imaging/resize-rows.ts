/**
 * Resampling with Pillow's kernels (src/libImaging/Resample.c), widened when reducing so that nothing aliases, in double precision.
 */
import type { Interpolation } from './target.js';

/** Which samples a line of pixels is resampled to. */
export interface Line {
  /** Pixels at hand. */
  length: number;
  /** What the samples divide into equal parts, in pixels from the first one; not whole where the last pixel is but a part of one. */
  extent: number;
  /** Samples along the whole extent. */
  samples: number;
  /** The samples wanted: `count` from number `first` on. */
  first: number;
  count: number;
  kernel: Interpolation;
  /** Whether weights are the fixed-point numbers that Pillow has for 8 bits; sums of them are exact here. */
  fixedPoint: boolean;
}

/** How far a kernel reaches, in samples, and its values. */
const KERNELS: Record<Interpolation, { support: number; at(x: number): number }> = {
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bicubic: { support: 2, at: (x) => cubic(Math.abs(x)) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
};

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Keys' cubic convolution with a = -0.5. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/** Pillow's PRECISION_BITS for 8-bit pixels: 32 - 8 - 2. */
const FIXED_POINT = 2 ** 22;

/**
 * Every row of `[N, length]` resampled, rounded to whole numbers, and turned to `[count, N]`, so that a second call goes down the
 * columns and turns it back. Results may overshoot the range of the pixels.
 */
export function resampleRows(pixels: Int32Array, line: Line): Int32Array {
  const { length, count } = line;
  const { starts, counts, weights, stride } = weightsOf(line);
  const rows = pixels.length / length;
  const out = new Int32Array(count * rows);
  let row = 0;
  // Four rows at a time share the look-up of a weight.
  for (; row + 3 < rows; row += 4) {
    const row0 = row * length;
    const row1 = row0 + length;
    const row2 = row1 + length;
    const row3 = row2 + length;
    for (let i = 0; i < count; i++) {
      let s0 = 0.5;
      let s1 = 0.5;
      let s2 = 0.5;
      let s3 = 0.5;
      const from = i * stride;
      const end = from + counts[i]!;
      const start = starts[i]! - from;
      for (let k = from; k < end; k++) {
        const weight = weights[k]!;
        const at = start + k;
        s0 += weight * pixels[row0 + at]!;
        s1 += weight * pixels[row1 + at]!;
        s2 += weight * pixels[row2 + at]!;
        s3 += weight * pixels[row3 + at]!;
      }
      const to = i * rows + row;
      out[to] = Math.floor(s0);
      out[to + 1] = Math.floor(s1);
      out[to + 2] = Math.floor(s2);
      out[to + 3] = Math.floor(s3);
    }
  }
  for (; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      let sum = 0.5;
      const at = row * length + starts[i]!;
      for (let k = 0; k < counts[i]!; k++) sum += weights[i * stride + k]! * pixels[at + k]!;
      out[i * rows + row] = Math.floor(sum);
    }
  }
  return out;
}

/** Per sample: its first pixel, how many there are, and their weights, which sum to 1; `stride` weights to a sample. */
interface Weights {
  starts: Int32Array;
  counts: Int32Array;
  weights: Float64Array;
  stride: number;
}

/** Of the last lines: the images of a data set tend to be of one size. */
const known = new Map<string, Weights>();
const MOST_KNOWN = 16;

function weightsOf(line: Line): Weights {
  const key = Object.values(line).join();
  let weights = known.get(key);
  if (!weights) {
    weights = newWeights(line);
    if (known.size === MOST_KNOWN) known.clear();
    known.set(key, weights);
  }
  return weights;
}

function newWeights({ length, extent, samples, first, count, kernel, fixedPoint }: Line): Weights {
  const { support: lobes, at } = KERNELS[kernel];
  const scale = extent / samples;
  const widening = Math.max(1, scale);
  const support = lobes * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Float64Array(count * stride);
  for (let i = 0; i < count; i++) {
    const centre = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(length, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const weight = at((k + start - centre + 0.5) / widening);
      weights[i * stride + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < n; k++) {
      const weight = weights[i * stride + k]! / sum;
      weights[i * stride + k] = fixedPoint ? roundAway(weight * FIXED_POINT) / FIXED_POINT : weight;
    }
    starts[i] = start;
    counts[i] = n;
  }
  return { starts, counts, weights, stride };
}

const roundAway = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
