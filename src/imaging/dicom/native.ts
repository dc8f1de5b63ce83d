/** Pixel data that is not encapsulated (PS3.5, section 8.1 and annex D). */
import type { Element } from 'dicom-parser';
import { interleaved } from '../channels.js';
import type { PixelDescription } from './description.js';
import { DicomError } from './error.js';
import { type Containers, containersOf } from './samples.js';
import { expanded422, ybrToRgb } from './ybr.js';

export interface NativeFrame {
  /** Containers of `bitsAllocated` bits, interleaved [H, W, C]; colour is RGB. May share memory with the file. */
  containers: Containers;
  photometricInterpretation: string;
}

/**
 * The first frame. Bytes after the last frame are accepted as padding; fewer bytes than all frames need are a
 * DicomError that says how many there are.
 */
export function nativeFrame(
  bytes: Uint8Array,
  element: Element,
  description: PixelDescription,
  bigEndian: boolean,
): NativeFrame {
  const { rows, columns, samplesPerPixel, bitsAllocated, frames, planarConfiguration } = description;
  const { photometricInterpretation } = description;
  const pixels = rows * columns;
  const found = Math.min(element.length, bytes.length - element.dataOffset);
  // PS3.3, C.7.6.3.1.2: two pixels share one Cb and one Cr. Writers that store all of them are met with, too.
  const all = (pixels * samplesPerPixel * bitsAllocated) / 8;
  const halved = photometricInterpretation === 'YBR_FULL_422' && found < frames * all;
  if (halved && columns % 2 === 1) throw new DicomError('YBR_FULL_422 pixel data of an odd number of columns');
  const size = halved ? (all / 3) * 2 : all;
  if (found < frames * size)
    throw new DicomError(
      `a truncated DICOM file: ${found} bytes of pixel data, where ${frames === 1 ? '' : `${frames} frames of `}${columns} x ${rows} pixels are ${frames * size}`,
    );
  // Samples of 8 bits in VR OW lie two in a word (PS3.5, A.3).
  const word = bitsAllocated === 8 ? (element.vr === 'OW' ? 16 : 0) : bitsAllocated;
  let containers = containersOf(bytes, element.dataOffset, size, bitsAllocated, bigEndian ? word : 0);
  if (samplesPerPixel === 1) return { containers, photometricInterpretation };

  if (halved) containers = expanded422(containers);
  else if (planarConfiguration === 1) containers = interleaved(containers, 3);
  if (photometricInterpretation === 'RGB') return { containers, photometricInterpretation };
  if (!photometricInterpretation.startsWith('YBR_FULL') || !(containers instanceof Uint8Array))
    throw new DicomError(`uncompressed ${photometricInterpretation} pixel data of ${bitsAllocated} bits`);
  return { containers: ybrToRgb(containers), photometricInterpretation: 'RGB' };
}
