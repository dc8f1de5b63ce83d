/** PyTorch's types of elements (torch/csrc/utils/tensor_dtypes.cpp, c10/core/ScalarType.h), and those of its storages. */
import { type DType, ELEMENT_BYTES } from '../tensor-base.js';

export interface ElementType {
  /** PyTorch's name, e.g. 'float8_e4m3fn'. */
  name: string;
  bytes: number;
  /** Absent where hilum does not have the type. */
  dtype?: DType;
}

const OTHER_BYTES: Record<string, number> = {
  int8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  complex32: 4,
  complex64: 8,
  complex128: 16,
  qint8: 1,
  quint8: 1,
  qint32: 4,
  quint4x2: 1,
  quint2x4: 1,
  float8_e4m3fn: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  float4_e2m1fn_x2: 1,
};

export const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map([
  ...Object.entries(ELEMENT_BYTES).map(([name, bytes]): [string, ElementType] => [
    name,
    { name, bytes, dtype: name as DType },
  ]),
  ...Object.entries(OTHER_BYTES).map(([name, bytes]): [string, ElementType] => [name, { name, bytes }]),
]);

const STORAGES: Record<string, string> = {
  Float: 'float32',
  Double: 'float64',
  Half: 'float16',
  BFloat16: 'bfloat16',
  Long: 'int64',
  Int: 'int32',
  Short: 'int16',
  Char: 'int8',
  Byte: 'uint8',
  Bool: 'bool',
  ComplexFloat: 'complex64',
  ComplexDouble: 'complex128',
  QInt8: 'qint8',
  QUInt8: 'quint8',
  QInt32: 'qint32',
  QUInt4x2: 'quint4x2',
  QUInt2x4: 'quint2x4',
};

/** 'torch.FloatStorage', 'torch.cuda.FloatStorage', ... and the type of their elements; untyped ones count bytes. */
export const STORAGE_TYPES: ReadonlyMap<string, ElementType> = new Map(
  [
    ...Object.entries(STORAGES).flatMap(([name, type]) => [
      [`torch.${name}Storage`, type],
      [`torch.cuda.${name}Storage`, type],
    ]),
    ...['torch.storage', 'torch', 'torch.cuda'].map((module) => [`${module}.UntypedStorage`, 'uint8']),
    ['torch.storage._UntypedStorage', 'uint8'],
  ].map(([name, type]) => [name!, ELEMENT_TYPES.get(type!)!]),
);
