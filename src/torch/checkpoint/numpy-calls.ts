/** How NumPy pickles its numbers and arrays (numpy/core/src/multiarray/methods.c, `array_reduce` and `arraydescr_reduce`). */
import { fromBytes } from '../memory.js';
import { type DType, ELEMENT_BYTES, elementCount } from '../tensor-base.js';
import { type CheckpointValue, Inert } from './checkpoint.js';
import { Call, isCount, isTuple, type Python, plainInteger } from './python.js';
import type { Meaning, ValueReader } from './values.js';

const DTYPES: Record<string, DType> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  u1: 'uint8',
  b1: 'bool',
};

/** Type of a `numpy.dtype('f4', False, True)` with state (version, byte order, ...); undefined for all that hilum lacks. */
function dtypeOf(dtype: Python | undefined): DType | undefined {
  if (!(dtype instanceof Call) || dtype.of.name !== 'numpy.dtype') return undefined;
  const order = isTuple(dtype.state) ? dtype.state[1] : '<';
  const code = String(dtype.args[0]);
  return order !== '>' && Object.hasOwn(DTYPES, code) ? DTYPES[code] : undefined;
}

/** Bytes as they are, or as protocols before 3 hold them: `_codecs.encode('...', 'latin1')`. */
function bytesOf(value: Python | undefined, reader: ValueReader): Uint8Array | undefined {
  const encoded = value instanceof Call && value.of.name === '_codecs.encode' && value.args[1] === 'latin1';
  const bytes = encoded ? value.args[0] : value;
  if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array)) return undefined;
  reader.storages.charge(bytes.length);
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes; // a text of Python 2 is bytes too
}

/** `scalar(dtype, bytes)`: a number. */
const scalar: Meaning = ({ of, args }, reader) => {
  const dtype = dtypeOf(args[0]);
  const bytes = bytesOf(args[1], reader);
  if (!dtype || bytes?.length !== ELEMENT_BYTES[dtype])
    return new Inert(of.name, 'a number of a type that hilum does not have');
  if (dtype === 'int64') return plainInteger(Buffer.from(bytes).readBigInt64LE());
  using tensor = fromBytes(bytes, [], dtype);
  return dtype === 'bool' ? tensor.item() !== 0 : tensor.item();
};

/** `_reconstruct(ndarray, (0,), b'b')` with state (version, shape, dtype, is_fortran, bytes): a tensor. */
const reconstruct: Meaning = ({ of, state }, reader) => {
  const [, shape, dtype, fortran, bytes] = isTuple(state) ? state : [];
  return arrayOf(of.name, shape, dtype, bytes, fortran === true, reader);
};

/** `_frombuffer(bytes, dtype, shape, order)`: of protocol 5. */
const fromBuffer: Meaning = ({ of, args: [bytes, dtype, shape, order] }, reader) =>
  arrayOf(of.name, shape, dtype, bytes, order === 'F', reader);

function arrayOf(
  name: string,
  shape: Python | undefined,
  dtype: Python | undefined,
  content: Python | undefined,
  fortran: boolean,
  reader: ValueReader,
): CheckpointValue {
  const type = dtypeOf(dtype);
  const bytes = bytesOf(content, reader);
  if (!type || !bytes) return new Inert(name, 'an array of a type that hilum does not have');
  if (!isTuple(shape) || !shape.every(isCount)) throw reader.refuse('a NumPy array whose shape is none');
  const size = shape as readonly number[];
  if (bytes.length !== elementCount(size) * ELEMENT_BYTES[type]) {
    throw reader.refuse(`a NumPy array of shape [${size}] with ${bytes.length} bytes`);
  }
  if (!fortran) return reader.counted(fromBytes(bytes, size, type));
  const axes = size.map((_, i) => size.length - 1 - i);
  return reader.counted(fromBytes(bytes, [...size].reverse(), type).permute(axes));
}

export const NUMPY_CALLS: readonly (readonly [string, Meaning | undefined])[] = [
  ['numpy.ndarray', undefined],
  ['numpy.dtype', undefined],
  ...['numpy.core', 'numpy._core'].flatMap((core): [string, Meaning][] => [
    [`${core}.multiarray.scalar`, scalar],
    [`${core}.multiarray._reconstruct`, reconstruct],
    [`${core}.numeric._frombuffer`, fromBuffer],
  ]),
];
