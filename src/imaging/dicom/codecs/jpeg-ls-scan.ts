/**
 * The entropy-coded data of one JPEG-LS scan (ITU-T T.87, annex A; near-lossless too), with every code bounded: broken data
 * ends in an Error, never in codes that grow without end.
 */

/** What T.87 calls MAXVAL, NEAR, T1 to T3 and RESET. */
export interface JpegLsParameters {
  maximum: number;
  near: number;
  thresholds: readonly [number, number, number];
  reset: number;
}

/** How the scan's components lie: one alone, line by line, or sample by sample (ILV 0, 1, 2). */
export type Interleave = 'none' | 'line' | 'sample';

/** Table A.4: the binary logarithm of the run lengths. */
const J = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** The sums of at most 255 errors of 16 bits keep `n << k` far from 32 bits. */
const LARGEST_K = 20;
/** 365 contexts of gradients, and two of interrupted runs. */
const RUN = 365;
const CONTEXTS = 367;

export class JpegLsScan {
  readonly #bits: BitReader;
  readonly #maximum: number;
  readonly #near: number;
  /** Of each gradient, from -maximum on, the level that it is quantized to, -4 to 4. */
  readonly #levels: Int8Array;
  readonly #reset: number;
  /** RANGE, qbpp, LIMIT, and the width of a quantized step. */
  readonly #range: number;
  readonly #quantizedBits: number;
  readonly #limit: number;
  readonly #step: number;
  readonly #a = new Int32Array(CONTEXTS);
  readonly #b = new Int32Array(CONTEXTS);
  readonly #c = new Int32Array(RUN);
  readonly #n = new Int32Array(CONTEXTS).fill(1);
  /** How many of the errors in each context of interrupted runs were negative. */
  readonly #negative = new Int32Array(CONTEXTS);
  #runIndex = 0;

  constructor(data: Uint8Array, { maximum, near, thresholds, reset }: JpegLsParameters) {
    this.#bits = new BitReader(data);
    this.#maximum = maximum;
    this.#near = near;
    this.#levels = new Int8Array(2 * maximum + 1);
    for (const [i, least] of [near + 1, ...thresholds].entries()) {
      this.#levels.fill(i + 1, maximum + least);
      if (least <= maximum) this.#levels.fill(-i - 1, 0, maximum - least + 1);
    }
    this.#reset = reset;
    this.#step = 2 * near + 1;
    this.#range = Math.floor((maximum + 2 * near) / this.#step) + 1;
    this.#quantizedBits = bitsFor(this.#range);
    const bits = Math.max(2, bitsFor(maximum + 1));
    this.#limit = 2 * (bits + Math.max(8, bits));
    this.#a.fill(Math.max(2, (this.#range + 32) >> 6));
  }

  /** `rows` lines of `columns` samples of each component, to `write` one component's line at a time. */
  decode(
    rows: number,
    columns: number,
    components: number,
    interleave: Interleave,
    write: (line: Int32Array, y: number, component: number) => void,
  ): void {
    // Each line has a sample before and one behind it: at 0 and at columns + 1.
    let lines = Array.from({ length: components }, () => new Int32Array(columns + 2));
    let above = Array.from({ length: components }, () => new Int32Array(columns + 2));
    const runIndices = new Int32Array(components);
    for (let y = 0; y < rows; y++) {
      for (let c = 0; c < components; c++) {
        above[c]![columns + 1] = above[c]![columns]!;
        lines[c]![0] = above[c]![1]!;
      }
      if (interleave === 'sample') this.#sampleLine(lines, above, columns);
      else {
        for (let c = 0; c < components; c++) {
          this.#runIndex = runIndices[c]!;
          this.#line(lines[c]!, above[c]!, columns);
          runIndices[c] = this.#runIndex;
        }
      }
      for (let c = 0; c < components; c++) write(lines[c]!.subarray(1, columns + 1), y, c);
      [lines, above] = [above, lines];
    }
  }

