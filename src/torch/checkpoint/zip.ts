/**
 * The directory of a ZIP archive (PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3), with the places of the entries'
 * bytes, so that those which are stored uncompressed can be used where they lie.
 */
import { inflateRawSync } from 'node:zlib';
import type { InputFile } from './input-file.js';

export interface ZipEntry {
  name: string;
  /** Of the entry's bytes, as they are in the file. */
  start: number;
  packedBytes: number;
  bytes: number;
  isDeflated: boolean;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const DIRECTORY_LIMIT = 2 ** 24;
/** Deflate makes at most 1032 bytes of one. */
const HIGHEST_RATIO = 1032;

/** All entries by name. Throws an InputError for what is broken, encrypted, or compressed by another method than deflate. */
export function readZip(file: InputFile): Map<string, ZipEntry> {
  const { refuse } = file;
  const directory = file.read(...placeOfDirectory(file));
  const entries = new Map<string, ZipEntry>();
  const taken: [number, number][] = [];
  for (let at = 0; at < directory.length; ) {
    if (directory.length - at < 46 || directory.readUInt32LE(at) !== DIRECTORY)
      throw refuse('a ZIP with a broken directory');
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw refuse('a ZIP with a directory that is cut off');
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    if (entries.has(name)) throw refuse(`a ZIP with two entries '${name}'`);
    if (directory.readUInt16LE(at + 8) & 1)
      throw refuse(`a ZIP whose entry '${name}' is encrypted`, 'one without a password');
    const method = directory.readUInt16LE(at + 10);
    if (method !== 0 && method !== 8) throw refuse(`a ZIP whose entry '${name}' is compressed by method ${method}`);
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    const [bytes, packedBytes, local] = wide(
      extra,
      [24, 20, 42].map((field) => directory.readUInt32LE(at + field)),
    );
    if (method === 0 && bytes !== packedBytes) throw refuse(`a ZIP whose entry '${name}' has two sizes`);
    const head = file.read(local!, 30);
    if (head.readUInt32LE() !== LOCAL) throw refuse(`a ZIP whose entry '${name}' is not where it should be`);
    const start = local! + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (start + packedBytes! > file.bytes)
      throw refuse(`a ZIP whose entry '${name}' ends after the end of the file (cut off?)`);
    entries.set(name, { name, start, packedBytes: packedBytes!, bytes: bytes!, isDeflated: method === 8 });
    taken.push([local!, start + packedBytes!]);
    at = next;
  }
  taken.sort(([a], [b]) => a - b);
  if (taken.some(([start], i) => i > 0 && start < taken[i - 1]![1])) throw refuse('a ZIP whose entries overlap');
  return entries;
}

/** The bytes of an entry, unpacked. Throws where they are not what the directory says. */
export function readEntry(file: InputFile, { name, start, packedBytes, bytes, isDeflated }: ZipEntry): Buffer {
  const packed = file.read(start, packedBytes);
  if (!isDeflated) return packed;
  const broken = () => file.refuse(`a ZIP whose entry '${name}' cannot be unpacked`);
  if (bytes > packedBytes * HIGHEST_RATIO) throw broken();
  let unpacked: Buffer;
  try {
    unpacked = inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  } catch {
    throw broken();
  }
  if (unpacked.length !== bytes) throw broken();
  return unpacked;
}

/** Start and length of the central directory. */
function placeOfDirectory(file: InputFile): [number, number] {
  const { refuse, bytes } = file;
  const tailStart = Math.max(0, bytes - 22 - 0xffff);
  const tail = file.read(tailStart, bytes - tailStart);
  let end = tail.length - 22;
  while (end >= 0 && !(tail.readUInt32LE(end) === END && end + 22 + tail.readUInt16LE(end + 20) <= tail.length)) end--;
  if (end < 0) throw refuse('a ZIP without its directory, which stands at the end (cut off?)');
  let length = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  if (end >= 20 && tail.readUInt32LE(end - 20) === LOCATOR_64) {
    const record = file.read(number64(tail, end - 12), 56);
    if (record.readUInt32LE() !== END_64) throw refuse('a ZIP with a broken directory');
    length = number64(record, 40);
    start = number64(record, 48);
  }
  if (length > DIRECTORY_LIMIT) throw refuse(`a ZIP with a directory of ${length} bytes`, `at most ${DIRECTORY_LIMIT}`);
  return [start, length];
}

/** Fields of 32 bits, of which those that are full stand in the ZIP64 extra field, in this order. */
function wide(extra: Buffer, fields: number[]): number[] {
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  at += 4;
  return fields.map((value) => {
    if (value !== 0xffffffff || at + 8 > extra.length) return value;
    at += 8;
    return number64(extra, at - 8);
  });
}

const number64 = (buffer: Buffer, at: number): number => Number(buffer.readBigUInt64LE(at));
