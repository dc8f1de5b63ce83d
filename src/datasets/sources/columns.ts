import { inputError } from '../../base/index.js';

/** Numbers that are written one after the other, in memory that doubles. */
export class NumbersBuilder<T extends Float64Array | Uint32Array | Int32Array> {
  #length = 0;
  #values: T;

  constructor(private readonly room: (length: number) => T) {
    this.#values = room(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#makeRoom(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  /** Many at once, each with `shift` added. */
  append(values: T, shift = 0): void {
    this.#makeRoom(this.#length + values.length);
    this.#values.set(values, this.#length);
    if (shift !== 0) for (let i = this.#length; i < this.#length + values.length; i++) this.#values[i]! += shift;
    this.#length += values.length;
  }

  /** What is written so far, the first `most` of it; valid until the next one. */
  values(most = this.#length): T {
    return this.#values.subarray(0, Math.min(most, this.#length)) as T;
  }

  #makeRoom(length: number): void {
    if (length <= this.#values.length) return;
    const larger = this.room(Math.max(length, 2 * this.#values.length));
    larger.set(this.values());
    this.#values = larger;
  }
}

export const float64s = () => new NumbersBuilder<Float64Array>((length) => new Float64Array(length));
export const uint32s = () => new NumbersBuilder<Uint32Array>((length) => new Uint32Array(length));
export const int32s = () => new NumbersBuilder<Int32Array>((length) => new Int32Array(length));

/** Texts by index, as one stretch of UTF-8: no object per text, which millions would take a gigabyte for. */
export class Texts {
  readonly #bytes: Buffer;

  constructor(
    bytes: Uint8Array,
    /** Where each ends, in bytes. */
    readonly ends: Uint32Array,
  ) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.ends.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  at(index: number): string {
    return this.#bytes.toString('utf8', index === 0 ? 0 : this.ends[index - 1]!, this.ends[index]!);
  }

  /** The bytes and ends of texts `from` to `to`. */
  slice(from: number, to: number): { bytes: Uint8Array; ends: Uint32Array; start: number } {
    const start = from === 0 ? 0 : this.ends[from - 1]!;
    const end = to === 0 ? 0 : this.ends[to - 1]!;
    return { bytes: this.#bytes.subarray(start, end), ends: this.ends.subarray(from, to), start };
  }
}

/** The most bytes that all texts of a column may take: their ends are 32-bit. */
const MOST_BYTES = 2 ** 32 - 1;

export class TextsBuilder {
  #bytes = Buffer.alloc(1 << 14);
  #length = 0;
  readonly #ends = uint32s();

  push(text: string): void {
    this.#makeRoom(this.#length + 3 * text.length);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
    this.#ends.push(this.#length);
  }

  /** Texts `from` to `to` of a finished column. */
  append(texts: Texts, from: number, to: number): void {
    const { bytes, ends, start } = texts.slice(from, to);
    this.#makeRoom(this.#length + bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#ends.append(ends, this.#length - start);
    this.#length += bytes.length;
  }

  /** What is written so far, the first `most` of it; valid until the next one. */
  texts(most?: number): Texts {
    const ends = this.#ends.values(most);
    return new Texts(this.#bytes.subarray(0, ends.at(-1) ?? 0), ends);
  }

  #makeRoom(length: number): void {
    if (length <= this.#bytes.length) return;
    if (length > MOST_BYTES) {
      const fix = 'Divide it into several sources.';
      throw inputError({ what: 'source of pictures', found: 'over 4 GiB of names', expected: 'less', fix });
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(MOST_BYTES, Math.max(length, 2 * this.#bytes.length)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
