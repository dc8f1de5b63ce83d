import { fromBytes } from '../memory.js';
import { type Tensor, zeros } from '../tensor.js';
import { type DType, ELEMENT_BYTES, elementCount } from '../tensor-base.js';
import type { Refuse } from './checkpoint.js';
import type { InputFile } from './input-file.js';
import type { StorageRef } from './python.js';

/** Where a storage's bytes are: in the file as they are, or unpacked from it. */
export type Place = { start: number; bytes: number } | { unpacked: Buffer };

/** What tensors whose elements lie over each other may need more than the file has, when they are written out. */
const SPARE_BYTES = 2 ** 28;

export interface Layout {
  /** In elements of the type, from the start of the storage. */
  offset: number;
  size: readonly number[];
  stride: readonly number[];
}

/** The storages of one file as tensors. Tensors of one storage share its memory, as they did when they were saved. */
export class Storages {
  private readonly vectors = new Map<string, Tensor>();
  private spare: number;

  constructor(
    private readonly file: InputFile,
    /** Throws where the file has no such storage. */
    private readonly place: (key: string) => Place,
    private readonly refuse: Refuse,
  ) {
    this.spare = SPARE_BYTES + file.bytes;
  }

  /** The tensor of a layout: a view where its elements are distinct, else a copy. Throws where it leaves the storage. */
  tensor(storage: StorageRef, dtype: DType, layout: Layout): Tensor {
    const { size, stride, offset } = this.checked(storage, dtype, layout);
    const count = elementCount(size);
    if (count === 0) return zeros(size, dtype);
    const vector = this.vector(storage, dtype);
    if ((storage.first + storage.length) * storage.type.bytes > vector.size(0) * ELEMENT_BYTES[dtype]) {
      throw this.refuse(`storage '${storage.storage}' shorter than the ${storage.length} elements of its tensors`);
    }
    const start = (storage.first * storage.type.bytes) / ELEMENT_BYTES[dtype] + offset;
    if (isContiguous(size, stride)) return vector.narrow(0, start, count).view(size);
    const view = vector.narrow(0, start, vector.size(0) - start).asStrided(size, stride);
    if (!mayOverlap(size, stride)) return view;
    this.charge(count * ELEMENT_BYTES[dtype]);
    return view.contiguous();
  }

  /** Counts bytes that are written out beside the file's own. Throws where a small file asks for much. */
  charge(bytes: number): void {
    this.spare -= bytes;
    if (this.spare < 0) throw this.refuse('values that repeat themselves far beyond the size of the file');
  }

  /** The whole storage as a vector; a last part of an element is left out. */
  private vector(storage: StorageRef, dtype: DType): Tensor {
    const key = `${dtype} ${storage.storage}`;
    let vector = this.vectors.get(key);
    if (!vector) {
      const place = this.place(storage.storage);
      const whole = (bytes: number) => bytes - (bytes % ELEMENT_BYTES[dtype]);
      vector =
        'unpacked' in place
          ? fromBytes(place.unpacked, [place.unpacked.length], 'uint8')
              .narrow(0, 0, whole(place.unpacked.length))
              .viewAs(dtype)
          : this.file.view(place.start, whole(place.bytes), dtype);
      this.vectors.set(key, vector);
    }
    return vector;
  }

  private checked(storage: StorageRef, dtype: DType, layout: Layout): Layout {
    const { size, stride, offset } = layout;
    const elements = Math.floor((storage.length * storage.type.bytes) / ELEMENT_BYTES[dtype]);
    const first = (storage.first * storage.type.bytes) / ELEMENT_BYTES[dtype];
    const shown = `a tensor of shape [${size}] and strides [${stride}] from element ${offset} on`;
    const extent = size.reduce((product, n) => product * Math.max(n, 1), 1);
    if (size.length !== stride.length || size.length > 64 || !Number.isSafeInteger(8 * extent))
      throw this.refuse(shown);
    const last = size.reduce((sum, n, i) => sum + (n - 1) * stride[i]!, offset);
    if (!size.includes(0) && !(Number.isInteger(first) && last < elements)) {
      throw this.refuse(`${shown} in a storage of ${elements}`);
    }
    return layout;
  }
}

function isContiguous(size: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  for (let i = size.length - 1; i >= 0; i--) {
    if (size[i] !== 1 && stride[i] !== expected) return false;
    expected *= size[i]!;
  }
  return true;
}

/** False only where no two elements can be one: sorted by stride, each dimension steps over all of the one before. */
function mayOverlap(size: readonly number[], stride: readonly number[]): boolean {
  const steps = size.map((n, i): [number, number] => [n, stride[i]!]).filter(([n]) => n > 1);
  let reach = 0;
  for (const [n, step] of steps.sort(([, a], [, b]) => a - b)) {
    if (step <= reach) return true;
    reach += (n - 1) * step;
  }
  return false;
}