  #line(line: Int32Array, above: Int32Array, columns: number): void {
    let a = line[0]!;
    let b = above[1]!;
    let c = above[0]!;
    for (let x = 1; x <= columns; ) {
      const d = above[x + 1]!;
      const context = this.#context(a, b, c, d);
      if (context !== 0) {
        a = this.#regular(context, a, b, c);
        line[x++] = a;
        c = b;
        b = d;
        continue;
      }
      const length = this.#run(columns + 1 - x);
      line.fill(a, x, x + length);
      x += length;
      if (x > columns) return;
      b = above[x]!;
      if (Math.abs(a - b) <= this.#near) a = this.#reconstructed(a, this.#interruption(1));
      else a = this.#reconstructed(b, b < a ? -this.#interruption(0) : this.#interruption(0));
      line[x++] = a;
      if (this.#runIndex > 0) this.#runIndex--;
      c = b;
      b = above[x]!;
    }
  }

  /** A run is one of all components, and an interrupted one ends by codes of the first kind alone. */
  #sampleLine(lines: Int32Array[], above: Int32Array[], columns: number): void {
    const contexts = lines.map(() => 0);
    for (let x = 1; x <= columns; ) {
      for (let c = 0; c < lines.length; c++) contexts[c] = this.#contextAt(lines[c]!, above[c]!, x);
      if (contexts.some((context) => context !== 0)) {
        lines.forEach((line, c) => {
          line[x] = this.#regular(contexts[c]!, line[x - 1]!, above[c]![x]!, above[c]![x - 1]!);
        });
        x++;
        continue;
      }
      const length = this.#run(columns + 1 - x);
      for (const line of lines) line.fill(line[x - 1]!, x, x + length);
      x += length;
      if (x > columns) return;
      lines.forEach((line, c) => {
        const b = above[c]![x]!;
        const error = this.#interruption(0);
        line[x] = this.#reconstructed(b, b < line[x - 1]! ? -error : error);
      });
      if (this.#runIndex > 0) this.#runIndex--;
      x++;
    }
  }

  #contextAt(line: Int32Array, above: Int32Array, x: number): number {
    return this.#context(line[x - 1]!, above[x]!, above[x - 1]!, above[x + 1]!);
  }

