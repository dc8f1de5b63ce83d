import { imageLimits } from '../../limits.js';
import type { FrameFormat, StoredFrame } from '../frame.js';
import { decodeHtJpeg2000, decodeJpeg2000 } from './jpeg-2000.js';
import { decodeJpegBaseline } from './jpeg-baseline.js';
import { decodeJpegLossless } from './jpeg-lossless.js';
import { decodeJpegLs } from './jpeg-ls.js';
import { decodeRle } from './rle.js';
import { type Samples, toStoredFrame } from './samples.js';

interface Codec {
  name: string;
  decode(encoded: Uint8Array, format: FrameFormat): Samples | Promise<Samples>;
}

/** By transfer syntax (PS3.5, annex A.4; PS3.6, annex A). */
const codecs: ReadonlyMap<string, Codec> = new Map([
  ['1.2.840.10008.1.2.5', { name: 'RLE Lossless', decode: decodeRle }],
  ['1.2.840.10008.1.2.4.50', { name: 'JPEG Baseline (Process 1)', decode: decodeJpegBaseline }],
  ['1.2.840.10008.1.2.4.51', { name: 'JPEG Extended (Process 2 and 4)', decode: decodeJpegBaseline }],
  ['1.2.840.10008.1.2.4.57', { name: 'JPEG Lossless (Process 14)', decode: decodeJpegLossless }],
  ['1.2.840.10008.1.2.4.70', { name: 'JPEG Lossless (Process 14, Selection Value 1)', decode: decodeJpegLossless }],
  ['1.2.840.10008.1.2.4.80', { name: 'JPEG-LS Lossless', decode: decodeJpegLs }],
  ['1.2.840.10008.1.2.4.81', { name: 'JPEG-LS Near-Lossless', decode: decodeJpegLs }],
  ['1.2.840.10008.1.2.4.90', { name: 'JPEG 2000 Lossless', decode: decodeJpeg2000 }],
  ['1.2.840.10008.1.2.4.91', { name: 'JPEG 2000', decode: decodeJpeg2000 }],
  ['1.2.840.10008.1.2.4.201', { name: 'High-Throughput JPEG 2000 Lossless', decode: decodeHtJpeg2000 }],
  ['1.2.840.10008.1.2.4.202', { name: 'High-Throughput JPEG 2000 RPCL Lossless', decode: decodeHtJpeg2000 }],
  ['1.2.840.10008.1.2.4.203', { name: 'High-Throughput JPEG 2000', decode: decodeHtJpeg2000 }],
]);

/** Transfer syntax UIDs that decodeFrame reads, with names. */
export const transferSyntaxes: ReadonlyMap<string, string> = new Map(
  [...codecs].map(([transferSyntax, { name }]) => [transferSyntax, name]),
);

/**
 * One whole frame's bytes, fragments joined, to samples. Where they are signed, the sign is that of the codestream's
 * topmost bit; bits above the format's bitsStored are as the codec gives them. Throws an Error whose message is the
 * reason: an unknown transfer syntax, broken data, or data that is not the image which `format` describes.
 */
export async function decodeFrame(
  transferSyntax: string,
  encoded: Uint8Array,
  format: FrameFormat,
): Promise<StoredFrame> {
  const codec = codecs.get(transferSyntax);
  if (!codec) throw new Error(`transfer syntax ${transferSyntax}, which is not read`);
  if (format.rows * format.columns > imageLimits.pixels)
    throw new Error(`${format.columns} x ${format.rows} pixels, over the limit of ${imageLimits.pixels}`);
  return toStoredFrame(await codec.decode(encoded, format), format);
}
