/** Pickles put together by hand, opcode by opcode (CPython's Lib/pickletools.py), and the files around them. */
import { writeFileSync } from 'node:fs';
import { zipArchive } from '../src/torch/checkpoint/zip-writer.js';

export type Part = string | number | Uint8Array;

/** Texts are Latin-1, numbers are bytes. */
export const bytes = (...parts: Part[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.of(part) : part,
    ),
  );

export const uint32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};

const int64 = (value: bigint | number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer;
};

/** BINUNICODE */
export const text = (value: string): Buffer => bytes('X', uint32(Buffer.byteLength(value)), Buffer.from(value));
/** LONG1 */
export const integer = (value: bigint | number): Buffer => bytes(0x8a, 8, int64(value));
/** MARK ... TUPLE */
export const tuple = (...parts: Part[]): Buffer => bytes('(', ...parts, 't');
/** EMPTY_LIST MARK ... APPENDS */
export const list = (...parts: Part[]): Buffer => bytes('](', ...parts, 'e');
/** EMPTY_DICT MARK ... SETITEMS */
export const dict = (...parts: Part[]): Buffer => bytes('}(', ...parts, 'u');
/** GLOBAL */
export const name = (module: string, attribute: string): Buffer => bytes('c', module, '\n', attribute, '\n');
/** GLOBAL MARK ... TUPLE REDUCE */
export const call = (module: string, attribute: string, ...args: Part[]): Buffer =>
  bytes(name(module, attribute), tuple(...args), 'R');
/** BINPERSID of a storage of float32. */
export const storage = (key = '0', length = 4, type = 'FloatStorage'): Buffer =>
  bytes(tuple(text('storage'), name('torch', type), text(key), text('cpu'), integer(length)), 'Q');
/** A tensor as `torch.save` puts it into a pickle. */
export const tensor = (offset: Part, size: Part, stride: Part, of: Part = storage()): Buffer =>
  call('torch._utils', '_rebuild_tensor_v2', of, offset, size, stride, 0x89, call('collections', 'OrderedDict'));

/** PROTO ... STOP */
export const pickle = (...parts: Part[]): Buffer => bytes(0x80, 2, ...parts, '.');

/** The ZIP of `torch.save` around a pickle; four numbers are storage '0'. */
export function zipOf(content: Uint8Array, others: Record<string, Uint8Array> = {}): Buffer {
  const records = { 'a/data.pkl': content, 'a/data/0': Buffer.from(Float32Array.of(1, 2, 3, 4).buffer), ...others };
  return Buffer.concat([
    ...zipArchive(Object.entries(records).map(([record, data]) => ({ name: record, content: () => data }))),
  ]);
}

/** The older form of `torch.save` around a pickle; `keys` and `storages` follow it. */
export function legacyOf(
  content: Uint8Array,
  keys: Part = pickle(']'),
  storages: Uint8Array = Buffer.alloc(0),
): Buffer {
  const magic = Buffer.from('6cfc9c46f9206aa85019', 'hex');
  const version = pickle('M', 0xe9, 3);
  return bytes(pickle(0x8a, 10, magic), version, pickle(dict(text('little_endian'), 0x88)), content, keys, storages);
}

export function writeBytes(path: string, content: Uint8Array): string {
  writeFileSync(path, content);
  return path;
}
