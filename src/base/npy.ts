/** NumPy's array file format, version 1.0 (numpy.lib.format): arrays that anyone can open with `np.load`. */
import { readFileSync } from 'node:fs';
import { inputError } from './errors.js';
import { writeFileAtomic } from './files.js';

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

export interface NpyArray {
  shape: number[];
  data: NpyData;
}

const TYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|i1': Int8Array,
  '<i2': Int16Array,
  '<i4': Int32Array,
  '|u1': Uint8Array,
  '<u2': Uint16Array,
  '<u4': Uint32Array,
} as const;

/** Writes an array in C order, atomically. Throws a RangeError where shape and length disagree. */
export function writeNpy(path: string, { shape, data }: NpyArray): void {
  const count = shape.reduce((product, n) => product * n, 1);
  if (count !== data.length) throw new RangeError(`writeNpy: shape [${shape}] holds ${count}, data ${data.length}`);
  const descr = Object.entries(TYPES).find(([, type]) => data instanceof type)![0];
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const header = dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  writeFileAtomic(path, Buffer.concat([prefix, Buffer.from(header, 'latin1'), bytes]));
}

/** Reads a little-endian, C-order `.npy` file. Throws an InputError that names the file. */
export function readNpy(path: string): NpyArray {
  const file = readFileSync(path);
  const fail = (found: string) => inputError({ what: path, found, expected: 'a little-endian, C-order .npy array' });
  if (file.length < 10 || file.toString('latin1', 1, 6) !== 'NUMPY') throw fail('no NumPy header');
  const wide = file[6]! >= 2;
  const start = (wide ? 12 : 10) + (wide ? file.readUInt32LE(8) : file.readUInt16LE(8));
  const header = file.toString('latin1', wide ? 12 : 10, start);
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] as keyof typeof TYPES | undefined;
  const shape = /'shape': \(([^)]*)\)/
    .exec(header)?.[1]
    ?.split(',')
    .filter((n) => n.trim())
    .map(Number);
  if (!descr || !(descr in TYPES) || !shape || header.includes("'fortran_order': True")) throw fail(header.trim());
  const type = TYPES[descr];
  const count = shape.reduce((product, n) => product * n, 1);
  if (file.length - start !== count * type.BYTES_PER_ELEMENT) throw fail(`${file.length - start} bytes of data`);
  const bytes = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length);
  return { shape, data: new type(bytes) };
}
