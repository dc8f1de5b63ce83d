import { decodeFrame, transferSyntaxes } from './codecs/index.js';
import type { DataSet } from './data-set.js';
import { describePixels, type PixelDescription } from './description.js';
import { firstFrame, RLE } from './encapsulated.js';
import { DicomError } from './error.js';
import { nativeSyntaxes, readDataSet } from './file.js';
import { nativeFrame } from './native.js';
import { type Containers, type StoredBits, withoutSign } from './samples.js';

/** The first frame of a DICOM file, as stored. */
export interface DicomImage {
  dataSet: DataSet;
  transferSyntax: { uid: string; name: string };
  description: PixelDescription;
  /** What the containers hold: RGB where the file says YBR. */
  photometricInterpretation: string;
  /** [H, W, C] */
  containers: Containers;
  bits: StoredBits;
  /** What a reader should know, e.g. `frame 1 of 5`. */
  notes: string[];
}

/**
 * Reads the first frame of a DICOM file of at most `pixelLimit` pixels. Throws a DicomError that says why it cannot be
 * read; one of an element that does not fit the file or of pixels that a codec refuses is among them.
 */
export async function readDicom(bytes: Uint8Array, pixelLimit: number): Promise<DicomImage> {
  const { dataSet, transferSyntax: uid, bigEndian, notes, cut } = await readDataSet(bytes);
  const element = dataSet.element('PixelData');
  if (!element) throw new DicomError(withoutPixels(dataSet, cut));
  const description = describePixels(dataSet, pixelLimit);
  const { rows, columns, samplesPerPixel, bitsStored, highBit, signed, frames } = description;
  if (frames > 1) notes.push(`frame 1 of ${frames}`);
  if (dataSet.element('SharedFunctionalGroupsSequence'))
    notes.push('functional groups, and what they say of modality and window, are not read');

  const name = nativeSyntaxes.get(uid) ?? transferSyntaxes.get(uid);
  if (!name) throw new DicomError(`a DICOM file of a transfer syntax that hilum does not read (${uid})`);
  const bits = { stored: bitsStored, high: highBit, signed };
  const shared = { dataSet, transferSyntax: { uid, name }, description, notes };
  if (nativeSyntaxes.has(uid))
    return { ...shared, ...nativeFrame(dataSet.bytes, element, description, bigEndian), bits };
  const encoded = firstFrame(dataSet, element, frames, uid);
  const frame = await decodeFrame(uid, encoded, description);
  const { photometricInterpretation, data } = frame;
  if (frame.rows !== rows || frame.columns !== columns || data.length !== rows * columns * samplesPerPixel)
    throw new DicomError(
      `a DICOM file whose frame is ${frame.columns} x ${frame.rows} x ${frame.samplesPerPixel}, not ${columns} x ${rows} x ${samplesPerPixel} as its header says`,
    );
  const { containers, signed: isSigned } = withoutSign(data);
  // RLE packs containers as they are; the other codecs give numbers.
  const size = 8 * containers.BYTES_PER_ELEMENT;
  const decoded = { stored: size, high: size - 1, signed: isSigned };
  return { ...shared, photometricInterpretation, containers, bits: uid === RLE ? bits : decoded };
}

function withoutPixels(dataSet: DataSet, cut: boolean): string {
  if (dataSet.element('FloatPixelData') || dataSet.element('DoubleFloatPixelData'))
    return 'a DICOM file of floating point pixels';
  if (cut) return 'a truncated DICOM file: it ends before its pixel data';
  const modality = dataSet.text('Modality') ?? '';
  return `a DICOM file without pixel data${/^[A-Z]{2,16}$/.test(modality) ? ` (modality ${modality})` : ''}`;
}
