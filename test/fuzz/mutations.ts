/** Damage to files, drawn from a seed. */
import { crc32 } from 'node:zlib';
import type { Random } from '../../src/base/index.js';

/** The bytes damaged, and how: one to three changes, most of them near the start, where headers are. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  let damaged: Uint8Array = Uint8Array.from(bytes);
  const how: string[] = [];
  for (let round = 1 + random.integer(3); round > 0 && damaged.length > 0; round--) {
    const change = CHANGES[random.integer(CHANGES.length)]!;
    const result = change(damaged, other, random);
    damaged = result.bytes;
    how.push(result.how);
  }
  if (isPng(damaged) && random.uniform() < 0.7) {
    fitChecksums(damaged);
    how.push('checksums made to fit');
  }
  return { bytes: damaged, how: how.join('; ') };
}

type Change = (bytes: Uint8Array, other: Uint8Array, random: Random) => { bytes: Uint8Array; how: string };

const CHANGES: readonly Change[] = [
  flipBits,
  flipBits,
  setField,
  setField,
  overwrite,
  truncate,
  splice,
  remove,
  repeat,
];

function position(bytes: Uint8Array, random: Random): number {
  const reach = random.uniform() < 0.6 ? Math.min(bytes.length, 600) : bytes.length;
  return random.integer(reach);
}

function flipBits(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const at: number[] = [];
  for (let count = 1 + random.integer(6); count > 0; count--) {
    const i = position(bytes, random);
    bytes[i]! ^= 1 << random.integer(8);
    at.push(i);
  }
  return { bytes, how: `bits flipped in bytes ${at.join(', ')}` };
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A number at an extreme where a length, a size or an offset may lie. */
function setField(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const size = [1, 2, 4, 8][random.integer(4)]!;
  const at = position(bytes, random);
  const value = EXTREMES[random.integer(EXTREMES.length)]!;
  const little = random.integer(2) === 0;
  for (let i = 0; i < size && at + i < bytes.length; i++) {
    const shift = 8 * (little ? i : size - 1 - i);
    bytes[at + i] = shift < 32 ? value >>> shift : 0;
  }
  return { bytes, how: `${value} in ${size} bytes at ${at}, ${little ? 'little' : 'big'} end first` };
}

function overwrite(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const at = position(bytes, random);
  const end = Math.min(bytes.length, at + 1 + random.integer(64));
  const fill = [0, 0xff, undefined][random.integer(3)];
  for (let i = at; i < end; i++) bytes[i] = fill ?? random.integer(256);
  return { bytes, how: `bytes ${at} to ${end} ${fill === undefined ? 'random' : `set to ${fill}`}` };
}

function truncate(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const length = position(bytes, random);
  return { bytes: bytes.subarray(0, length), how: `cut after ${length} bytes` };
}

/** A piece of another file in the place of a piece, at times of another length. */
function splice(bytes: Uint8Array, other: Uint8Array, random: Random) {
  const at = position(bytes, random);
  const from = random.integer(other.length);
  const length = 1 + random.integer(Math.min(400, other.length - from));
  const skipped = random.integer(2) === 0 ? length : random.integer(400);
  const parts = [bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + skipped)];
  return { bytes: joined(parts), how: `bytes ${at} to ${at + skipped} made ${length} bytes of another file` };
}

function remove(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const at = position(bytes, random);
  const end = at + 1 + random.integer(64);
  return { bytes: joined([bytes.subarray(0, at), bytes.subarray(end)]), how: `bytes ${at} to ${end} left out` };
}

function repeat(bytes: Uint8Array, _: Uint8Array, random: Random) {
  const at = position(bytes, random);
  const end = at + 1 + random.integer(200);
  return { bytes: joined([bytes.subarray(0, end), bytes.subarray(at)]), how: `bytes ${at} to ${end} twice` };
}

function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function isPng(bytes: Uint8Array): boolean {
  return bytes.length > 20 && bytes[0] === 0x89 && bytes[1] === 0x50;
}

/** Without this, damage in a PNG would go no deeper than its checksums. */
function fitChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) return;
    view.setUint32(at + 8 + length, crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
}
