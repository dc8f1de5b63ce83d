/** JavaScript arrays into tensors and back. Shapes are row-major. */
import { native } from './binding.js';
import { Tensor } from './tensor.js';
import { adopt, type DType, ELEMENT_BYTES, elementCount } from './tensor-base.js';

type NumberArray = Float32Array | Float64Array | Int32Array | Int16Array | Uint8Array | BigInt64Array;

const ARRAY_TYPES = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  uint8: Uint8Array,
} as const;

function dtypeOf(data: NumberArray): DType {
  for (const [dtype, type] of Object.entries(ARRAY_TYPES)) if (data instanceof type) return dtype as DType;
  throw new TypeError(`fromArray: ${(data as object).constructor.name} is not one of the typed arrays of a tensor`);
}

/**
 * A tensor with a copy of the values, on `device`. Plain numbers become float32.
 * Throws an Error where length and shape disagree.
 */
export function fromArray(data: NumberArray | readonly number[], shape?: readonly number[], device = 'cpu'): Tensor {
  const values = Array.isArray(data) ? Float32Array.from(data) : (data as NumberArray);
  const made = new Tensor(native().fromBytes(values, shape ?? [values.length], dtypeOf(values)));
  if (device === 'cpu') return adopt(made);
  const moved = made.to(undefined, device);
  made.free();
  return moved;
}

/** A tensor of `dtype` made of raw little-endian bytes, on the CPU. */
export function fromBytes(bytes: ArrayBufferView, shape: readonly number[], dtype: DType): Tensor {
  return adopt(new Tensor(native().fromBytes(bytes, shape, dtype)));
}

/** The tensor's values as float32, whatever its type and device. */
export function toFloat32Array(tensor: Tensor): Float32Array {
  const result = new Float32Array(elementCount(tensor.shape));
  if (tensor.dtype === 'float32') {
    native().intoBytes(tensor.handle, result);
    return result;
  }
  using converted = tensor.to('float32');
  native().intoBytes(converted.handle, result);
  return result;
}

/** The bytes of the tensor's own type, row-major. */
export function toBytes(tensor: Tensor): Uint8Array {
  const result = new Uint8Array(elementCount(tensor.shape) * ELEMENT_BYTES[tensor.dtype]);
  native().intoBytes(tensor.handle, result);
  return result;
}
