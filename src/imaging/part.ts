import { compressors, decompressZstd } from 'hyparquet-compressors';
import { messageOf } from '../base/index.js';
import { readImageFile, readStretch } from './file.js';
import { type BlockCodec, type CompressedBlock, ImageError, type ImagePart, type ImageSource } from './image.js';
import { imageLimits } from './limits.js';

/** An image that lies encoded on the disk. */
export type EncodedSource = Exclude<ImageSource, { kind: 'pixels' }>;

/** The bytes of an encoded image, in the memory that `room` gives for their number. Throws an ImageError that names it. */
export function readEncoded(
  source: EncodedSource,
  room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  if (source.kind === 'file') return readImageFile(source.path, imageLimits.bytes, room);
  const { name, offset, length, block } = source;
  if (length > imageLimits.bytes) {
    throw new ImageError(name, `${length} bytes`, `an image of at most ${imageLimits.bytes} bytes`);
  }
  if (!block) return readStretch(source, room);
  const whole = decompressedBlock(source, block);
  if (!(offset >= 0 && length > 0 && offset + length <= whole.length)) {
    throw new ImageError(name, `bytes ${offset} to ${offset + length} in a block of ${whole.length}`);
  }
  const bytes = room(length);
  bytes.set(whole.subarray(offset, offset + length));
  return bytes;
}

/** Decompressed blocks of this thread, the last used at the end: images of one block tend to be asked for together. */
const recent = new Map<string, Uint8Array>();
const MOST_RECENT_BYTES = 64 * 2 ** 20;

function decompressedBlock({ path, name }: ImagePart, block: CompressedBlock): Uint8Array {
  const { offset, length, codec, size } = block;
  const key = [offset, length, codec, size, path].join(' ');
  const known = recent.get(key);
  if (known) {
    recent.delete(key);
    recent.set(key, known);
    return known;
  }
  if (!(size > 0 && size <= imageLimits.bytes && length <= imageLimits.bytes)) {
    throw new ImageError(name, `a block of ${Math.max(size, length)} bytes`, `at most ${imageLimits.bytes} bytes`);
  }
  const stored = readStretch({ path, name, offset, length }, (bytes) => new Uint8Array(bytes));
  let bytes: Uint8Array;
  try {
    bytes = decompressBlock(codec, stored, size);
  } catch (error) {
    throw new ImageError(name, messageOf(error));
  }
  let held = bytes.length;
  for (const other of recent.values()) held += other.length;
  for (const [oldest, other] of recent) {
    if (held <= MOST_RECENT_BYTES) break;
    recent.delete(oldest);
    held -= other.length;
  }
  if (held <= MOST_RECENT_BYTES) recent.set(key, bytes);
  return bytes;
}

/** A block as it was before compression: `size` bytes. Throws an Error where it is none. */
export function decompressBlock(codec: BlockCodec, bytes: Uint8Array, size: number): Uint8Array {
  // Of Zstandard's decoder the memory has to be given, else it takes what the data asks for.
  const decompressed =
    codec === 'ZSTD' ? decompressZstd(bytes, new Uint8Array(size)) : compressors[codec]?.(bytes, size);
  if (decompressed?.length !== size)
    throw new Error(`${bytes.length} bytes of compression ${codec} that cannot be read`);
  return decompressed;
}
