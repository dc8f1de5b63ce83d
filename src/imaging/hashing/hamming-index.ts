/**
 * Search for 64-bit hashes within a Hamming distance, by multi-index hashing (Norouzi, Punjani and Fleet, "Fast exact search in Hamming
 * space with multi-index hashing", 2014): the bits are dealt to m keys; of hashes that differ in d bits, one of the keys differs in
 * d / m bits at most, so that few buckets of each key's table are looked into. The answer is complete, as of a scan of all.
 */

/** The largest distance that is worth an index: unrelated images begin not far beyond. */
export const MOST_DISTANCE = 16;
const WIDEST = 22;

export class HammingIndex {
  readonly #words: Uint32Array;
  readonly #keys: readonly Key[];
  readonly #seen: Uint32Array;
  #round = 0;

  /** `distance` is in bits, 0 to 16. The hashes are not copied. Throws a RangeError for another distance. */
  constructor(
    readonly hashes: BigUint64Array,
    readonly distance: number,
  ) {
    if (!Number.isInteger(distance) || distance < 0 || distance > MOST_DISTANCE) {
      throw new RangeError(`HammingIndex: distance ${distance} is not in 0..${MOST_DISTANCE}`);
    }
    this.#words = new Uint32Array(hashes.buffer, hashes.byteOffset, 2 * hashes.length);
    this.#keys = keysFor(hashes.length, distance).map((plan) => new Key(plan, this.#words));
    this.#seen = new Uint32Array(hashes.length);
  }

  /** Calls `visit` once for each hash within the distance of `hash`, in no fixed order. */
  near(hash: bigint, visit: (index: number, distance: number) => void): void {
    const low = Number(hash & 0xffffffffn);
    const high = Number(hash >> 32n);
    const round = ++this.#round;
    for (const { plan, starts, items } of this.#keys) {
      const key = keyOf(plan, low, high);
      for (const mask of plan.masks) {
        const bucket = key ^ mask;
        for (let at = starts[bucket]!, end = starts[bucket + 1]!; at < end; at++) {
          const index = items[at]!;
          if (this.#seen[index] === round) continue;
          this.#seen[index] = round;
          const distance = ones(this.#words[2 * index]! ^ low) + ones(this.#words[2 * index + 1]! ^ high);
          if (distance <= this.distance) visit(index, distance);
        }
      }
    }
  }
}

/** Which bits make up a key, and in how many of them two keys may differ. */
interface KeyPlan {
  width: number;
  /** Of each of the hash's bytes and each of its values: the bits of the key. `[8, 256]`. */
  parts: Uint32Array;
  /** What a key is changed by: all numbers of `width` bits with few enough ones, the fewest first. */
  masks: Uint32Array;
}

/** The keys with which a query costs least, for `n` hashes. */
function keysFor(n: number, distance: number): KeyPlan[] {
  let best: { width: number; radius: number }[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let m = Math.ceil(64 / WIDEST); m <= 16; m++) {
    const radius = Math.floor(distance / m);
    // Of d = m r + a differing bits, one of the first a + 1 keys has r at most, or one of the others r - 1.
    const keys = Array.from({ length: m }, (_, key) => ({
      width: Math.floor(64 / m) + (key < 64 % m ? 1 : 0),
      radius: key <= distance % m ? radius : radius - 1,
    }));
    const cost = keys.reduce((sum, { width, radius }) => sum + choices(width, radius) * (1 + n / 2 ** width), 0);
    if (cost < least) [best, least] = [keys, cost];
  }
  const m = best.length;
  return best.flatMap(({ width, radius }, key) =>
    radius < 0 ? [] : [{ width, parts: partsOf(key, m), masks: masksOf(width, radius) }],
  );
}

/** How many numbers of `width` bits have `radius` ones at most. */
function choices(width: number, radius: number): number {
  let total = 0;
  for (let ones = 0, ways = 1; ones <= radius; ones++) {
    total += ways;
    ways = (ways * (width - ones)) / (ones + 1);
  }
  return total;
}

/** Bit b of the hash is bit floor(b / m) of key b mod m: neighbouring frequencies, which go together, are in different keys. */
function partsOf(key: number, m: number): Uint32Array {
  const parts = new Uint32Array(8 * 256);
  for (let bit = key; bit < 64; bit += m) {
    const byte = bit >> 3;
    for (let value = 0; value < 256; value++) {
      if ((value >> (bit & 7)) & 1) parts[byte * 256 + value]! |= 1 << Math.floor(bit / m);
    }
  }
  return parts;
}

function masksOf(width: number, radius: number): Uint32Array {
  const masks: number[] = [0];
  let last: [mask: number, next: number][] = [[0, 0]];
  for (let ones = 1; ones <= radius; ones++) {
    last = last.flatMap(([mask, next]) =>
      Array.from({ length: width - next }, (_, i): [number, number] => [mask | (1 << (next + i)), next + i + 1]),
    );
    for (const [mask] of last) masks.push(mask);
  }
  return Uint32Array.from(masks);
}

function keyOf({ parts }: KeyPlan, low: number, high: number): number {
  return (
    parts[low & 255]! |
    parts[256 + ((low >>> 8) & 255)]! |
    parts[512 + ((low >>> 16) & 255)]! |
    parts[768 + (low >>> 24)]! |
    parts[1024 + (high & 255)]! |
    parts[1280 + ((high >>> 8) & 255)]! |
    parts[1536 + ((high >>> 16) & 255)]! |
    parts[1792 + (high >>> 24)]!
  );
}

/** A table of all hashes by one key: `items[starts[k]..starts[k + 1]]` have key k. */
class Key {
  readonly starts: Uint32Array;
  readonly items: Uint32Array;

  constructor(
    readonly plan: KeyPlan,
    words: Uint32Array,
  ) {
    const n = words.length / 2;
    const starts = new Uint32Array(2 ** plan.width + 1);
    const keys = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      keys[i] = keyOf(plan, words[2 * i]!, words[2 * i + 1]!);
      starts[keys[i]! + 1]!++;
    }
    for (let k = 1; k < starts.length; k++) starts[k]! += starts[k - 1]!;
    const next = starts.slice(0, -1);
    this.items = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.items[next[keys[i]!]!++] = i;
    this.starts = starts;
  }
}

/** How many bits of 32 are one. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return (((x + (x >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
