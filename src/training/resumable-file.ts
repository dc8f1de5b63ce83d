import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HilumError } from '../base/index.js';

/**
 * A file that grows while a run goes on. A checkpoint remembers its length; a run that is taken up again cuts off what
 * was written after the checkpoint, and writes it anew.
 */
export class ResumableFile {
  private readonly fd: number;

  /** Keeps the first `bytes` bytes. Throws a HilumError where the file has fewer. */
  constructor(
    path: string,
    private length: number,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o666);
    const { size } = fstatSync(this.fd);
    if (size < length) {
      closeSync(this.fd);
      throw new HilumError(
        `${path}: found ${size} bytes; expected ${length}, as in the checkpoint beside it. Delete the folder of this run.`,
      );
    }
    ftruncateSync(this.fd, length);
  }

  get bytes(): number {
    return this.length;
  }

  append(content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.length += bytes.length;
  }

  /** Brings the content onto the disk, before a checkpoint counts on it. */
  sync(): void {
    fsyncSync(this.fd);
  }

  close(): void {
    closeSync(this.fd);
  }
}
