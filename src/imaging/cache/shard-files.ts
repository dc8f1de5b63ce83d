import { closeSync, constants, fdatasync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from '../../base/index.js';
import type { Place } from '../pool/messages.js';
import type { Layout } from './layout.js';

const sync = promisify(fdatasync);

/** The pixel files of a cache, open for writing. */
export class ShardFiles {
  readonly #open = new Map<string, number>();
  readonly #written = new Set<number>();

  constructor(
    private readonly folder: string,
    private readonly layout: Layout,
  ) {}

  /** Where an image's pixels go, per size. */
  places(slot: number): Place[] {
    return this.layout.settings.sizes.map((size) => {
      const { shard, position } = this.layout.place(size, slot);
      return { fd: this.#descriptor(this.layout.file(size, shard)), position };
    });
  }

  /** Has the files of a slot brought to disk by the next `sync`; to be called when its pixels are written. */
  wrote(slot: number): void {
    for (const { fd } of this.places(slot)) this.#written.add(fd);
  }

  /** Brings to disk what `wrote` was called for. */
  async sync(): Promise<void> {
    const written = [...this.#written];
    this.#written.clear();
    try {
      await Promise.all(written.map((fd) => sync(fd)));
    } catch (error) {
      for (const fd of written) this.#written.add(fd);
      throw error;
    }
  }

  /** Gives every file the length that belongs to `slots` images, and brings files and folder to disk. */
  finish(slots: number): void {
    for (const size of this.layout.settings.sizes) {
      for (const { file, bytes } of this.layout.shards(size, slots)) {
        const fd = this.#descriptor(file);
        ftruncateSync(fd, bytes);
        fsyncSync(fd);
      }
    }
    syncFolder(this.folder);
  }

  /** Nothing may be writing any more. */
  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #descriptor(file: string): number {
    let fd = this.#open.get(file);
    if (fd === undefined) {
      fd = openSync(join(this.folder, file), constants.O_RDWR | constants.O_CREAT, 0o666);
      this.#open.set(file, fd);
    }
    return fd;
  }
}
