import { compiledUrl } from '../../base/index.js';
import type { ImageSource } from '../image.js';
import type { Rendered, Rendition } from '../render.js';
import type { Place, Request, Written } from './messages.js';
import { type PoolOptions, ThreadPool } from './thread-pool.js';

export type { PoolOptions } from './thread-pool.js';

/** Threads that decode and preprocess images. */
export class ImagePool {
  readonly size: number;
  readonly #threads: ThreadPool<Request, readonly (Rendered | Written)[]>;

  constructor(options: PoolOptions = {}) {
    this.#threads = new ThreadPool({ thread: compiledUrl('./thread.js', import.meta.url), ...options });
    this.size = this.#threads.size;
  }

  /**
   * One image in the forms wanted, decoded once; with no form it is decoded alone. Rejects with an ImageError where it
   * cannot be read.
   */
  async render(source: ImageSource, renditions: readonly Rendition[]): Promise<Rendered[]> {
    return (await this.#threads.submit(source, (plain) => ({ source: plain, renditions }))) as Rendered[];
  }

  /**
   * As `render`, but the pixels go to a place each in open files, and only their size comes back. Rejects with an
   * ImageError where the image cannot be read, and with another HilumError where it cannot be written.
   */
  async write(source: ImageSource, renditions: readonly Rendition[], places: readonly Place[]): Promise<Written[]> {
    return [...(await this.#threads.submit(source, (plain) => ({ source: plain, renditions, places })))];
  }

  /** Ends the threads. What was not done rejects with a HilumError, and so does every later call. */
  close(): Promise<void> {
    return this.#threads.close();
  }
}

let shared: ImagePool | undefined;

/** The pool that this thread's readers share. */
export function imagePool(): ImagePool {
  shared ??= new ImagePool();
  return shared;
}
