import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../../base/index.js';
import { fromFile, type Tensor } from '../tensor.js';
import { type DType, ELEMENT_BYTES } from '../tensor-base.js';
import type { Refuse } from './checkpoint.js';

/** A file of weights that is open for reading: small parts by copy, tensors by memory map. */
export class InputFile {
  private whole: Tensor | undefined;

  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    readonly bytes: number,
    readonly refuse: Refuse,
  ) {}

  /** Throws an InputError that names the path where there is no regular file. */
  static open(path: string, refuse: Refuse): InputFile {
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe would wait for its writer
    } catch (error) {
      throw refuse((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(error));
    }
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return new InputFile(path, descriptor, stat.size, refuse);
    closeSync(descriptor);
    throw refuse(stat.isDirectory() ? 'a folder, no regular file' : 'no regular file');
  }

  /** A copy of `length` bytes from `position` on. Throws where the file ends before. */
  read(position: number, length: number): Buffer {
    if (position + length > this.bytes) {
      throw this.refuse(`a file cut off at ${this.bytes} bytes, where ${position + length} were announced`);
    }
    const buffer = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const count = readSync(this.descriptor, buffer, at, length - at, position + at);
      if (count === 0) throw this.refuse('a file that another program is cutting off');
      at += count;
    }
    return buffer;
  }

  /**
   * The whole file as bytes [bytes], mapped once: pages are read when they are touched, and a write stays in this
   * process. Belongs to the open scope.
   */
  map(): Tensor {
    this.whole ??= fromFile(this.path, false, this.bytes, 'uint8');
    return this.whole;
  }

  /** Part of the map as a vector of `dtype`: a view, or a copy where the file does not align the elements. */
  view(start: number, bytes: number, dtype: DType): Tensor {
    const part = this.map().narrow(0, start, bytes);
    return (start % ELEMENT_BYTES[dtype] === 0 ? part : part.clone()).viewAs(dtype);
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
