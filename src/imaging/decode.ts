import { messageOf } from '../base/index.js';
import { toColor, toGray } from './channels.js';
import { decodeDicom, isDicom } from './dicom/index.js';
import { readBeginning } from './file.js';
import { type DecodedImage, type FormatName, formatNames, ImageError, type ImageSource, nameOf } from './image.js';
import { decodeJpeg2000 } from './jpeg2000.js';
import { imageLimits } from './limits.js';
import { readEncoded } from './part.js';
import { decodePng } from './png.js';
import { decodeRaster } from './raster.js';
import type { Target } from './target.js';

/** One readable file format, told by its first bytes, never by the file's name. */
interface Format {
  matches(bytes: Uint8Array): boolean;
  /** Where a `target` is given, a format that can resize while it decodes may do so. */
  decode(bytes: Uint8Array, pixelLimit: number, target?: Target): Promise<DecodedImage>;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];
/** Little- and big-endian, each as TIFF and BigTIFF. */
const TIFF = [
  [0x49, 0x49, 42, 0],
  [0x4d, 0x4d, 0, 42],
  [0x49, 0x49, 43, 0],
  [0x4d, 0x4d, 0, 43],
];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];
const JP2 = [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a];
const JPEG_2000 = [0xff, 0x4f, 0xff, 0x51];

const formats: Readonly<Record<FormatName, Format>> = {
  PNG: {
    matches: (bytes) => startsWith(bytes, PNG),
    decode: async (bytes, pixelLimit, target) =>
      decodePng(bytes, pixelLimit) ?? decodeRaster(bytes, pixelLimit, target),
  },
  JPEG: { matches: (bytes) => startsWith(bytes, JPEG), decode: decodeRaster },
  TIFF: { matches: (bytes) => TIFF.some((signature) => startsWith(bytes, signature)), decode: decodeRaster },
  WebP: { matches: (bytes) => startsWith(bytes, RIFF) && startsWith(bytes.subarray(8), WEBP), decode: decodeRaster },
  'JPEG 2000': {
    matches: (bytes) => startsWith(bytes, JP2) || startsWith(bytes, JPEG_2000),
    decode: decodeJpeg2000,
  },
  DICOM: { matches: isDicom, decode: decodeDicom },
};

/**
 * The image as one channel `[1, H, W]`: equal colour channels give that channel, real colour Rec. 601 luma. `target` as
 * for `decode`. Throws an ImageError.
 */
export async function decodeGray(source: ImageSource, target?: Target): Promise<DecodedImage> {
  return toGray(await decode(source, target));
}

/** The image as three channels `[3, H, W]`; gray is repeated. `target` as for `decode`. Throws an ImageError. */
export async function decodeColor(source: ImageSource, target?: Target): Promise<DecodedImage> {
  return toColor(await decode(source, target));
}

/**
 * The image with the channels it has. Alpha is dropped, EXIF orientation applied. With a `target`, a large file may
 * come `halved` or with a `table`, which spares time and memory; `preprocess` does the rest. Throws an ImageError
 * that names image and reason.
 */
export async function decode(source: ImageSource, target?: Target): Promise<DecodedImage> {
  if (source.kind === 'pixels') return pixelsOf(source);
  return decodeBytes(nameOf(source), readEncoded(source), target);
}

/** `decode` of a file's content; `name` is what errors call it. */
export async function decodeBytes(name: string, bytes: Uint8Array, target?: Target): Promise<DecodedImage> {
  const format = formats[formatOf(name, bytes)];
  try {
    return await format.decode(bytes, imageLimits.pixels, target);
  } catch (error) {
    const failure = new ImageError(name, messageOf(error));
    failure.cause = error;
    throw failure;
  }
}

/** The format of a file's content. Throws an ImageError where it is none that hilum reads. */
export function formatOf(name: string, bytes: Uint8Array): FormatName {
  const format = formatNames.find((candidate) => formats[candidate].matches(bytes));
  if (format) return format;
  throw new ImageError(name, `a file that is not an image (it starts with ${hexOf(bytes.subarray(0, 8))})`);
}

/** Whether a file begins as one that hilum reads does, whatever its name. False where it cannot be read. */
export function beginsAsImage(path: string): boolean {
  try {
    formatOf(path, readBeginning(path, 4096));
    return true;
  } catch {
    return false;
  }
}

/** Pixels that are already at hand, as an image. Throws an ImageError. */
export function pixelsOf(source: ImageSource & { kind: 'pixels' }): DecodedImage {
  const { name, width, height, channels } = source;
  let data: Uint8Array;
  try {
    data = source.read();
  } catch (error) {
    throw new ImageError(name, `pixels that cannot be read (${messageOf(error)})`, 'readable pixels');
  }
  const expected = channels * height * width;
  if (data.length !== expected) throw new ImageError(name, `${data.length} bytes of pixels`, `${expected} bytes`);
  return { width, height, channels, maximum: 255, data };
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
}
