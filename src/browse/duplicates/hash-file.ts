/**
 * The hashes of a source's pictures, kept so that each is decoded once: a file of records of 64 bytes, to which more are added. A record
 * names its picture by a key of its id and stamp, so that none is taken for one that has changed, and order does not matter.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { HilumError, messageOf } from '../../base/index.js';
import type { PictureList } from '../../datasets/index.js';
import type { ImageHash } from '../../imaging/index.js';

const MAGIC = Buffer.from('hilum picture hashes, version 1\n');
const RECORD = 64;
const CHECKED = RECORD - 4;
const MOST_WAITING = 512;
const LONGEST_WAIT_MS = 2000;
const READ_AT_ONCE = 2 ** 14 * RECORD;

/** Keys of pictures, 64 bits each: of ten million, no two are equal but with a probability of 3 in a million. */
export function keysOf(list: PictureList): BigUint64Array {
  return BigUint64Array.from({ length: list.length }, (_, i) =>
    createHash('sha256')
      .update(`${list.id(i)}\0${list.stamp(i)}`)
      .digest()
      .readBigUInt64LE(),
  );
}

export class HashFile {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #flushed = performance.now();

  /** Opens the file, or makes it; what was half written when a process was killed goes. Throws a HilumError where it cannot. */
  constructor(private readonly path: string) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#fd = openSync(path, 'a+');
      const { size } = fstatSync(this.#fd);
      const beginning = Buffer.alloc(MAGIC.length);
      readSync(this.#fd, beginning, 0, MAGIC.length, 0);
      if (!beginning.equals(MAGIC)) {
        ftruncateSync(this.#fd, 0);
        writeSync(this.#fd, MAGIC);
      } else ftruncateSync(this.#fd, size - ((size - MAGIC.length) % RECORD));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Every hash in the file, in no fixed order; damaged records are passed over. */
  *read(): Generator<[key: bigint, hash: ImageHash], void> {
    const bytes = Buffer.alloc(READ_AT_ONCE);
    for (let position = MAGIC.length; ; ) {
      const count = readSync(this.#fd, bytes, 0, bytes.length, position);
      const whole = count - (count % RECORD);
      if (whole === 0) return;
      for (let at = 0; at < whole; at += RECORD) {
        const record = bytes.subarray(at, at + RECORD);
        if (crc32(record.subarray(0, CHECKED)) !== record.readUInt32LE(CHECKED)) continue;
        const hash = {
          perceptual: record.readBigUInt64LE(8),
          exact: new Uint8Array(record.subarray(16, 48)),
          width: record.readUInt32LE(48),
          height: record.readUInt32LE(52),
        };
        yield [record.readBigUInt64LE(0), hash];
      }
      position += whole;
    }
  }

  add(key: bigint, { perceptual, exact, width, height }: ImageHash): void {
    const record = Buffer.alloc(RECORD);
    record.writeBigUInt64LE(key, 0);
    record.writeBigUInt64LE(perceptual, 8);
    record.set(exact, 16);
    record.writeUInt32LE(width, 48);
    record.writeUInt32LE(height, 52);
    record.writeUInt32LE(crc32(record.subarray(0, CHECKED)), CHECKED);
    this.#waiting.push(record);
    const due = performance.now() - this.#flushed > LONGEST_WAIT_MS;
    if (due || this.#waiting.length >= MOST_WAITING) this.flush();
  }

  /** Writes what was added. Throws a HilumError where the disk is full; what was written before is kept. */
  flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#flushed = performance.now();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #failure(error: unknown): HilumError {
    return new HilumError(`${this.path}: hashes cannot be kept: ${messageOf(error)}`);
  }
}
