import type { FrameFormat } from '../frame.js';
import { interleaved } from '../samples.js';
import { outlineOf } from './jpeg-markers.js';
import { checkHeader, type Samples } from './samples.js';
import { WasmCodec } from './wasm.js';

const charls = new WasmCodec({
  name: 'CharLS',
  script: '@cornerstonejs/codec-charls/decodewasmjs',
  binary: '@cornerstonejs/codec-charls/decodewasm',
  decoderClass: 'JpegLSDecoder',
});

/** JPEG-LS, lossless or near-lossless (ITU-T T.87), 2 to 16 bits, gray or RGB. Throws an Error for broken or other data. */
export async function decodeJpegLs(encoded: Uint8Array, format: FrameFormat): Promise<Samples> {
  const { frame, scans } = outlineOf(encoded);
  if (frame.process !== 55) throw new Error(`JPEG data of process SOF${frame.process} where JPEG-LS is due`);
  const components = frame.components.length;
  checkHeader({ ...frame, components }, format);
  const count = frame.rows * frame.columns * components;
  const bytes = await charls.decode(encoded, count * (frame.bits > 8 ? 2 : 1), count * 8);
  const data = frame.bits > 8 ? new Uint16Array(bytes.buffer) : bytes;
  return {
    data: scans.length > 1 ? interleaved(data) : data,
    bits: frame.bits,
    photometricInterpretation: format.photometricInterpretation,
  };
}
