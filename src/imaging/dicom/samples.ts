/** Samples as they lie in memory, and the numbers that they stand for (PS3.5, section 8.1.1). */
import type { StoredFrame } from './frame.js';

/** Samples with all their allocated bits, sign and unused bits not looked at yet. */
export type Containers = Uint8Array | Uint16Array | Uint32Array;

/** Where the stored bits lie in a container. */
export interface StoredBits {
  stored: number;
  high: number;
  signed: boolean;
}

/**
 * A view of the file where its bytes lie as the machine reads them, else a copy. `swapped` says how many bits make a word
 * whose bytes are the other way round, 0 for none.
 */
export function containersOf(
  bytes: Uint8Array,
  offset: number,
  length: number,
  bits: 8 | 16 | 32,
  swapped: 0 | 16 | 32,
): Containers {
  let at = bytes.byteOffset + offset;
  let { buffer } = bytes;
  if (swapped || at % (bits / 8) !== 0) {
    const copy = Buffer.alloc(length + (length % 2)); // an odd number of bytes comes with a byte of padding
    copy.set(bytes.subarray(offset, offset + copy.length));
    if (swapped === 16) copy.swap16();
    if (swapped === 32) copy.swap32();
    buffer = copy.buffer;
    at = copy.byteOffset;
  }
  if (bits === 8) return new Uint8Array(buffer, at, length);
  return bits === 16 ? new Uint16Array(buffer, at, length / 2) : new Uint32Array(buffer, at, length / 4);
}

/** What a codec gives, as containers: the same memory, read without sign. */
export function withoutSign(data: StoredFrame['data']): { containers: Containers; signed: boolean } {
  const { buffer, byteOffset, length } = data;
  if (data instanceof Int8Array) return { containers: new Uint8Array(buffer, byteOffset, length), signed: true };
  if (data instanceof Int16Array) return { containers: new Uint16Array(buffer, byteOffset, length), signed: true };
  if (data instanceof Int32Array) return { containers: new Uint32Array(buffer, byteOffset, length), signed: true };
  return { containers: data, signed: false };
}

/** The number that a container stands for: bits above the high bit, where overlays were once kept, are cut off. */
export function storedValue(container: number, { stored, high, signed }: StoredBits): number {
  const left = container << (31 - high); // the high bit becomes bit 31
  return signed ? left >> (32 - stored) : left >>> (32 - stored);
}

/** The numbers themselves, in the smallest type that the containers' size and sign allow. */
export function storedValues(containers: Containers, bits: StoredBits): StoredFrame['data'] {
  const size = containers.BYTES_PER_ELEMENT;
  const types = bits.signed ? [Int8Array, Int16Array, Int32Array] : [Uint8Array, Uint16Array, Uint32Array];
  const values = new types[size >> 1]!(containers.length);
  for (let i = 0; i < values.length; i++) values[i] = storedValue(containers[i]!, bits);
  return values;
}
