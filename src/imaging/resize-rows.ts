/**
 * Resampling with Pillow's kernels in double precision, in which sums of fixed-point weights are exact.
 */
import { type Line, strideOf, type Weights, writeWeights } from './kernel-weights.js';

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

function newWeights(line: Line): Weights {
  const { count } = line;
  const stride = strideOf(line);
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = { starts, counts, weights: new Float64Array(count * stride), stride };
  writeWeights(line, weights);
  return weights;
}
