import { isRestart } from './jpeg-markers.js';

/** For every 16 bits the code that they start with: its length << 8 | its value; 0 where they start with none. */
export type HuffmanTable = Uint16Array;

/** How many codes there are of each length from 1 to 16, and the values that they stand for. */
interface HuffmanCodes {
  counts: Uint8Array;
  values: Uint8Array;
}

/** By class, DC (and lossless) or AC, and number. A table is built when a scan asks for it: broken data may list millions. */
export class HuffmanTables {
  readonly #codes = { dc: [] as HuffmanCodes[], ac: [] as HuffmanCodes[] };

  /** Adds the tables of a DHT segment (ITU-T T.81, B.2.4.2). */
  read(body: Uint8Array): void {
    for (let at = 0; at < body.length; ) {
      const selector = body[at]!;
      const counts = body.subarray(at + 1, at + 17);
      const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
      if (selector >> 4 > 1 || (selector & 15) > 3 || end > body.length) throw new Error('a broken JPEG Huffman table');
      this.#codes[selector >> 4 === 0 ? 'dc' : 'ac'][selector & 15] = { counts, values: body.subarray(at + 17, end) };
      at = end;
    }
  }

  /** Throws an Error where the data has no such table, or one of more codes than bits can tell apart. */
  table(kind: 'dc' | 'ac', number: number): HuffmanTable {
    const codes = this.#codes[kind][number];
    if (!codes) throw new Error(`JPEG data without its Huffman table ${number}`);
    return tableOf(codes);
  }
}

/** Codes are given in order of length (T.81, annex C). */
function tableOf({ counts, values }: HuffmanCodes): HuffmanTable {
  const table = new Uint16Array(65536);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++) {
      const start = code << (16 - length);
      const end = (code + 1) << (16 - length);
      if (end > 65536) throw new Error('a JPEG Huffman table of more codes than bits');
      table.fill((length << 8) | values[next++]!, start, end);
      code++;
    }
    code <<= 1;
  }
  return table;
}

/**
 * The bits of one restart interval. `position` is the next bit; reading past the end gives zeros, so that a reader checks
 * `exhausted` now and then, not at each bit.
 */
export class BitReader {
  readonly bytes: Uint8Array;
  readonly bits: number;
  position = 0;

  constructor(unstuffed: Uint8Array, length: number) {
    this.bytes = unstuffed;
    this.bits = length * 8;
  }

  /** Whether more bits have been read than there are. */
  get exhausted(): boolean {
    return this.position > this.bits;
  }

  /** The next 16 bits; the position stays. */
  peek16(): number {
    const at = this.position >>> 3;
    const { bytes } = this;
    return (((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!) >> (8 - (this.position & 7))) & 0xffff;
  }

  /** The next value that `table` codes. Throws an Error for bits that are no code. */
  decode(table: HuffmanTable): number {
    const entry = table[this.peek16()]!;
    if (entry === 0) throw new Error('JPEG data with bits that are no Huffman code');
    this.position += entry >> 8;
    return entry & 0xff;
  }

  /** A signed number of `size` bits, 1 to 16 (T.81, F.2.2.1: RECEIVE and EXTEND). */
  receive(size: number): number {
    const value = this.peek16() >> (16 - size);
    this.position += size;
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }
}

/**
 * A scan's data, one reader per restart interval, with stuffed zeros removed. Throws an Error where there are not `count`
 * of them.
 */
export function restartIntervalsOf(data: Uint8Array, count: number): BitReader[] {
  const readers: BitReader[] = [];
  const bytes = new Uint8Array(data.length + 4); // what is read ahead of the last bits
  let start = 0;
  let length = 0;
  let from = 0;
  const copyTo = (to: number) => {
    bytes.set(data.subarray(from, to), start + length);
    length += to - from;
  };
  const endInterval = () => {
    if (readers.length === count) throw new Error(`JPEG data of more than ${count} restart intervals`);
    readers.push(new BitReader(bytes.subarray(start), length));
    start += length;
    length = 0;
  };
  for (let at = data.indexOf(0xff); at >= 0; at = data.indexOf(0xff, at + 1)) {
    const next = data[at + 1];
    if (next === 0) copyTo(at + 1);
    else if (next !== undefined && isRestart(next)) {
      copyTo(at);
      endInterval();
    } else continue;
    from = at + 2;
  }
  copyTo(data.length);
  endInterval();
  if (readers.length < count) throw new Error(`JPEG data of ${readers.length} restart intervals, not ${count}`);
  return readers;
}
