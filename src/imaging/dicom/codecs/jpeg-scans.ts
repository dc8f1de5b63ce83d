import type { FrameFormat } from '../frame.js';
import { isFrame, type JpegFrame, type JpegScan, MARKER, readFrame, readScan, segmentsOf } from './jpeg-markers.js';
import type { Samples } from './samples.js';

/** A way of coding samples themselves, one frame in one scan or several. */
export interface SampleCoding {
  /** Throws an Error for a frame that is not to be read. */
  checkFrame(frame: JpegFrame, format: FrameFormat): void;
  /** Takes the parameters of any segment but a frame or a scan. */
  readSegment(marker: number, body: Uint8Array): void;
  /** Decodes a scan into the samples of the whole image, interleaved. */
  decodeScan(data: Uint8Array, frame: JpegFrame, scan: JpegScan, samples: Uint8Array | Uint16Array): void;
}

/** All samples of JPEG data. Throws an Error where it has not exactly one frame and one scan of each component. */
export function decodeScans(encoded: Uint8Array, format: FrameFormat, coding: SampleCoding): Samples {
  let frame: JpegFrame | undefined;
  let samples: Uint8Array | Uint16Array | undefined;
  const missing = new Set<number>();
  for (const { marker, body, data } of segmentsOf(encoded)) {
    if (isFrame(marker)) {
      if (frame) throw new Error('JPEG data of more than one frame');
      frame = readFrame(marker, body);
      coding.checkFrame(frame, format);
      for (const index of frame.components.keys()) missing.add(index);
      const count = frame.rows * frame.columns * frame.components.length;
      samples = frame.bits > 8 ? new Uint16Array(count) : new Uint8Array(count);
    } else if (marker === MARKER.SOS) {
      if (!frame || !samples) throw new Error('JPEG data whose scan comes before its frame');
      const scan = readScan(body, frame);
      for (const { index } of scan.components)
        if (!missing.delete(index)) throw new Error('JPEG data of one component twice');
      coding.decodeScan(data, frame, scan, samples);
    } else coding.readSegment(marker, body);
  }
  if (!frame || !samples || missing.size > 0) throw new Error('JPEG data without all of its image');
  return { data: samples, bits: frame.bits, photometricInterpretation: format.photometricInterpretation };
}
