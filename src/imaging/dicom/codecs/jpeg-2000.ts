import type { FrameFormat } from '../frame.js';
import { codestreamOf, type Jpeg2000Header, readJpeg2000Header } from './jpeg-2000-header.js';
import { checkHeader, type Samples } from './samples.js';
import { WasmCodec } from './wasm.js';

const openJpeg = new WasmCodec({
  name: 'OpenJPEG',
  script: '@cornerstonejs/codec-openjpeg/decodewasmjs',
  binary: '@cornerstonejs/codec-openjpeg/decodewasm',
  decoderClass: 'J2KDecoder',
});

const openJph = new WasmCodec({
  name: 'OpenJPH',
  script: '@cornerstonejs/codec-openjph/wasmjs',
  binary: '@cornerstonejs/codec-openjph/wasm',
  decoderClass: 'HTJ2KDecoder',
});

/** JPEG 2000 (ITU-T T.800), gray up to 16 bits or colour of 8. Throws an Error for broken or other data. */
export function decodeJpeg2000(encoded: Uint8Array, format: FrameFormat): Promise<Samples> {
  return decodeWith(openJpeg, encoded, format, (header) => {
    if (header.components > 1 && header.bits > 8)
      throw new Error(`JPEG 2000 data in colour of ${header.bits} bits, of which 8 are read`);
  });
}

/** High-throughput JPEG 2000 (ITU-T T.814), gray or colour, up to 16 bits. Throws an Error for broken or other data. */
export function decodeHtJpeg2000(encoded: Uint8Array, format: FrameFormat): Promise<Samples> {
  return decodeWith(openJph, encoded, format);
}

async function decodeWith(
  codec: WasmCodec,
  encoded: Uint8Array,
  format: FrameFormat,
  check?: (header: Jpeg2000Header) => void,
): Promise<Samples> {
  const codestream = codestreamOf(encoded);
  const header = readJpeg2000Header(codestream);
  checkHeader(header, format);
  check?.(header);
  const { bits, signed, components } = header;
  const count = header.rows * header.columns * components;
  const bytesPerSample = bits > 8 ? 2 : 1;
  const stream = signed ? asUnsigned(codestream, header) : codestream;
  const bytes = await codec.decode(stream, count * bytesPerSample, count * 24);
  const data = bits > 8 ? new Uint16Array(bytes.buffer) : bytes;
  if (signed) flipTopBit(data, bits);
  return { data, bits, photometricInterpretation: photometricInterpretation(format) };
}

/**
 * The codestream declared unsigned, which moves its values up by half their range: the WebAssembly decoders cut negative
 * values of 8 bits to 0. `flipTopBit` moves them back, to two's complement.
 */
function asUnsigned(codestream: Uint8Array, { depthOffsets }: Jpeg2000Header): Uint8Array {
  const copy = codestream.slice();
  for (const at of depthOffsets) copy[at] = copy[at]! & 0x7f;
  return copy;
}

function flipTopBit(data: Uint8Array | Uint16Array, bits: number): void {
  const top = 1 << (bits - 1);
  for (let i = 0; i < data.length; i++) data[i] = data[i]! ^ top;
}

/** YBR_RCT and YBR_ICT name a transform of the codestream's own, which its decoder has undone (PS3.5, 8.2.4). */
function photometricInterpretation(format: FrameFormat): string {
  const said = format.photometricInterpretation;
  return said === 'YBR_RCT' || said === 'YBR_ICT' ? 'RGB' : said;
}
