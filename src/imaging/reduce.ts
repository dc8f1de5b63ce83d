/** Pixels of one channel, row-major; with a table, indices into it. */
export interface Plane {
  data: Uint8Array | Uint16Array;
  /** Of 16-bit indices. */
  table?: Uint16Array;
  width: number;
  height: number;
}

/** The largest factor: sums of as many rows of pairs of 8-bit pixels fit into 16 bits. */
export const LARGEST_FACTOR = 128;

/**
 * Averages of whole blocks of `across` x `down` pixels, rounded to the nearest, as Pillow's `Image.reduce` makes them
 * (src/libImaging/Reduce.c); blocks at the right and lower edge may be smaller. `[ceil(H / down), ceil(W / across)]`.
 *
 * Columns are summed over the rows of a block first, so that the image is read once and in order, 32 bits at a time where its rows
 * begin on such a word; the table is looked up on the way, and no full-size image of its values ever exists.
 */
export function reduce({ data, table, width, height }: Plane, across: number, down: number): Int32Array {
  const outWidth = Math.ceil(width / across);
  const outHeight = Math.ceil(height / down);
  const out = new Int32Array(outWidth * outHeight);
  const bytes = data instanceof Uint8Array;
  const perWord = bytes ? 4 : 2;
  const inPairs = across % 2 === 0 && width % perWord === 0 && data.byteOffset % 4 === 0;
  const words = inPairs ? new Int32Array(data.buffer, data.byteOffset, data.length / perWord) : undefined;
  const sums = new Int32Array(words ? width / perWord : width);
  const columns = words && bytes ? new Uint16Array(sums.buffer) : sums;
  const perBlock = words ? across / 2 : across;
  for (let y = 0; y < outHeight; y++) {
    const from = y * down;
    const rows = Math.min(down, height - from);
    sums.fill(0);
    for (let row = from; row < from + rows; row++) {
      if (!words) addPixels(sums, data, table, row * sums.length);
      else if (bytes) addPairsOfBytes(sums, words, row * sums.length);
      else if (table) addLookedUpPairs(sums, words, table, row * sums.length);
      else addPairs(sums, words, row * sums.length);
    }
    averageBlocks(columns, perBlock, rows * across, out, y * outWidth);
    const rest = width % across;
    if (rest > 0) {
      const sums = columns.subarray((outWidth - 1) * perBlock);
      averageBlocks(sums, sums.length, rows * rest, out, (y + 1) * outWidth - 1);
    }
  }
  return out;
}

/** Averages of the whole blocks of a line, each of `perBlock` sums and `pixels` pixels. */
function averageBlocks(
  sums: Uint16Array | Int32Array,
  perBlock: number,
  pixels: number,
  out: Int32Array,
  to: number,
): void {
  const blocks = Math.floor(sums.length / perBlock);
  const share = 1 / pixels;
  for (let x = 0, at = 0; x < blocks; x++) {
    let sum = 0;
    for (const end = at + perBlock; at < end; at++) sum += sums[at]!;
    out[to + x] = sum * share + 0.5; // cut off to a whole number
  }
}

function addPixels(
  sums: Int32Array,
  pixels: Uint8Array | Uint16Array,
  table: Uint16Array | undefined,
  from: number,
): void {
  if (table) for (let x = 0; x < sums.length; x++) sums[x]! += table[pixels[from + x]!]!;
  else for (let x = 0; x < sums.length; x++) sums[x]! += pixels[from + x]!;
}

/** Four pixels to a word, which becomes two sums of 16 bits. */
function addPairsOfBytes(sums: Int32Array, words: Int32Array, from: number): void {
  for (let i = 0; i < sums.length; i++) {
    const word = words[from + i]!;
    sums[i]! += (word & 0xff00ff) + ((word >>> 8) & 0xff00ff);
  }
}

/** Two pixels to a word. */
function addPairs(sums: Int32Array, words: Int32Array, from: number): void {
  for (let i = 0; i < sums.length; i++) {
    const word = words[from + i]!;
    sums[i]! += (word & 0xffff) + (word >>> 16);
  }
}

function addLookedUpPairs(sums: Int32Array, words: Int32Array, table: Uint16Array, from: number): void {
  for (let i = 0; i < sums.length; i++) {
    const word = words[from + i]!;
    sums[i]! += table[word & 0xffff]! + table[word >>> 16]!;
  }
}
