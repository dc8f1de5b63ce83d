import { setImmediate } from 'node:timers/promises';
import { HammingIndex } from './hamming-index.js';

export interface SearchOptions {
  /** In bits, 0 to 16: hashes no further apart count as of one picture. */
  distance: number;
  onProgress?(done: number, total: number): void;
  /** Stops the search: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Which picture stands for each. */
export interface Standing {
  /** Its index; the picture's own where it stands for itself, -1 where there is none (`nearestHashes` alone). */
  by: Int32Array;
  /** Bits between the two. */
  distance: Uint8Array;
}

/**
 * Pictures that stand for others: in the `order` given, each that nothing stands for yet stands for itself and for all within the
 * distance for which nothing does. So every other is within the distance of the one that stands for it, and no two that stand
 * for themselves are: pictures do not hang together by way of a chain of others.
 */
export async function nearDuplicates(
  hashes: BigUint64Array,
  order: Uint32Array,
  options: SearchOptions,
): Promise<Standing> {
  const { values, members } = distinct(hashes);
  const index = new HammingIndex(values, options.distance);
  const by = new Int32Array(hashes.length).fill(-1);
  const distance = new Uint8Array(hashes.length);
  await inSlices(order.length, options, (i) => {
    const picture = order[i]!;
    if (by[picture] !== -1) return;
    index.near(hashes[picture]!, (value, bits) => {
      // Of one hash, all are taken together: the first that is near enough leaves none.
      const [from, to] = [members.starts[value]!, members.starts[value + 1]!];
      if (by[members.items[from]!] !== -1) return;
      for (let at = from; at < to; at++) {
        by[members.items[at]!] = picture;
        distance[members.items[at]!] = bits;
      }
    });
  });
  return { by, distance };
}

/** For each hash the nearest of `references` within the distance, the first of several. */
export async function nearestHashes(
  hashes: BigUint64Array,
  references: BigUint64Array,
  options: SearchOptions,
): Promise<Standing> {
  const index = new HammingIndex(references, options.distance);
  const by = new Int32Array(hashes.length).fill(-1);
  const distance = new Uint8Array(hashes.length);
  await inSlices(hashes.length, options, (i) => {
    index.near(hashes[i]!, (reference, bits) => {
      const best = by[i]!;
      if (best !== -1 && (bits > distance[i]! || (bits === distance[i] && reference > best))) return;
      by[i] = reference;
      distance[i] = bits;
    });
  });
  return { by, distance };
}

/** The different hashes, ascending, and which pictures have each, ascending. */
function distinct(hashes: BigUint64Array) {
  const sorted = hashes.slice().sort();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]!;
  }
  const values = sorted.slice(0, count);
  const words = new Uint32Array(values.buffer);
  const all = new Uint32Array(hashes.buffer, hashes.byteOffset, 2 * hashes.length);
  const of = new Uint32Array(hashes.length);
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < hashes.length; i++) {
    of[i] = placeOf(words, all[2 * i]!, all[2 * i + 1]!);
    starts[of[i]! + 1]!++;
  }
  for (let k = 1; k <= count; k++) starts[k]! += starts[k - 1]!;
  const next = starts.slice(0, -1);
  const items = new Uint32Array(hashes.length);
  for (let i = 0; i < hashes.length; i++) items[next[of[i]!]!++] = i;
  return { values, members: { starts, items } };
}

/** Where a hash lies among sorted ones, low and high words in turn. */
function placeOf(words: Uint32Array, low: number, high: number): number {
  let [from, to] = [0, words.length / 2 - 1];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const [l, h] = [words[2 * middle]!, words[2 * middle + 1]!];
    if (h < high || (h === high && l < low)) from = middle + 1;
    else to = middle;
  }
  return from;
}

const SLICE_MS = 30;

async function inSlices(total: number, options: SearchOptions, work: (i: number) => void): Promise<void> {
  const { onProgress, signal } = options;
  let rested = performance.now();
  for (let i = 0; i < total; i++) {
    work(i);
    if (i % 64 !== 0 || performance.now() - rested < SLICE_MS) continue;
    onProgress?.(i, total);
    await setImmediate();
    signal?.throwIfAborted();
    rested = performance.now();
  }
  onProgress?.(total, total);
}
