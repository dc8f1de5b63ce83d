/** From 64-bit keys to their places, without an object per key. */
export class KeyTable {
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(private readonly keys: BigUint64Array) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * keys.length)));
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (let place = 0; place < keys.length; place++) {
      const key = keys[place]!;
      let slot = this.#first(key);
      while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = place;
    }
  }

  /** The place of a key, the first of equal ones; -1 where there is none. */
  placeOf(key: bigint): number {
    for (let slot = this.#first(key); ; slot = (slot + 1) & this.#mask) {
      const place = this.#slots[slot]!;
      if (place === -1 || this.keys[place] === key) return place;
    }
  }

  /** Keys are as good as random, so any of their bits will do. */
  #first(key: bigint): number {
    return Number(key & 0x7fffffffn) & this.#mask;
  }
}
