import type { CacheSettings } from './settings.js';

/** A file of pixels, and how long it is. */
export interface Shard {
  file: string;
  bytes: number;
}

/**
 * Where pixels lie: image `slot` of a size takes `imageBytes(size)` bytes, as many images to a file as fit in
 * `shardBytes`, in `224-000.bin`, `224-001.bin` and so on.
 */
export class Layout {
  constructor(
    readonly settings: CacheSettings,
    readonly shardBytes: number,
  ) {}

  /** Bytes of one image `[C, S, S]`. */
  imageBytes(size: number): number {
    return (this.settings.channels * size * size * this.settings.bits) / 8;
  }

  /** Bytes of one image in all sizes. */
  get bytesPerImage(): number {
    return this.settings.sizes.reduce((sum, size) => sum + this.imageBytes(size), 0);
  }

  place(size: number, slot: number): { shard: number; position: number } {
    const perShard = this.#perShard(size);
    return { shard: Math.floor(slot / perShard), position: (slot % perShard) * this.imageBytes(size) };
  }

  file(size: number, shard: number): string {
    return `${size}-${String(shard).padStart(3, '0')}.bin`;
  }

  /** The files that hold slots 0 to `slots - 1` of a size. */
  shards(size: number, slots: number): Shard[] {
    const perShard = this.#perShard(size);
    return Array.from({ length: Math.ceil(slots / perShard) }, (_, shard) => ({
      file: this.file(size, shard),
      bytes: Math.min(perShard, slots - shard * perShard) * this.imageBytes(size),
    }));
  }

  #perShard(size: number): number {
    return Math.max(1, Math.floor(this.shardBytes / this.imageBytes(size)));
  }
}

/** Whether a file name is one that a cache gives its pixels. */
export const isShard = (name: string): boolean => /^\d+-\d{3,}\.bin$/.test(name);
