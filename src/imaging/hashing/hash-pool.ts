import { compiledUrl } from '../../base/index.js';
import type { ImageSource } from '../image.js';
import type { PlainSource } from '../pool/messages.js';
import { type PoolOptions, ThreadPool } from '../pool/thread-pool.js';
import type { ImageHash } from './image-hash.js';

/** Threads that decode and hash images. */
export class HashPool {
  readonly size: number;
  readonly #threads: ThreadPool<PlainSource, ImageHash>;

  constructor(options: PoolOptions = {}) {
    this.#threads = new ThreadPool({ thread: compiledUrl('./thread.js', import.meta.url), ...options });
    this.size = this.#threads.size;
  }

  /** Rejects with an ImageError where the image cannot be read. */
  hash(source: ImageSource): Promise<ImageHash> {
    return this.#threads.submit(source, (plain) => plain);
  }

  /** Ends the threads. What was not done rejects with a HilumError. */
  close(): Promise<void> {
    return this.#threads.close();
  }
}
