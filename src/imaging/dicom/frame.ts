/** What passes between reading a DICOM data set and decoding its encoded frames. */

/** What a frame's samples are (PS3.3, C.7.6.3). */
export interface FrameFormat {
  rows: number;
  columns: number;
  samplesPerPixel: 1 | 3;
  bitsAllocated: 8 | 16 | 32;
  bitsStored: number;
  signed: boolean;
  planarConfiguration: 0 | 1;
  photometricInterpretation: string;
}

/**
 * Samples as stored, sign applied, interleaved [H, W, C]; colour already RGB where the codec or the photometric
 * interpretation said YBR (`photometricInterpretation` says what it is now).
 */
export interface StoredFrame {
  data: Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;
  rows: number;
  columns: number;
  samplesPerPixel: 1 | 3;
  photometricInterpretation: string;
}