  /**
   * The three gradients between a (left), b (above), c (above left) and d (above right), quantized to nine levels each,
   * as one number; its sign is that of the first that is not 0 (A.3).
   */
  #context(a: number, b: number, c: number, d: number): number {
    const levels = this.#levels;
    const zero = this.#maximum;
    return 81 * levels[zero + d - b]! + 9 * levels[zero + b - c]! + levels[zero + c - a]!;
  }

  /** A sample by its prediction from a (left), b (above) and c (above left) and its error (A.4 to A.6). */
  #regular(context: number, a: number, b: number, c: number): number {
    const q = Math.abs(context);
    const edge = c >= Math.max(a, b) ? Math.min(a, b) : c <= Math.min(a, b) ? Math.max(a, b) : a + b - c;
    const corrected = edge + (context < 0 ? -this.#c[q]! : this.#c[q]!);
    const predicted = Math.min(Math.max(corrected, 0), this.#maximum);

    const k = this.#golombParameter(this.#n[q]!, this.#a[q]!);
    const mapped = this.#code(k, this.#limit);
    let error = (mapped >> 1) ^ -(mapped & 1); // 0, -1, 1, -2, 2, ...
    if (this.#near === 0 && k === 0 && 2 * this.#b[q]! <= -this.#n[q]!) error = -error - 1;
    this.#learn(q, error);
    return this.#reconstructed(predicted, context < 0 ? -error : error);
  }

  #learn(q: number, error: number): void {
    this.#a[q]! += Math.abs(error);
    let b = this.#b[q]! + error * this.#step;
    if (this.#n[q] === this.#reset) {
      this.#a[q]! >>= 1;
      b >>= 1;
      this.#n[q]! >>= 1;
    }
    const n = ++this.#n[q]!;
    if (b <= -n) {
      b = Math.max(b + n, -n + 1);
      if (this.#c[q]! > -128) this.#c[q]!--;
    } else if (b > 0) {
      b = Math.min(b - n, 0);
      if (this.#c[q]! < 127) this.#c[q]!++;
    }
    this.#b[q] = b;
  }

  /** The length of a run of at most `most` samples (A.7.1). */
  #run(most: number): number {
    let length = 0;
    while (this.#bits.read(1) === 1) {
      const whole = 1 << J[this.#runIndex]!;
      if (whole > most - length) return most;
      length += whole;
      if (this.#runIndex < 31) this.#runIndex++;
      if (length === most) return most;
    }
    length += this.#bits.read(J[this.#runIndex]!);
    if (length > most) throw new Error('JPEG-LS data with a run over the end of its line');
    return length;
  }

  /** The error of the sample that ends a run; `type` 1 where the sample above is like the run (A.7.2). */
  #interruption(type: 0 | 1): number {
    const q = RUN + type;
    const n = this.#n[q]!;
    const k = this.#golombParameter(n, this.#a[q]! + (type === 1 ? n >> 1 : 0));
    const mapped = this.#code(k, this.#limit - J[this.#runIndex]! - 1);
    const odd = ((mapped + type) & 1) === 1;
    const size = (mapped + type + 1) >> 1;
    const error = (k !== 0 || 2 * this.#negative[q]! >= n) === odd ? -size : size;
    if (error < 0) this.#negative[q]!++;
    this.#a[q]! += (mapped + 1 - type) >> 1;
    if (n === this.#reset) {
      this.#a[q]! >>= 1;
      this.#n[q]! >>= 1;
      this.#negative[q]! >>= 1;
    }
    this.#n[q]!++;
    return error;
  }

  #golombParameter(n: number, a: number): number {
    let k = Math.max(0, Math.clz32(n) - Math.clz32(a)); // n << k has as many bits as a
    if (n << k < a) k++;
    if (k > LARGEST_K) throw new Error('JPEG-LS data with errors that grow without end');
    return k;
  }

  /** A Golomb code of parameter `k`, of at most `limit` bits (A.5.3). Errors map to less than twice the range. */
  #code(k: number, limit: number): number {
    const longest = limit - this.#quantizedBits - 1;
    const zeros = this.#bits.zeros(longest);
    const value = zeros < longest ? (zeros << k) + this.#bits.read(k) : this.#bits.read(this.#quantizedBits) + 1;
    if (value >= 2 * this.#range) throw new Error('JPEG-LS data with a code out of range');
    return value;
  }

  #reconstructed(predicted: number, error: number): number {
    let value = predicted + error * this.#step;
    if (value < -this.#near) value += this.#range * this.#step;
    else if (value > this.#maximum + this.#near) value -= this.#range * this.#step;
    return Math.min(Math.max(value, 0), this.#maximum);
  }
}

/** Bits, the highest of each byte first; after 0xff the next byte has 7 (A.1, and T.81, B.1.1.5). */
class BitReader {
  readonly #data: Uint8Array;
  #at = 0;
  /** The lowest `#count` bits are to be read next. */
  #cache = 0;
  #count = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** The next `n` bits, 0 to 24. */
  read(n: number): number {
    if (this.#count < n) this.#fill();
    if (this.#count < n) throw cutOff();
    this.#count -= n;
    return (this.#cache >>> this.#count) & ((1 << n) - 1);
  }

  /** Zeros up to a one, which is read too. Throws where there are more than `most`. */
  zeros(most: number): number {
    let zeros = 0;
    for (;;) {
      if (this.#count === 0) this.#fill();
      if (this.#count === 0) throw cutOff();
      const leading = Math.clz32(this.#cache << (32 - this.#count));
      if (leading < this.#count) {
        this.#count -= leading + 1;
        zeros += leading;
        break;
      }
      zeros += this.#count;
      this.#count = 0;
    }
    if (zeros > most) throw new Error('JPEG-LS data with a code that is too long');
    return zeros;
  }

  #fill(): void {
    while (this.#count <= 23 && this.#at < this.#data.length) {
      const byte = this.#data[this.#at]!;
      const bits = this.#at > 0 && this.#data[this.#at - 1] === 0xff ? 7 : 8;
      if (byte >> bits !== 0) return; // a marker
      this.#cache = (this.#cache << bits) | byte;
      this.#count += bits;
      this.#at++;
    }
  }
}

function cutOff(): Error {
  return new Error('JPEG-LS data that is cut off');
}

/** Bits that tell `n` values apart. */
function bitsFor(n: number): number {
  return 32 - Math.clz32(n - 1);
}
