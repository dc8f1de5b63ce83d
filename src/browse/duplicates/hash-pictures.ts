import { setImmediate } from 'node:timers/promises';
import { Interrupted } from '../../base/index.js';
import type { PictureList } from '../../datasets/index.js';
import { type HashPool, ImageError, type ImageHash } from '../../imaging/index.js';
import { HashFile, keysOf } from './hash-file.js';
import { KeyTable } from './key-table.js';

/** The hashes of a list's pictures, as columns in its order. */
export interface PictureHashes {
  perceptual: BigUint64Array;
  /** The first 16 bytes of each SHA-256, as two numbers. */
  exact: BigUint64Array;
  width: Uint32Array;
  /** 0 where the picture cannot be read. */
  height: Uint32Array;
  unreadable: { id: string; reason: string }[];
}

export interface HashOptions {
  /** Where hashes are kept. */
  file: string;
  pool: HashPool;
  /** `known` of the pictures had been hashed before. */
  onProgress?(done: number, total: number, known: number): void;
  signal?: AbortSignal;
}

/** Pictures on their way, per thread. */
const AHEAD = 3;

/**
 * Hashes the pictures that were not hashed before, in the pool's threads. Those that cannot be read are listed, and tried again the
 * next time. Throws Interrupted where it was stopped, and a HilumError where hashes cannot be kept; what is hashed by then is kept.
 */
export async function hashPictures(list: PictureList, options: HashOptions): Promise<PictureHashes> {
  const { pool, onProgress, signal } = options;
  const n = list.length;
  const hashes: PictureHashes = {
    perceptual: new BigUint64Array(n),
    exact: new BigUint64Array(2 * n),
    width: new Uint32Array(n),
    height: new Uint32Array(n),
    unreadable: [],
  };
  const file = new HashFile(options.file);
  try {
    const keys = keysOf(list);
    const known = take(file, keys, hashes);
    const reasons = new Map<number, string>();
    let next = 0;
    let done = known;
    onProgress?.(done, n, known);
    const worker = async () => {
      for (;;) {
        while (next < n && hashes.height[next]! > 0) {
          if (++next % 100_000 === 0) await setImmediate();
        }
        if (next >= n || signal?.aborted) return;
        const index = next++;
        try {
          const hash = await pool.hash(list.at(index)!);
          put(hashes, index, hash);
          file.add(keys[index]!, hash);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
          reasons.set(index, error.reason);
        }
        onProgress?.(++done, n, known);
      }
    };
    const workers = Array.from({ length: AHEAD * pool.size }, () =>
      worker().catch((error) => {
        next = n;
        throw error;
      }),
    );
    const failure = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
    file.flush();
    if (failure) throw failure.reason;
    if (signal?.aborted) throw new Interrupted('stopped; run the same command again to go on from here');
    const unreadable = [...reasons].sort(([a], [b]) => a - b);
    hashes.unreadable = unreadable.map(([index, reason]) => ({ id: list.id(index), reason }));
    return hashes;
  } finally {
    file.close();
  }
}

/** Takes what the file knows; returns of how many pictures. */
function take(file: HashFile, keys: BigUint64Array, hashes: PictureHashes): number {
  const table = new KeyTable(keys);
  let known = 0;
  for (const [key, hash] of file.read()) {
    const index = table.placeOf(key);
    if (index < 0) continue;
    if (hashes.height[index] === 0) known++;
    put(hashes, index, hash);
  }
  return known;
}

function put({ perceptual, exact, width, height }: PictureHashes, index: number, hash: ImageHash): void {
  const view = new DataView(hash.exact.buffer, hash.exact.byteOffset, 16);
  perceptual[index] = hash.perceptual;
  exact[2 * index] = view.getBigUint64(0);
  exact[2 * index + 1] = view.getBigUint64(8);
  width[index] = hash.width;
  height[index] = hash.height;
}
