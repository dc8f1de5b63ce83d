/**
 * The safetensors format (huggingface/safetensors, README "Format"): 8 bytes of header length, a JSON header, the
 * tensors' bytes. Read by memory map, so that a checkpoint is not held twice.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { inputError, messageOf, replaceFile } from '../../base/index.js';
import { toBytes } from '../memory.js';
import { fromFile, type Tensor } from '../tensor.js';
import { type DType, ELEMENT_BYTES, elementCount, scope } from '../tensor-base.js';

const DTYPES: Record<string, DType> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  U8: 'uint8',
  BOOL: 'bool',
};
/** The reference reader's own bound. */
const HEADER_LIMIT = 100_000_000;

export interface SafetensorsEntry {
  dtype: DType;
  shape: number[];
  /** Bytes from the start of the file. */
  start: number;
  end: number;
}

export interface SafetensorsHeader {
  entries: Record<string, SafetensorsEntry>;
  metadata: Record<string, string>;
  fileBytes: number;
}

/** Reads and checks the header alone. Throws an InputError that names the file and the fault. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  const fail = (found: string) =>
    inputError({ what: path, found, expected: 'a safetensors file', fix: 'Check the path, or fetch the file again.' });
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw fail((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(error));
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw fail('no regular file');
    const prefix = Buffer.alloc(8);
    if (readSync(fd, prefix, 0, 8, 0) < 8) throw fail(`a file of ${stat.size} bytes`);
    const length = Number(prefix.readBigUInt64LE());
    if (length > HEADER_LIMIT || 8 + length > stat.size) {
      throw fail(`a header of ${length} bytes in a file of ${stat.size}`);
    }
    const text = Buffer.alloc(length);
    readSync(fd, text, 0, length, 8);
    let header: Record<string, unknown>;
    try {
      header = JSON.parse(text.toString('utf8'));
    } catch {
      throw fail('a header that is not JSON');
    }
    if (header === null || typeof header !== 'object' || Array.isArray(header))
      throw fail('a header that is no object');
    const { __metadata__: metadata = {}, ...tensors } = header;
    if (!isTextByName(metadata)) throw fail('__metadata__ that is no object of texts');
    const entries = Object.fromEntries(
      Object.entries(tensors).map(([name, value]) => [name, entryOf(name, value, 8 + length, stat.size, fail)]),
    );
    checkCover(entries, 8 + length, stat.size, fail);
    return { entries, metadata, fileBytes: stat.size };
  } finally {
    closeSync(fd);
  }
}

const isTextByName = (value: unknown): value is Record<string, string> =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

/** The tensors must follow each other without overlap or hole, up to the end of the file, as the format demands. */
function checkCover(
  entries: Record<string, SafetensorsEntry>,
  base: number,
  fileBytes: number,
  fail: (found: string) => Error,
): void {
  let covered = base;
  for (const [name, { start, end }] of Object.entries(entries).sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    if (start !== covered)
      throw fail(`tensor '${name}' that ${start < covered ? 'overlaps another' : 'follows a hole'}`);
    covered = end;
  }
  if (covered !== fileBytes) throw fail(`${fileBytes - covered} bytes after the last tensor`);
}

function entryOf(
  name: string,
  value: unknown,
  base: number,
  fileBytes: number,
  fail: (found: string) => Error,
): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const type = Object.hasOwn(DTYPES, String(dtype)) && DTYPES[String(dtype)];
  if (!type) throw fail(`tensor '${name}' of type ${JSON.stringify(dtype)}`);
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!natural(shape)) throw fail(`tensor '${name}' of shape ${JSON.stringify(shape)}`);
  const bytes = elementCount(shape) * ELEMENT_BYTES[type];
  if (!natural(offsets) || offsets.length !== 2 || offsets[1]! - offsets[0]! !== bytes) {
    throw fail(`tensor '${name}' with offsets ${JSON.stringify(offsets)} for ${bytes} bytes`);
  }
  if (base + offsets[1]! > fileBytes) throw fail(`tensor '${name}' that ends after the end of the file (cut off?)`);
  return { dtype: type, shape, start: base + offsets[0]!, end: base + offsets[1]! };
}

/**
 * All tensors of a file, by name, as views into its memory map: the pages are read when they are used. The file must
 * not be changed in place while they live. Throws an InputError that names the file and the fault.
 */
export function readSafetensors(path: string): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  const { entries, metadata, fileBytes } = readSafetensorsHeader(path);
  const tensors = scope(() => {
    const map = fromFile(path, false, fileBytes, 'uint8'); // [bytes]
    return Object.fromEntries(
      Object.entries(entries).map(([name, { dtype, shape, start, end }]) => {
        const bytes = map.narrow(0, start, end - start);
        const aligned = start % 8 === 0 || dtype === 'uint8' ? bytes : bytes.clone();
        return [name, aligned.viewAs(dtype).view(shape)];
      }),
    );
  });
  return { tensors, metadata };
}

/** Writes tensors atomically, in the order given. Throws a RangeError for a tensor named '__metadata__'. */
export function writeSafetensors(
  path: string,
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): void {
  if (Object.hasOwn(tensors, '__metadata__')) throw new RangeError("a tensor may not be named '__metadata__'");
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const [code] = Object.entries(DTYPES).find(([, dtype]) => dtype === tensor.dtype)!;
    const start = offset;
    offset += elementCount(tensor.shape) * ELEMENT_BYTES[tensor.dtype];
    return [name, { dtype: code, shape: tensor.shape, data_offsets: [start, offset] }] as const;
  });
  const header = Object.fromEntries([['__metadata__', metadata] as const, ...entries]);
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  replaceFile(path, function* () {
    yield prefix;
    yield padded;
    for (const tensor of Object.values(tensors)) yield toBytes(tensor);
  });
}
