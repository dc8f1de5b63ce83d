import { decode } from './decode.js';
import { ImageError, type ImageList, type ImageSource, nameOf } from './image.js';
import { imagePool } from './pool/pool.js';
import { checkPreprocessing, type Preprocessing } from './preprocess.js';
import { render } from './render.js';

/** What the loader and the scan read from: preprocessed images by index. */
export interface ImageReader {
  /** Number of images. */
  readonly length: number;
  /** `[C, H, W]` of every image. */
  readonly shape: readonly [number, number, number];
  /** The name of an image in errors and reports. */
  name(index: number): string;
  /**
   * One preprocessed image `[C, H, W]`, 0..255, which the caller must not change. Rejects with an ImageError where it
   * cannot be read.
   */
  read(index: number): Promise<Uint8Array>;
}

/** A store of fewer images decodes them in its own thread: others would be decoded by the time a pool has started. */
const WORTH_A_POOL = 16;

/**
 * Images decoded and preprocessed on demand, a large store's in the threads of `imagePool`, and kept in memory up to a
 * limit.
 *
 * What is kept stays: an epoch reads every image once in a new order, so evicting one image for another would only move
 * the miss.
 */
export class ImageStore implements ImageReader {
  readonly preprocessing: Readonly<Preprocessing>;
  readonly shape: readonly [number, number, number];
  readonly #sources: ImageList;
  readonly #cacheBytes: number;
  readonly #kept = new Map<number, Uint8Array>();
  readonly #pending = new Map<number, Promise<Uint8Array>>();
  readonly #failed = new Map<number, ImageError>();

  /**
   * Keeps at most `cacheBytes` of preprocessed pixels (512 MiB unless said). Throws an InputError on a preprocessing
   * that makes no sense.
   */
  constructor(
    sources: readonly ImageSource[] | ImageList,
    options: Preprocessing,
    limits: { cacheBytes?: number } = {},
  ) {
    checkPreprocessing(options);
    this.preprocessing = { ...options };
    this.shape = [options.channels, options.size, options.size];
    this.#sources = sources;
    this.#cacheBytes = limits.cacheBytes ?? 512 * 2 ** 20;
  }

  get length(): number {
    return this.#sources.length;
  }

  /** Bytes of preprocessed pixels held now. */
  get cachedBytes(): number {
    return this.#kept.size * this.#imageBytes;
  }

  name(index: number): string {
    return nameOf(this.#source(index));
  }

  /**
   * One preprocessed image `[C, S, S]`, 0..255; shared with other readers, so it must not be changed. Concurrent reads
   * of one index share one decode. Rejects with an ImageError, the same one at every later read of that index.
   */
  async read(index: number): Promise<Uint8Array> {
    const kept = this.#kept.get(index) ?? this.#pending.get(index);
    if (kept) return kept;
    const failed = this.#failed.get(index);
    if (failed) throw failed;
    const pending = this.#load(index).finally(() => this.#pending.delete(index));
    this.#pending.set(index, pending);
    return pending;
  }

  async #load(index: number): Promise<Uint8Array> {
    const source = this.#source(index);
    try {
      const rendition = { preprocessing: this.preprocessing, bits: 8 } as const;
      const [rendered] =
        this.length < WORTH_A_POOL
          ? await render((target) => decode(source, target), [rendition])
          : await imagePool().render(source, [rendition]);
      const pixels = rendered!.pixels as Uint8Array;
      if (this.cachedBytes + this.#imageBytes <= this.#cacheBytes) this.#kept.set(index, pixels);
      return pixels;
    } catch (error) {
      if (error instanceof ImageError) this.#failed.set(index, error);
      throw error;
    }
  }

  get #imageBytes(): number {
    const [channels, height, width] = this.shape;
    return channels * height * width;
  }

  #source(index: number): ImageSource {
    const source = index >= 0 ? this.#sources.at(index) : undefined;
    if (!source) throw new RangeError(`ImageStore: index ${index} is not in 0..${this.length - 1}`);
    return source;
  }
}
