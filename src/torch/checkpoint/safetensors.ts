/**
 * The safetensors format (huggingface/safetensors, README "Format"): 8 bytes of header length, a JSON header, the
 * tensors' bytes. Read by memory map, so that a checkpoint is not held twice.
 */
import { replaceFile } from '../../base/index.js';
import type { Tensor } from '../tensor.js';
import { type DType, ELEMENT_BYTES, elementCount, scope } from '../tensor-base.js';
import { Inert, type Refuse, refusing } from './checkpoint.js';
import { InputFile } from './input-file.js';
import { storedTensors, type WriteOptions } from './stored.js';

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
/** Types that hilum does not have, and the bits of their elements. */
const OTHER_BITS: Record<string, number> = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I8: 8,
  U16: 16,
  U32: 32,
  U64: 64,
  C64: 64,
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

/** A tensor whose type hilum may not have. */
interface AnyEntry extends Omit<SafetensorsEntry, 'dtype'> {
  code: string;
}

/** Reads and checks the header alone. Throws an InputError that names the file and the fault. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  using file = InputFile.open(path, refusing(path, 'a safetensors file'));
  const { entries, metadata } = readHeader(file);
  const typed = ([name, { code, ...place }]: [string, AnyEntry]) => {
    const dtype = DTYPES[code];
    if (!dtype) throw file.refuse(`tensor '${name}' of type "${code}"`);
    return [name, { dtype, ...place }];
  };
  return { entries: Object.fromEntries(Object.entries(entries).map(typed)), metadata, fileBytes: file.bytes };
}

function readHeader(file: InputFile): { entries: Record<string, AnyEntry>; metadata: Record<string, string> } {
  const { bytes, refuse } = file;
  if (bytes < 8) throw refuse(`a file of ${bytes} bytes`);
  const length = Number(file.read(0, 8).readBigUInt64LE());
  if (length > HEADER_LIMIT || 8 + length > bytes) throw refuse(`a header of ${length} bytes in a file of ${bytes}`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(file.read(8, length).toString('utf8'));
  } catch {
    throw refuse('a header that is not JSON');
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) {
    throw refuse('a header that is no object');
  }
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isTextByName(metadata)) throw refuse('__metadata__ that is no object of texts');
  const entries = Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [name, entryOf(name, value, 8 + length, bytes, refuse)]),
  );
  checkCover(entries, 8 + length, bytes, refuse);
  return { entries, metadata };
}

const isTextByName = (value: unknown): value is Record<string, string> =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

/** The tensors must follow each other without overlap or hole, up to the end of the file, as the format demands. */
function checkCover(entries: Record<string, AnyEntry>, base: number, fileBytes: number, fail: Refuse): void {
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

function entryOf(name: string, value: unknown, base: number, fileBytes: number, fail: Refuse): AnyEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const code = String(dtype);
  const known = Object.hasOwn(DTYPES, code) && DTYPES[code];
  const bits = known ? 8 * ELEMENT_BYTES[known] : Object.hasOwn(OTHER_BITS, code) && OTHER_BITS[code];
  if (!bits) throw fail(`tensor '${name}' of type ${JSON.stringify(dtype)}`);
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!natural(shape)) throw fail(`tensor '${name}' of shape ${JSON.stringify(shape)}`);
  const bytes = Math.ceil((elementCount(shape) * bits) / 8);
  if (!natural(offsets) || offsets.length !== 2 || offsets[1]! - offsets[0]! !== bytes) {
    throw fail(`tensor '${name}' with offsets ${JSON.stringify(offsets)} for ${bytes} bytes`);
  }
  if (base + offsets[1]! > fileBytes) throw fail(`tensor '${name}' that ends after the end of the file (cut off?)`);
  return { code, shape, start: base + offsets[0]!, end: base + offsets[1]! };
}

/**
 * All tensors of a file, by name, as views into its memory map: the pages are read when they are used. The file must
 * not be changed in place while they live. Throws an InputError that names the file and the fault.
 */
export function readSafetensors(path: string): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  using file = InputFile.open(path, refusing(path, 'a safetensors file'));
  const { values, metadata } = readSafetensorsFile(file);
  const tensor = ([name, value]: [string, Tensor | Inert]) => {
    if (value instanceof Inert) throw file.refuse(`tensor '${name}' of type "${value.type}"`);
    return [name, value] as const;
  };
  return { tensors: Object.fromEntries([...values].map(tensor)), metadata };
}

/** As `readSafetensors`, of an open file; a tensor of a type that hilum does not have is inert. */
export function readSafetensorsFile(file: InputFile): {
  values: Map<string, Tensor | Inert>;
  metadata: Record<string, string>;
} {
  const { entries, metadata } = readHeader(file);
  const values = scope(() =>
    Object.entries(entries).map(([name, { code, shape, start, end }]): [string, Tensor | Inert] => {
      const dtype = DTYPES[code];
      if (!dtype) return [name, new Inert(code, 'a tensor of a type that hilum does not have')];
      return [name, file.view(start, end - start, dtype).view(shape)];
    }),
  );
  return { values: new Map(values), metadata };
}

/** Writes tensors atomically, in the order given. Throws a RangeError for a tensor named '__metadata__'. */
export function writeSafetensors(
  path: string,
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
  options: WriteOptions = {},
): void {
  if (Object.hasOwn(tensors, '__metadata__')) throw new RangeError("a tensor may not be named '__metadata__'");
  const stored = storedTensors(tensors, options);
  let offset = 0;
  const entries = stored.map(({ name, dtype, shape, length }) => {
    const [code] = Object.entries(DTYPES).find(([, type]) => type === dtype)!;
    const start = offset;
    offset += length;
    return [name, { dtype: code, shape, data_offsets: [start, offset] }] as const;
  });
  const header = Object.fromEntries([['__metadata__', metadata] as const, ...entries]);
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  replaceFile(path, function* () {
    yield prefix;
    yield padded;
    for (const { bytes } of stored) yield bytes();
  });
}
