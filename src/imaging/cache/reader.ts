import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type InputError, inputError } from '../../base/index.js';
import { mapFile } from '../../torch/index.js';
import { ImageError } from '../image.js';
import { type Preprocessing, spread } from '../preprocess.js';
import type { ImageReader } from '../store.js';
import { type CacheIndex, hasIndex, layoutOf, readEntries, readIndex } from './index-file.js';
import type { Layout } from './layout.js';
import { prepareCommand, requireSettings } from './settings.js';
import { type SourceStamp, stampOf } from './stamp.js';
import type { CacheEntry } from './table.js';

/** A finished cache, open for reading. The folder may have moved, and the images it was made from may be gone. */
export class ImageCache {
  readonly #entries: ReadonlyMap<string, CacheEntry>;

  private constructor(
    readonly folder: string,
    readonly index: CacheIndex,
  ) {
    this.#entries = new Map(readEntries(folder, index).map((entry) => [entry.id, entry]));
  }

  /** Whether a folder holds a finished cache. */
  static isIn(folder: string): boolean {
    return hasIndex(folder);
  }

  /**
   * Opens a finished cache. Throws an InputError that names the file which is missing, cut off or not of a cache, with
   * the command that makes it good.
   */
  static open(folder: string): ImageCache {
    const index = readIndex(folder);
    for (const { file, bytes } of index.shards) {
      const path = join(folder, file);
      const found = statSync(path, { throwIfNoEntry: false })?.size;
      if (found !== undefined && found >= bytes) continue;
      throw inputError({
        what: path,
        found: found === undefined ? 'no such file' : `${found} bytes`,
        expected: `${bytes} bytes of pixels`,
        fix: `Copy the whole folder again, or remove it and type: ${commandOf(folder, index)}`,
      });
    }
    return new ImageCache(folder, index);
  }

  /** The command that brings the cache up to date. */
  get command(): string {
    return commandOf(this.folder, this.index);
  }

  /** What the cache knows of an image, by the id that the data set publishes. */
  entry(id: string): Readonly<CacheEntry> | undefined {
    return this.#entries.get(id);
  }

  /**
   * Images by id, preprocessed, in the order given. Throws an InputError, with the command to type, where the cache has
   * been through another preprocessing or lacks one of the images.
   */
  images(ids: readonly string[], preprocessing: Preprocessing): CachedImages {
    requireSettings(this.folder, this.index.source, this.index.settings, preprocessing);
    const missing = ids.filter((id) => (this.entry(id)?.state ?? 'absent') === 'absent');
    if (missing.length > 0) throw this.#outdated(missing, 'that are not in the cache');
    const entries = ids.map((id) => this.entry(id)!);
    return new CachedImages(this.folder, this.index, entries, preprocessing);
  }

  /**
   * Throws an InputError, with the command to type, where an image's file under `root` is there and is not the one that
   * the cache was made from, by its size or the time of its change.
   */
  requireUnchanged(ids: readonly string[], root: string): void {
    const changed = ids.filter((id) => {
      const entry = this.entry(id);
      return entry && entry.state !== 'absent' && differs(entry, stampOf(join(root, entry.path)));
    });
    if (changed.length > 0) throw this.#outdated(changed, 'whose files have changed since');
  }

  #outdated(ids: readonly string[], what: string): InputError {
    const shown = ids.slice(0, 3).join(', ') + (ids.length > 3 ? ', …' : '');
    const found = `${ids.length} images ${what} (${shown})`;
    return inputError({
      what: this.folder,
      found,
      expected: 'every image of the data set',
      fix: `Type: ${this.command}`,
    });
  }
}

const differs = (entry: CacheEntry, now: SourceStamp) =>
  now.bytes >= 0 && (entry.bytes !== now.bytes || entry.modified !== now.modified);

const commandOf = (folder: string, { source, settings }: CacheIndex) => prepareCommand(folder, source, settings);

/**
 * Preprocessed images of a cache, read through a memory map. All files are mapped from the start, so that a later pass,
 * which appends to them or removes them, does not disturb whoever reads.
 */
export class CachedImages implements ImageReader {
  readonly shape: readonly [number, number, number];
  readonly #layout: Layout;
  readonly #maps: readonly ArrayBuffer[];
  readonly #imageBytes: number;

  constructor(
    folder: string,
    index: CacheIndex,
    private readonly entries: readonly CacheEntry[],
    private readonly preprocessing: Preprocessing,
  ) {
    const { channels, size } = preprocessing;
    this.shape = [channels, size, size];
    this.#layout = layoutOf(index);
    this.#imageBytes = this.#layout.imageBytes(size);
    this.#maps = this.#layout.shards(size, index.slots).map(({ file, bytes }) => mapFile(join(folder, file), bytes));
  }

  get length(): number {
    return this.entries.length;
  }

  name(index: number): string {
    return this.#entry(index).path;
  }

  /**
   * One preprocessed image `[C, S, S]`, 0..255: with 8 bits a view of the mapped file, which must not be changed; with 16
   * bits an array of its own, to which the intensity steps were applied. Rejects with an ImageError where the image could
   * not be read when the cache was made.
   */
  async read(index: number): Promise<Uint8Array> {
    const entry = this.#entry(index);
    if (entry.state !== 'ready') throw new ImageError(entry.path, entry.reason);
    const { size } = this.preprocessing;
    const { sizes, bits } = this.#layout.settings;
    const { shard, position } = this.#layout.place(size, entry.slot);
    const map = this.#maps[shard]!;
    if (bits === 8) return new Uint8Array(map, position, this.#imageBytes);
    const [height, width] = entry.extents[sizes.indexOf(size)] ?? [size, size];
    const data = new Uint16Array(map, position, this.shape[0] * height * width);
    return spread({ height, width, channels: this.preprocessing.channels, maximum: 65535, data }, this.preprocessing);
  }

  #entry(index: number): CacheEntry {
    const entry = this.entries[index];
    if (!entry) throw new RangeError(`CachedImages: index ${index} is not in 0..${this.length - 1}`);
    return entry;
  }
}
