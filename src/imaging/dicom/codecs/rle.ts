import type { FrameFormat } from '../frame.js';
import type { Samples } from './samples.js';

const HEADER_BYTES = 64;
const MOST_SEGMENTS = 15;

/**
 * RLE Lossless (PS3.5, annex G): one PackBits segment per byte of each sample, most significant byte first. Throws an
 * Error where a segment ends before the image does.
 */
export function decodeRle(encoded: Uint8Array, format: FrameFormat): Samples {
  if (encoded.length < HEADER_BYTES) throw new Error(`RLE data of ${encoded.length} bytes, less than its header`);
  const header = new DataView(encoded.buffer, encoded.byteOffset, HEADER_BYTES);
  const bytesPerSample = format.bitsAllocated / 8;
  const channels = format.samplesPerPixel;
  const count = header.getUint32(0, true);
  if (count !== bytesPerSample * channels || count > MOST_SEGMENTS)
    throw new Error(
      `${count} RLE segments where ${channels} samples of ${format.bitsAllocated} bits take ${bytesPerSample * channels}`,
    );

  const pixels = format.rows * format.columns;
  const bytes = new Uint8Array(pixels * channels * bytesPerSample);
  for (let s = 0; s < count; s++) {
    const start = header.getUint32(4 + 4 * s, true);
    const end = s + 1 < count ? header.getUint32(8 + 4 * s, true) : encoded.length;
    if (start < HEADER_BYTES || start > end || end > encoded.length)
      throw new Error(`RLE segment ${s + 1} from byte ${start} to ${end} of ${encoded.length}`);
    const channel = Math.floor(s / bytesPerSample);
    const byte = bytesPerSample - 1 - (s % bytesPerSample);
    const written = unpackBits(
      encoded.subarray(start, end),
      bytes,
      channel * bytesPerSample + byte,
      channels * bytesPerSample,
    );
    if (written < pixels) throw new Error(`RLE segment ${s + 1} that ends after ${written} of ${pixels} samples`);
  }
  const Type = bytesPerSample === 1 ? Uint8Array : bytesPerSample === 2 ? Uint16Array : Uint32Array;
  return {
    data: new Type(bytes.buffer),
    bits: format.bitsAllocated,
    photometricInterpretation: format.photometricInterpretation,
  };
}

/** Writes the unpacked bytes to `out[offset]`, `out[offset + stride]`, ... until it is full; returns how many. */
function unpackBits(packed: Uint8Array, out: Uint8Array, offset: number, stride: number): number {
  let at = offset;
  let i = 0;
  while (i < packed.length && at < out.length) {
    const control = packed[i++]!;
    if (control < 128) {
      const end = Math.min(i + control + 1, packed.length);
      for (; i < end && at < out.length; at += stride) out[at] = packed[i++]!;
    } else if (control > 128) {
      if (i === packed.length) break;
      const value = packed[i++]!;
      const end = Math.min(at + (257 - control) * stride, out.length);
      for (; at < end; at += stride) out[at] = value;
    }
  }
  return Math.ceil((Math.min(at, out.length) - offset) / stride);
}
