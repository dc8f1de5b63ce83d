/**
 * PNG (W3C PNG, 3rd edition) as radiographs come in: not interlaced, gray or colour of 8 or 16 bits, with or without
 * alpha. Twice as fast as libpng, since Node's zlib inflates into memory of the known size in one go.
 */
import { crc32, inflateSync } from 'node:zlib';
import { pixelArray } from './channels.js';
import { type DecodedImage, RasterError } from './image.js';
import { unfilter } from './png-filters.js';

const SIGNATURE_BYTES = 8;

/** Samples per pixel of the colour types that have no palette; the last of 2 and of 4 is alpha. */
const SAMPLES: Record<number, 1 | 2 | 3 | 4> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** More than a file of the largest size has, whose encoder made chunks of a kilobyte. */
const MOST_CHUNKS = 2 ** 18;

/** Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes from two bits). */
const LARGEST_INFLATION = 1032;

/** From this size on, Node's buffers have memory of their own. */
const POOLED = 8192;

interface Header {
  width: number;
  height: number;
  depth: number;
  colorType: number;
  interlace: number;
}

/**
 * The pixels as stored, alpha dropped; transparency, gamma and colour profiles are ignored. Undefined where the file is
 * a PNG of another kind (interlaced, a palette, fewer than 8 bits, EXIF data, which may turn it, or a critical chunk
 * of a later standard), which libvips reads. Throws a RasterError on truncated or damaged data, and before any
 * memory is taken on an image of more than `pixelLimit` pixels.
 */
export function decodePng(bytes: Uint8Array, pixelLimit: number): DecodedImage | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const { header, data, others } = readChunks(file);
  const { width, height, depth, colorType, interlace } = header;
  if (width * height > pixelLimit) {
    throw new RasterError(`${width} x ${height} pixels, over the limit of ${pixelLimit}`);
  }
  const samples = SAMPLES[colorType];
  if (!samples || (depth !== 8 && depth !== 16) || interlace !== 0 || others) return undefined;

  const pixelBytes = (samples * depth) / 8;
  const rowBytes = width * pixelBytes;
  const raw = inflate(data, height * (1 + rowBytes));
  let stored: Uint8Array;
  try {
    stored = unfilter(raw, height, rowBytes, pixelBytes);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const channels = samples < 3 ? 1 : 3;
  const pixels = depth === 16 ? littleEndian(stored) : stored;
  return { width, height, channels, maximum: depth === 16 ? 65535 : 255, data: planes(pixels, samples, channels) };
}

/** The header, the image data, and whether there are chunks that only libvips understands. */
function readChunks(file: Buffer): { header: Header; data: Buffer; others: boolean } {
  let header: Header | undefined;
  let others = false;
  const data: Buffer[] = [];
  for (let at = SIGNATURE_BYTES, count = 1; at < file.length; count++) {
    if (count > MOST_CHUNKS) throw new RasterError(`more than ${MOST_CHUNKS} chunks`);
    if (at + 12 > file.length) throw damaged('the file ends within a chunk');
    const length = file.readUInt32BE(at);
    const end = at + 8 + length;
    const type = file.toString('latin1', at + 4, at + 8);
    if (end + 4 > file.length) throw damaged(`the file ends within chunk ${printable(type)}`);
    const critical = (file[at + 4]! & 0x20) === 0;
    if (critical && crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) {
      throw damaged(`chunk ${printable(type)} does not fit its checksum`);
    }
    const content = file.subarray(at + 8, end);
    if (type === 'IEND') break;
    if (!header) header = readHeader(type, content);
    else if (type === 'IDAT') data.push(content);
    else if (critical || type === 'eXIf') others = true;
    at = end + 4;
  }
  if (!header || data.length === 0) throw damaged('no image data');
  return { header, data: Buffer.concat(data), others };
}

function readHeader(type: string, content: Buffer): Header {
  if (type !== 'IHDR' || content.length !== 13) throw damaged('the header is not the first chunk');
  const [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)];
  if (width === 0 || height === 0) throw damaged(`the header says ${width} x ${height} pixels`);
  if (content[10] !== 0 || content[11] !== 0) throw damaged('the header says a method of compression that PNG has not');
  return { width, height, depth: content[8]!, colorType: content[9]!, interlace: content[12]! };
}

/** Inflates to exactly `size` bytes, in memory of that size. */
function inflate(data: Buffer, size: number): Uint8Array {
  if (size > LARGEST_INFLATION * data.length) throw damaged('less image data than the header announces');
  let raw: Buffer;
  try {
    raw = inflateSync(data, { chunkSize: Math.max(size + 64, POOLED), maxOutputLength: size });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw damaged(code === 'ERR_BUFFER_TOO_LARGE' ? 'more image data than the header announces' : message);
  }
  if (raw.length < size) throw damaged('less image data than the header announces');
  return new Uint8Array(raw.buffer, raw.byteOffset, size);
}

/** Big-endian 16-bit samples as an array of the same memory. */
function littleEndian(stored: Uint8Array): Uint16Array {
  Buffer.from(stored.buffer, stored.byteOffset, stored.length).swap16();
  return new Uint16Array(stored.buffer, stored.byteOffset, stored.length / 2);
}

/** `[H, W, samples]` to `[channels, H, W]`, the first samples of each pixel. */
function planes(pixels: Uint8Array | Uint16Array, samples: number, channels: 1 | 3): Uint8Array | Uint16Array {
  if (samples === 1) return pixels;
  const n = pixels.length / samples;
  const out = pixelArray(pixels.BYTES_PER_ELEMENT === 1 ? 255 : 65535, channels * n);
  for (let c = 0; c < channels; c++) {
    const plane = out.subarray(c * n, (c + 1) * n);
    for (let i = 0, from = c; i < n; i++, from += samples) plane[i] = pixels[from]!;
  }
  return out;
}

function damaged(reason: string): RasterError {
  return new RasterError(`truncated or damaged data (${reason})`);
}

function printable(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : 'of an unreadable name';
}
