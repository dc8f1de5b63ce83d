/**
 * Images `[C, H, W]`, 0..255, of which something is taken away, to see what a model still reads in the rest. All functions give a new
 * array and leave the image as it is; what is taken away becomes black (0).
 */
import type { Random } from '../base/index.js';

/** C, H, W */
export type ImageShape = readonly [number, number, number];

/** The frame of an image alone, `width` pixels from each side: markers, collimator edges, burnt-in text; the rest is black. */
export function keepBorder(image: Uint8Array, shape: ImageShape, width: number): Uint8Array {
  return keepWhere(image, shape, frame(shape, width));
}

/** An image without its frame, `width` pixels from each side. */
export function keepCentre(image: Uint8Array, shape: ImageShape, width: number): Uint8Array {
  return keepWhere(image, shape, inverted(frame(shape, width)));
}

/** The pixels where `mask` `[H, W]` is not 0; the others are black in every channel. Throws a RangeError where the sizes differ. */
export function keepWhere(image: Uint8Array, [, height, width]: ImageShape, mask: Uint8Array): Uint8Array {
  const plane = height * width;
  if (mask.length !== plane) throw new RangeError(`keepWhere: a mask of ${mask.length} for [${height}, ${width}]`);
  return image.map((value, i) => (mask[i % plane] === 0 ? 0 : value));
}

/** 1 where a mask is 0, and 0 elsewhere. */
export const inverted = (mask: Uint8Array): Uint8Array => mask.map((value) => (value === 0 ? 1 : 0));

/**
 * The image cut into `grid` x `grid` patches of equal size, put together in a random order, the same in every channel: texture and local
 * detail stay, shape and place go. Pixels at the right and bottom that fill no patch become black.
 */
export function shufflePatches(image: Uint8Array, shape: ImageShape, grid: number, random: Random): Uint8Array {
  const [channels, height, width] = shape;
  const [down, across] = [Math.floor(height / grid), Math.floor(width / grid)];
  if (down === 0 || across === 0) throw new RangeError(`shufflePatches: ${grid} x ${grid} of [${height}, ${width}]`);
  const out = new Uint8Array(image.length);
  const order = random.permutation(grid * grid);
  for (const [to, from] of order.entries()) {
    const source = Math.floor(from / grid) * down * width + (from % grid) * across;
    const target = Math.floor(to / grid) * down * width + (to % grid) * across;
    for (let row = 0; row < channels * down; row++) {
      const start = Math.floor(row / down) * height * width + (row % down) * width;
      out.set(image.subarray(source + start, source + start + across), target + start);
    }
  }
  return out;
}

/**
 * What is left at a resolution of `cells` x `cells`: the means of that many equal areas (a pixel across an edge counts with the part of
 * it inside), interpolated bilinearly to the old size. Throws a RangeError where the image has fewer pixels than cells.
 */
export function lowPass(image: Uint8Array, [channels, height, width]: ImageShape, cells: number): Uint8Array {
  if (cells > Math.min(height, width)) throw new RangeError(`lowPass: ${cells} cells of [${height}, ${width}]`);
  const plane = height * width;
  const down = [areaWeights(height, cells), areaWeights(width, cells)] as const;
  const up = [bilinearWeights(cells, height), bilinearWeights(cells, width)] as const;
  const out = new Uint8Array(image.length);
  for (let c = 0; c < channels; c++) {
    const means = separable(Float64Array.from(image.subarray(c * plane, (c + 1) * plane)), width, ...down);
    const smooth = separable(means, cells, ...up);
    for (const [i, value] of smooth.entries()) out[c * plane + i] = Math.round(value);
  }
  return out;
}

/** `[H, W]`: 1 in the frame. Throws a RangeError for a frame without an inside. */
function frame([, height, width]: ImageShape, thickness: number): Uint8Array {
  if (!Number.isInteger(thickness) || thickness < 1 || 2 * thickness >= Math.min(height, width)) {
    throw new RangeError(`a frame of ${thickness} pixels does not fit in [${height}, ${width}]`);
  }
  return new Uint8Array(height * width).map((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const fromSide = Math.min(row, height - 1 - row, column, width - 1 - column);
    return fromSide < thickness ? 1 : 0;
  });
}

/** What an output is made of: inputs from `first` on, with these weights. */
interface Taps {
  first: number;
  weights: number[];
}

function areaWeights(length: number, cells: number): Taps[] {
  const step = length / cells;
  return Array.from({ length: cells }, (_, cell) => {
    const first = Math.floor(cell * step);
    const end = Math.min(length, Math.ceil((cell + 1) * step));
    const overlap = (at: number) => Math.max(0, Math.min(at + 1, (cell + 1) * step) - Math.max(at, cell * step));
    return { first, weights: Array.from({ length: end - first }, (_, i) => overlap(first + i) / step) };
  });
}

function bilinearWeights(cells: number, length: number): Taps[] {
  return Array.from({ length }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * cells) / length - 0.5, 0), cells - 1);
    const first = Math.min(Math.floor(at), Math.max(cells - 2, 0));
    return { first, weights: cells === 1 ? [1] : [1 - (at - first), at - first] };
  });
}

/** `values` of rows of `width`, weighted along columns and rows: `[rows.length, columns.length]`. */
function separable(values: Float64Array, width: number, rows: readonly Taps[], columns: readonly Taps[]): Float64Array {
  const narrow = new Float64Array(rows.length * width);
  for (const [row, { first, weights }] of rows.entries()) {
    for (const [i, weight] of weights.entries()) {
      for (let x = 0; x < width; x++) narrow[row * width + x]! += weight * values[(first + i) * width + x]!;
    }
  }
  const out = new Float64Array(rows.length * columns.length);
  for (let row = 0; row < rows.length; row++) {
    for (const [column, { first, weights }] of columns.entries()) {
      let sum = 0;
      for (const [i, weight] of weights.entries()) sum += weight * narrow[row * width + first + i]!;
      out[row * columns.length + column] = sum;
    }
  }
  return out;
}
