import type { FrameFormat, StoredFrame } from '../frame.js';
import { ybrToRgb } from '../ybr.js';

/** What a decoder gives: unsigned samples `[H, W, C]` of `bits` significant bits; two's complement where they are signed. */
export interface Samples {
  data: Uint8Array | Uint16Array | Uint32Array;
  bits: number;
  /** What the samples are now, e.g. RGB where the decoder has undone a colour transform. */
  photometricInterpretation: string;
}

/** What a codestream says of itself. */
export interface CodestreamHeader {
  rows: number;
  columns: number;
  components: number;
  /** Bits per sample. */
  bits: number;
}

/** Throws an Error where the codestream is not the image that the data set announces, before anything is allocated for it. */
export function checkHeader(header: CodestreamHeader, format: FrameFormat): void {
  const { rows, columns, components, bits } = header;
  if (rows !== format.rows || columns !== format.columns)
    throw new Error(
      `encoded pixels of ${columns} x ${rows} where the data set says ${format.columns} x ${format.rows}`,
    );
  if (components !== format.samplesPerPixel)
    throw new Error(`encoded pixels of ${components} samples where the data set says ${format.samplesPerPixel}`);
  if (bits < 1 || bits > Math.min(format.bitsAllocated, 16))
    throw new Error(`encoded samples of ${bits} bits where the data set allocates ${format.bitsAllocated}`);
}

/** The samples in the type that the format's allocated bits and sign ask for; YBR_FULL turned into RGB. */
export function toStoredFrame(samples: Samples, format: FrameFormat): StoredFrame {
  const { rows, columns, samplesPerPixel } = format;
  const data = format.signed ? signed(samples, format.bitsAllocated) : unsigned(samples.data, format.bitsAllocated);
  const { photometricInterpretation } = samples;
  if (samplesPerPixel === 1 || !photometricInterpretation.startsWith('YBR'))
    return { data, rows, columns, samplesPerPixel, photometricInterpretation };
  if (!(data instanceof Uint8Array)) throw new Error(`${photometricInterpretation} of other than 8 unsigned bits`);
  return { data: ybrToRgb(data), rows, columns, samplesPerPixel, photometricInterpretation: 'RGB' };
}

function unsigned(data: Samples['data'], bitsAllocated: number): Samples['data'] {
  if (data.BYTES_PER_ELEMENT * 8 === bitsAllocated) return data;
  return bitsAllocated === 16 ? Uint16Array.from(data) : Uint32Array.from(data);
}

/** Sign extension from the topmost of the samples' bits. */
function signed({ data, bits }: Samples, bitsAllocated: number): Int8Array | Int16Array | Int32Array {
  const wide = unsigned(data, bitsAllocated);
  const Type = bitsAllocated === 8 ? Int8Array : bitsAllocated === 16 ? Int16Array : Int32Array;
  const result = new Type(wide.buffer as ArrayBuffer, wide.byteOffset, wide.length);
  const shift = 32 - bits;
  if (bits < bitsAllocated) for (let i = 0; i < result.length; i++) result[i] = (result[i]! << shift) >> shift;
  return result;
}
