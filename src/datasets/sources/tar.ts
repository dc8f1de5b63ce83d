/**
 * The members of a tar archive, where they lie: POSIX ustar and pax (IEEE 1003.1, pax), and GNU's long names and sizes
 * (GNU tar manual, "Basic Tar Format"). Headers alone are read; whatever a header claims is held against the archive's size.
 */
import { readSync } from 'node:fs';

export interface TarMember {
  /** As stored, whatever it is. */
  name: string;
  /** Of the content, in the file. */
  offset: number;
  length: number;
  kind: 'file' | 'folder' | 'link' | 'sparse' | 'other';
}

/** What is wrong with an archive, as a noun phrase with the place. */
export class TarError extends Error {}

/** A stretch of an open file that is an archive. */
export interface TarStretch {
  fd: number;
  start: number;
  end: number;
}

const BLOCK = 512;
/** The longest name or pax header that is read; what is longer is a fault. */
const MOST_EXTRA = 2 ** 20;
const AHEAD = 8 * BLOCK;

/**
 * Walks from header to header. Ends at two blocks of zeros, or at the end of the archive, which some writers leave bare. Throws a
 * TarError where a header is damaged or its member reaches beyond the end; the members before it are complete.
 */
export function* tarMembers({ fd, start, end }: TarStretch): Generator<TarMember, void> {
  const window = new Window(fd, end);
  const global: Pax = {};
  let next: Pax = {};
  for (let at = start; at < end; ) {
    if (at + BLOCK > end) throw new TarError(`an archive cut off at byte ${at}`);
    const header = window.read(at, BLOCK);
    if (isZero(header)) {
      requireNoMore(window, at, end);
      return;
    }
    if (!isHeader(header)) throw new TarError(`a damaged header at byte ${at}`);
    const type = String.fromCharCode(header[156]!);
    const stated =
      type === 'x' || type === 'g' || type === 'L' || type === 'K' ? undefined : (next.size ?? global.size);
    const length = stated ?? numberOf(header, 124, 12);
    const offset = at + BLOCK;
    if (!Number.isSafeInteger(length) || length < 0) throw new TarError(`an impossible size at byte ${at}`);
    if (length > end - offset) throw new TarError(`a member of ${length} bytes, cut off, at byte ${at}`);
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      if (length > MOST_EXTRA) throw new TarError(`a name of ${length} bytes before byte ${at}`);
      const content = window.read(offset, length);
      if (type === 'g') Object.assign(global, paxOf(content));
      else if (type === 'x') next = { ...next, ...paxOf(content) };
      else if (type === 'L') next.path ??= textOf(content, 0, length);
      continue;
    }
    const extra = { ...global, ...next };
    next = {};
    const kind = extra.sparse ? 'sparse' : (KINDS[type] ?? 'other');
    yield { name: extra.path ?? nameOf(header), offset, length, kind };
  }
}

/** Behind the end, archives are padded with zeros; other bytes there are another archive, or what damage has left. */
function requireNoMore(window: Window, from: number, end: number): void {
  for (let at = from; at + BLOCK <= Math.min(end, from + MOST_EXTRA); at += BLOCK) {
    if (!isZero(window.read(at, BLOCK))) throw new TarError(`more data behind an end at byte ${from}`);
  }
}

const KINDS: Record<string, TarMember['kind']> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'link',
  '5': 'folder',
  S: 'sparse',
};

/** What extended headers say of a member. */
interface Pax {
  path?: string;
  size?: number;
  sparse?: true;
}

/** Records `LENGTH KEY=VALUE\n`; throws a TarError where they are none. */
function paxOf(content: Buffer): Pax {
  const pax: Pax = {};
  for (let at = 0; at < content.length && content[at] !== 0; ) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(content.toString('latin1', at, space));
    const end = at + length;
    const equals = content.indexOf(0x3d, at);
    if (
      !(Number.isInteger(length) && end <= content.length && equals > space && equals < end && content[end - 1] === 10)
    ) {
      throw new TarError('an extended header that cannot be read');
    }
    const key = content.toString('utf8', space + 1, equals);
    const value = content.toString('utf8', equals + 1, end - 1);
    if (key === 'path') pax.path = value;
    else if (key === 'size') pax.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    else if (key.startsWith('GNU.sparse.')) pax.sparse = true;
    at = end;
  }
  return pax;
}

/** The sum of a header's bytes, its own field taken as blanks, is what the field says; old writers summed signed bytes. */
function isHeader(header: Buffer): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : header[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stated = numberOf(header, 148, 8);
  return stated === unsigned || stated === signed;
}

/** Octal digits, or base 256 where the first bit is set (GNU); NaN where it is neither. */
function numberOf(header: Buffer, from: number, length: number): number {
  const first = header[from]!;
  if (first & 0x80) {
    if (first & 0x40) return Number.NaN;
    let value = first & 0x3f;
    for (let i = 1; i < length; i++) value = value * 256 + header[from + i]!;
    return value;
  }
  const text = textOf(header, from, from + length).trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function nameOf(header: Buffer): string {
  const name = textOf(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header, 345, 500) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textOf(bytes: Buffer, from: number, to: number): string {
  const zero = bytes.indexOf(0, from);
  return bytes.toString('utf8', from, zero < 0 || zero > to ? to : zero);
}

const isZero = (block: Buffer) => block[0] === 0 && block.every((byte) => byte === 0);

/** Reads a little ahead, so that small members are not a read each. */
class Window {
  #bytes = Buffer.alloc(AHEAD);
  #start = 0;
  #length = 0;

  constructor(
    private readonly fd: number,
    private readonly end: number,
  ) {}

  /** Valid until the next one. */
  read(position: number, length: number): Buffer {
    if (position < this.#start || position + length > this.#start + this.#length) this.#fill(position, length);
    const at = position - this.#start;
    if (at + length > this.#length) throw new TarError(`an archive cut off at byte ${this.#start + this.#length}`);
    return this.#bytes.subarray(at, at + length);
  }

  #fill(position: number, length: number): void {
    if (length > this.#bytes.length) this.#bytes = Buffer.alloc(length);
    const wanted = Math.min(this.#bytes.length, this.end - position);
    this.#start = position;
    this.#length = 0;
    while (this.#length < wanted) {
      const count = readSync(this.fd, this.#bytes, this.#length, wanted - this.#length, position + this.#length);
      if (count === 0) return;
      this.#length += count;
    }
  }
}
