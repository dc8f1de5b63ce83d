/** 16-bit pixels of one channel, row-major; with a table, indices into it. */
export interface Words {
  data: Uint16Array;
  table?: Uint16Array;
  width: number;
  height: number;
}

/** The largest factor: a sum of as many rows of pairs of pixels fits into 32 bits. */
export const LARGEST_FACTOR = 8192;

/**
 * Averages of whole blocks of `across` x `down` pixels, rounded to the nearest, as Pillow's `Image.reduce` makes them of mode I
 * (src/libImaging/Reduce.c); blocks at the right and lower edge may be smaller. `[ceil(H / down), ceil(W / across)]`.
 *
 * Columns are summed over the rows of a block first, so that the image is read once and in order, 32 bits at a time where its rows
 * begin on such a word; the table is looked up on the way, and no full-size image of its values ever exists.
 */
export function reduce({ data, table, width, height }: Words, across: number, down: number): Int32Array {
  const outWidth = Math.ceil(width / across);
  const outHeight = Math.ceil(height / down);
  const out = new Int32Array(outWidth * outHeight);
  const inPairs = across % 2 === 0 && width % 2 === 0 && data.byteOffset % 4 === 0;
  const pairs = inPairs ? new Int32Array(data.buffer, data.byteOffset, data.length / 2) : undefined;
  const sums = new Int32Array(pairs ? width / 2 : width);
  const perBlock = pairs ? across / 2 : across;
  for (let y = 0; y < outHeight; y++) {
    const from = y * down;
    const rows = Math.min(down, height - from);
    sums.fill(0);
    for (let row = from; row < from + rows; row++) {
      if (!pairs) addPixels(sums, data, table, row * sums.length);
      else if (table) addLookedUpPairs(sums, pairs, table, row * sums.length);
      else addPairs(sums, pairs, row * sums.length);
    }
    for (let x = 0, at = 0; x < outWidth; x++) {
      const end = Math.min(at + perBlock, sums.length);
      const pixels = rows * Math.min(across, width - x * across);
      let sum = 0;
      for (; at < end; at++) sum += sums[at]!;
      out[y * outWidth + x] = Math.floor(sum / pixels + 0.5);
    }
  }
  return out;
}

function addPixels(sums: Int32Array, pixels: Uint16Array, table: Uint16Array | undefined, from: number): void {
  if (table) for (let x = 0; x < sums.length; x++) sums[x]! += table[pixels[from + x]!]!;
  else for (let x = 0; x < sums.length; x++) sums[x]! += pixels[from + x]!;
}

function addPairs(sums: Int32Array, pairs: Int32Array, from: number): void {
  for (let i = 0; i < sums.length; i++) {
    const pair = pairs[from + i]!;
    sums[i]! += (pair & 0xffff) + (pair >>> 16);
  }
}

function addLookedUpPairs(sums: Int32Array, pairs: Int32Array, table: Uint16Array, from: number): void {
  for (let i = 0; i < sums.length; i++) {
    const pair = pairs[from + i]!;
    sums[i]! += table[pair & 0xffff]! + table[pair >>> 16]!;
  }
}
