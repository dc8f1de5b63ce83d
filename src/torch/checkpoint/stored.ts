import { toBytes } from '../memory.js';
import type { Tensor } from '../tensor.js';
import { type DType, ELEMENT_BYTES, elementCount } from '../tensor-base.js';

/** How tensors go into a file. */
export interface WriteOptions {
  /** The type that floating point tensors are stored in; their own where it is left out. Whole numbers stay. */
  dtype?: 'float32' | 'float16' | 'bfloat16';
  /** Hears of the tensors' bytes, as they go out. */
  onProgress?: (bytes: number, total: number) => void;
}

/** A tensor on its way into a file: its bytes are made when they are written, one tensor's at a time. */
export interface StoredTensor {
  name: string;
  dtype: DType;
  shape: readonly number[];
  /** Length in bytes. */
  length: number;
  bytes(): Uint8Array;
}

const FLOATING: readonly DType[] = ['float64', 'float32', 'float16', 'bfloat16'];

/** The tensors as they are to be stored, in the order given. */
export function storedTensors(
  tensors: Record<string, Tensor>,
  { dtype: wanted, onProgress }: WriteOptions,
): StoredTensor[] {
  let written = 0;
  let total = 0;
  return Object.entries(tensors).map(([name, tensor]): StoredTensor => {
    const dtype = wanted && FLOATING.includes(tensor.dtype) ? wanted : tensor.dtype;
    const length = elementCount(tensor.shape) * ELEMENT_BYTES[dtype];
    total += length;
    const bytes = () => {
      written += length;
      onProgress?.(written, total);
      if (tensor.dtype === dtype) return toBytes(tensor);
      using converted = tensor.to(dtype);
      return toBytes(converted);
    };
    return { name, dtype, shape: tensor.shape, length, bytes };
  });
}
