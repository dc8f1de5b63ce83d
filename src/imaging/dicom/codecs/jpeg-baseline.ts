import type { FrameFormat } from '../frame.js';
import { decodeJpegExtended12 } from './jpeg-extended.js';
import { type JpegOutline, outlineOf } from './jpeg-markers.js';
import { checkHeader, type Samples } from './samples.js';
import { WasmCodec } from './wasm.js';

const libjpegTurbo = new WasmCodec({
  name: 'libjpeg-turbo',
  script: '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
  binary: '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm',
  decoderClass: 'JPEGDecoder',
});

/** Adobe's APP14 with transform 0, for which libjpeg leaves three components as they are. */
const NO_TRANSFORM = [0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0];

/**
 * JPEG Baseline and Extended: sequential DCT of 8 bits, gray or colour, which becomes RGB, or gray of 12 bits. Throws an
 * Error for broken or other data.
 */
export async function decodeJpegBaseline(encoded: Uint8Array, format: FrameFormat): Promise<Samples> {
  const outline = outlineOf(encoded);
  const { frame } = outline;
  if (frame.process > 1) throw new Error(`JPEG data of process SOF${frame.process} where SOF0 or SOF1 is due`);
  const components = frame.components.length;
  checkHeader({ ...frame, components }, format);
  if (frame.bits === 12) return decodeJpegExtended12(encoded, format);
  if (frame.bits !== 8) throw new Error(`JPEG data of ${frame.bits} bits`);
  const stream = components === 3 && isRgb(outline, format) ? withoutTransform(encoded) : encoded;
  const pixels = frame.rows * frame.columns;
  return {
    data: await libjpegTurbo.decode(stream, pixels * components, pixels * components * 8),
    bits: 8,
    photometricInterpretation: components === 3 ? 'RGB' : format.photometricInterpretation,
  };
}

/**
 * Whether components are red, green and blue already. JPEG's own signs are asked first: Adobe's marker, JFIF, the
 * components' names. Without any the data set's word counts, except where it says RGB of subsampled components: some
 * software writes so what is YBR.
 */
function isRgb({ frame, jfif, adobeTransform }: JpegOutline, format: FrameFormat): boolean {
  if (adobeTransform !== undefined) return adobeTransform === 0;
  if (jfif) return false;
  if (frame.components.every(({ id }, c) => id === 'RGB'.charCodeAt(c))) return true;
  const [first, ...others] = frame.components;
  const subsampled = others.some((one) => one.horizontal < first!.horizontal || one.vertical < first!.vertical);
  return format.photometricInterpretation === 'RGB' && !subsampled;
}

function withoutTransform(encoded: Uint8Array): Uint8Array {
  const marked = new Uint8Array(encoded.length + NO_TRANSFORM.length);
  marked.set(encoded.subarray(0, 2));
  marked.set(NO_TRANSFORM, 2);
  marked.set(encoded.subarray(2), 2 + NO_TRANSFORM.length);
  return marked;
}
