import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { asideOf } from '../base/index.js';

/**
 * A float32 `.npy` file, written row by row while the number of rows is not known yet; aside until it is whole. The header has room
 * for any number (NumPy's format, version 1.0).
 */
export class NpyRows {
  private readonly aside: string;
  private readonly fd: number;
  private at = HEADER;
  private shape: readonly number[] = [];
  private count = 0;

  constructor(private readonly path: string) {
    this.aside = asideOf(path);
    this.fd = openSync(this.aside, 'w');
  }

  /** Rows of `shape` each. */
  append(rows: Float32Array, shape: readonly number[]): void {
    this.shape = shape;
    this.count += rows.length / shape.reduce((product, n) => product * n, 1);
    this.write(Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength), this.at);
    this.at += rows.byteLength;
  }

  /** Gives the file its name; returns the shape of the whole. */
  finish(): number[] {
    const shape = [this.count, ...this.shape];
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(HEADER - 11);
    const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (HEADER - 10) & 255, (HEADER - 10) >> 8];
    this.write(Buffer.concat([Buffer.from(prefix), Buffer.from(`${header}\n`, 'latin1')]), 0);
    closeSync(this.fd);
    renameSync(this.aside, this.path);
    return shape;
  }

  /** Leaves nothing behind. */
  abandon(): void {
    closeSync(this.fd);
    rmSync(this.aside, { force: true });
  }

  private write(bytes: Buffer, position: number): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, bytes.length - at, position + at);
  }
}

/** Bytes of the whole header: a multiple of 64. */
const HEADER = 192;
