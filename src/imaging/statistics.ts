/** What can be read off a radiograph without looking at the lungs: the predictors of the table of shortcuts. */

/**
 * Mean and population standard deviation of the pixels of one image, as fractions 0..1. `pixels` is `[1, size, size]`,
 * 0..255.
 */
export function pixelStatistics(pixels: Uint8Array, size: number): { mean: number; standardDeviation: number } {
  checkSquare('pixelStatistics', pixels, size);
  let sum = 0;
  let squares = 0;
  for (const x of pixels) {
    sum += x;
    squares += x * x;
  }
  const mean = sum / pixels.length;
  const variance = Math.max(0, squares / pixels.length - mean * mean);
  return { mean: mean / 255, standardDeviation: Math.sqrt(variance) / 255 };
}

/**
 * One image `[1, size, size]`, 0..255, reduced to `[side, side]` by area averaging, 0..1, row-major. A pixel that lies
 * across a cell's edge counts with the part of its area inside. Throws a RangeError where the image is smaller than the
 * thumbnail.
 */
export function thumbnail(pixels: Uint8Array, size: number, side = 16): Float32Array {
  checkSquare('thumbnail', pixels, size);
  if (side > size) throw new RangeError(`thumbnail: side ${side} is larger than the image, ${size}`);
  const step = size / side;
  const rows = new Float64Array(side * size); // [side, size]: averaged down, not yet across
  const out = new Float32Array(side * side);
  for (let cell = 0; cell < side; cell++) {
    for (let y = Math.floor(cell * step); y < Math.min(size, (cell + 1) * step); y++) {
      const weight = overlap(y, cell, step) / (255 * step);
      for (let x = 0; x < size; x++) rows[cell * size + x]! += weight * pixels[y * size + x]!;
    }
  }
  for (let cell = 0; cell < side; cell++) {
    for (let x = Math.floor(cell * step); x < Math.min(size, (cell + 1) * step); x++) {
      const weight = overlap(x, cell, step) / step;
      for (let row = 0; row < side; row++) out[row * side + cell]! += weight * rows[row * size + x]!;
    }
  }
  return out;
}

/** The length of pixel `at..at+1` inside cell `cell * step..(cell + 1) * step`. */
function overlap(at: number, cell: number, step: number): number {
  return Math.max(0, Math.min(at + 1, (cell + 1) * step) - Math.max(at, cell * step));
}

/**
 * The outermost ring of a square thumbnail `[side, side]`: 4 side - 4 values, row-major (60 of a 16 x 16 thumbnail).
 * Collimator edges, burnt-in markers and exposure outside the body live here; the lungs do not.
 */
export function borderRing(thumbnail: Float32Array): Float32Array {
  const side = Math.sqrt(thumbnail.length);
  if (!Number.isInteger(side)) throw new RangeError(`borderRing: ${thumbnail.length} values are not a square`);
  return thumbnail.filter((_, i) => {
    const row = Math.floor(i / side);
    const column = i % side;
    return row === 0 || row === side - 1 || column === 0 || column === side - 1;
  });
}

function checkSquare(caller: string, pixels: Uint8Array, size: number): void {
  if (pixels.length !== size * size) {
    throw new RangeError(`${caller}: ${pixels.length} pixels are not [1, ${size}, ${size}]`);
  }
}
