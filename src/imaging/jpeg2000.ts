/** JPEG 2000 files (ITU-T T.800): JP2 (annex I) and bare codestreams; sharp's libvips reads neither. */
import { planar } from './channels.js';
import { decodeJpeg2000 as decodeCodestream } from './dicom/codecs/jpeg-2000.js';
import { codestreamOf, readJpeg2000Header } from './dicom/codecs/jpeg-2000-header.js';
import { type DecodedImage, RasterError } from './image.js';

/**
 * The pixels: 8 bits up to a depth of 8, else 16, where fewer bits than that become the topmost ones, as in Pillow.
 * Reads gray of up to 16 bits and RGB of 8. Throws an Error that says what is wrong: broken data, a palette, YCC, alpha,
 * subsampled or unlike components, or more than `pixelLimit` pixels, found from the header alone.
 */
export async function decodeJpeg2000(bytes: Uint8Array, pixelLimit: number): Promise<DecodedImage> {
  checkColors(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  const { rows: height, columns: width, components, bits, signed } = readJpeg2000Header(codestreamOf(bytes));
  if (height * width > pixelLimit)
    throw new RasterError(`${width} x ${height} pixels, over the limit of ${pixelLimit}`);
  if (components !== 1 && components !== 3) throw new RasterError(`JPEG 2000 data of ${components} components`);
  const { data } = await decodeCodestream(bytes, {
    rows: height,
    columns: width,
    samplesPerPixel: components,
    bitsAllocated: 16,
    bitsStored: bits,
    signed,
    planarConfiguration: 0,
    photometricInterpretation: components === 1 ? 'MONOCHROME2' : 'RGB',
  });
  if (data instanceof Uint32Array) throw new RasterError(`JPEG 2000 data of ${bits} bits`);
  const maximum = data instanceof Uint8Array ? 255 : 65535;
  const shift = 8 * data.BYTES_PER_ELEMENT - bits;
  const lowest = signed ? 1 << (bits - 1) : 0; // two's complement to 0 and up
  if (shift > 0 || signed) for (let i = 0; i < data.length; i++) data[i] = (data[i]! ^ lowest) << shift;
  return { width, height, channels: components, maximum, data: planar(data, components) };
}

const JP2_HEADER = 'jp2h';
const SYCC = 18;

/** Throws a RasterError where a JP2 file's header says that the samples are not gray or RGB (annex I.5.3). */
function checkColors(file: Buffer): void {
  for (const [type, content] of boxes(file)) {
    if (type !== JP2_HEADER) continue;
    for (const [inner, fields] of boxes(content)) {
      if (inner === 'pclr') throw new RasterError('JPEG 2000 data with a palette');
      const enumerated = inner === 'colr' && fields.length >= 7 && fields[0] === 1;
      if (enumerated && fields.readUInt32BE(3) === SYCC) throw new RasterError('JPEG 2000 data in YCC colours');
    }
  }
}

/** Boxes of the plain form: 4 bytes of length, 4 of type, content. */
function* boxes(bytes: Buffer): Generator<[type: string, content: Buffer]> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (length < 8) return;
    yield [bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + length)];
    at += length;
  }
}
