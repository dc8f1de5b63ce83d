/**
 * A source's index on the disk: 16 bytes of beginning, a JSON header, the columns as they lie in memory (little-endian, each at a
 * multiple of 8), and a CRC-32 of all before it. Reading is copying, whatever the number of pictures.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { messageOf, packageVersion, replaceFile } from '../../base/index.js';
import { Texts } from './columns.js';
import { type Columns, SOURCE_KINDS, SourceIndex, type SourceKind } from './source-index.js';

const MAGIC = 'hilumidx';
/** Grows with every change after which older files would be read wrongly, or would be made otherwise. */
const VERSION = 1;
const BEGINNING = 16;

type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;
const TYPES = { u8: Uint8Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array } as const;
type TypeName = keyof typeof TYPES;

interface Header {
  /** Version of hilum that wrote it. */
  hilum: string;
  kind: SourceKind;
  classes: readonly string[];
  complete: boolean;
  /** Name, type and number of values, in their order in the file. */
  columns: [name: string, type: TypeName, length: number][];
}

/** Writes an index in the place of another at once, or not at all. */
export function writeIndex(path: string, index: SourceIndex): void {
  const { kind, classes, complete } = index;
  const columns = columnsOf(index.columns);
  const header: Header = {
    hilum: packageVersion(),
    kind,
    classes,
    complete,
    columns: columns.map(([name, type, values]) => [name, type, values.length]),
  };
  replaceFile(path, function* () {
    const text = Buffer.from(JSON.stringify(header));
    const beginning = Buffer.alloc(BEGINNING);
    beginning.write(MAGIC, 'latin1');
    beginning.writeUInt32LE(VERSION, 8);
    beginning.writeUInt32LE(text.length, 12);
    const checksum = Buffer.alloc(4);
    let crc = 0;
    for (const bytes of [
      beginning,
      text,
      padding(text.length),
      ...columns.flatMap(([, , values]) => bytesOf(values)),
    ]) {
      crc = checksumOf(bytes, crc);
      for (let at = 0; at < bytes.length; at += MOST_AT_ONCE) yield bytes.subarray(at, at + MOST_AT_ONCE);
    }
    checksum.writeUInt32LE(crc);
    yield checksum;
  });
}

/** The index in a file; the reason, as a noun phrase, where it cannot be used: another version's, cut off, changed. */
export function readIndex(path: string): SourceIndex | { reason: string } {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return parse(fd, fstatSync(fd).size);
  } catch (error) {
    return { reason: messageOf(error) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function parse(fd: number, size: number): SourceIndex {
  if (endianness() !== 'LE') throw new Error('an index, which only little-endian machines read');
  const beginning = readAt(fd, 0, Math.min(size, BEGINNING));
  if (size < BEGINNING + 4 || beginning.toString('latin1', 0, 8) !== MAGIC) throw new Error('another kind of file');
  const version = beginning.readUInt32LE(8);
  if (version !== VERSION) throw new Error(`version ${version} of the index`);
  const headerLength = beginning.readUInt32LE(12);
  if (BEGINNING + headerLength > size) throw new Error('an index that is cut off');
  const text = readAt(fd, BEGINNING, headerLength + padding(headerLength).length);
  let crc = checksumOf(text, checksumOf(beginning, 0));
  const header = JSON.parse(text.toString('utf8', 0, headerLength)) as Header;
  let at = BEGINNING + text.length;
  const columns = new Map<string, Numbers>();
  for (const [name, type, length] of header.columns) {
    const Type = TYPES[type];
    const bytes = length * Type.BYTES_PER_ELEMENT;
    if (!(at + bytes + 4 <= size)) throw new Error('an index that is cut off');
    const stored = readAt(fd, at, bytes + padding(bytes).length);
    crc = checksumOf(stored, crc);
    columns.set(name, new Type(stored.buffer as ArrayBuffer, stored.byteOffset, length));
    at += stored.length;
  }
  if (at + 4 !== size || readAt(fd, at, 4).readUInt32LE() !== crc) throw new Error('a changed or incomplete index');
  if (!SOURCE_KINDS.includes(header.kind)) throw new Error(`an index of kind ${header.kind}`);
  return new SourceIndex(header.kind, header.classes, header.complete, columnsFrom(columns));
}

function columnsOf({ units, unitEntries, unitBlocks, entries, blocks }: Columns): [string, TypeName, Numbers][] {
  const texts = (name: string, { bytes, ends }: Texts): [string, TypeName, Numbers][] => [
    [`${name}.bytes`, 'u8', bytes],
    [`${name}.ends`, 'u32', ends],
  ];
  return [
    ...texts('units.names', units.names),
    ['units.sizes', 'f64', units.sizes],
    ['units.modified', 'f64', units.modified],
    ['units.checked', 'f64', units.checked],
    ...texts('units.remarks', units.remarks),
    ['unitEntries', 'u32', unitEntries],
    ['unitBlocks', 'u32', unitBlocks],
    ...texts('entries.names', entries.names),
    ['entries.offsets', 'f64', entries.offsets],
    ['entries.lengths', 'f64', entries.lengths],
    ['entries.modified', 'f64', entries.modified],
    ['entries.labels', 'i32', entries.labels],
    ['entries.blocks', 'i32', entries.blocks],
    ['blocks.offsets', 'f64', blocks.offsets],
    ['blocks.lengths', 'f64', blocks.lengths],
    ['blocks.sizes', 'f64', blocks.sizes],
    ['blocks.codecs', 'u32', blocks.codecs],
  ];
}

function columnsFrom(columns: Map<string, Numbers>): Columns {
  const column = <T extends Numbers>(name: string) => {
    const values = columns.get(name);
    if (!values) throw new Error(`an index without ${name}`);
    return values as T;
  };
  const texts = (name: string) => new Texts(column<Uint8Array>(`${name}.bytes`), column<Uint32Array>(`${name}.ends`));
  return {
    units: {
      names: texts('units.names'),
      sizes: column('units.sizes'),
      modified: column('units.modified'),
      checked: column('units.checked'),
      remarks: texts('units.remarks'),
    },
    unitEntries: column('unitEntries'),
    unitBlocks: column('unitBlocks'),
    entries: {
      names: texts('entries.names'),
      offsets: column('entries.offsets'),
      lengths: column('entries.lengths'),
      modified: column('entries.modified'),
      labels: column('entries.labels'),
      blocks: column('entries.blocks'),
    },
    blocks: {
      offsets: column('blocks.offsets'),
      lengths: column('blocks.lengths'),
      sizes: column('blocks.sizes'),
      codecs: column('blocks.codecs'),
    },
  };
}

/** Zeros after `length` bytes, up to a multiple of 8. */
const padding = (length: number) => new Uint8Array((8 - (length % 8)) % 8);

function bytesOf(values: Numbers): Uint8Array[] {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [bytes, padding(bytes.length)];
}

/** Reads, writes and checksums take 32-bit lengths. */
const MOST_AT_ONCE = 2 ** 30;

function checksumOf(bytes: Uint8Array, before: number): number {
  let crc = before;
  for (let at = 0; at < bytes.length; at += MOST_AT_ONCE) crc = crc32(bytes.subarray(at, at + MOST_AT_ONCE), crc);
  return crc;
}

/** In memory of its own, so that columns of wider numbers may be made of it. */
function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let at = 0; at < length; ) {
    const count = readSync(fd, bytes, at, Math.min(length - at, MOST_AT_ONCE), position + at);
    if (count === 0) throw new Error('an index that is cut off');
    at += count;
  }
  return bytes;
}
