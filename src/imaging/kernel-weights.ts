/** Pillow's resampling kernels (src/libImaging/Resample.c), widened when reducing so that nothing aliases. */
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
  /** Whether weights are whole multiples of 1 / FIXED_POINT, as Pillow has them for 8 bits. */
  fixedPoint: boolean;
}

/** Per sample: its first pixel, how many there are, and their weights; `stride` weights to a sample. */
export interface Weights<Values extends Float64Array | Int32Array = Float64Array> {
  starts: Int32Array;
  counts: Int32Array;
  weights: Values;
  stride: number;
}

/** Pillow's PRECISION_BITS for 8-bit pixels: 32 - 8 - 2. */
export const FIXED_POINT_BITS = 22;
export const FIXED_POINT = 2 ** FIXED_POINT_BITS;

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

/** The most weights that a sample of the line can have. */
export function strideOf({ extent, samples, kernel }: Line): number {
  return Math.ceil(KERNELS[kernel].support * Math.max(1, extent / samples)) * 2 + 1;
}

/**
 * Writes the weights of a line, which sum to 1 per sample; into an Int32Array with `fixedPoint` alone, as multiples of 1 / FIXED_POINT.
 * `into` has room for `count` samples of `stride` weights.
 */
export function writeWeights(line: Line, into: Weights<Float64Array | Int32Array>): void {
  const { length, extent, samples, first, count, kernel, fixedPoint } = line;
  const { starts, counts, weights, stride } = into;
  const { support: lobes, at } = KERNELS[kernel];
  const unit = weights instanceof Int32Array ? 1 : 1 / FIXED_POINT;
  const scale = extent / samples;
  const widening = Math.max(1, scale);
  const support = lobes * widening;
  const raw = rawWeights(stride);
  for (let i = 0; i < count; i++) {
    const centre = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(length, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const weight = at((k + start - centre + 0.5) / widening);
      raw[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < n; k++) {
      const weight = raw[k]! / sum;
      weights[i * stride + k] = fixedPoint ? roundAway(weight * FIXED_POINT) * unit : weight;
    }
    starts[i] = start;
    counts[i] = n;
  }
}

let raw = new Float64Array(64);
function rawWeights(length: number): Float64Array {
  if (raw.length < length) raw = new Float64Array(2 * length);
  return raw;
}

const roundAway = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
