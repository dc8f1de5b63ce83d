/** The image at the stages of the grayscale pipeline. */
import type { DecodedImage } from '../image.js';
import type { Target } from '../target.js';
import { show } from './display.js';
import type { StoredFrame } from './frame.js';
import { type DicomImage, readDicom } from './image.js';
import { type Modality, modalityFunction, readModality } from './modality.js';
import { storedValues } from './samples.js';

/**
 * A DICOM file's first frame as it is to be shown; for a `target`, 16-bit gray may come as indices into a table. Throws a
 * DicomError.
 */
export async function decodeDicom(bytes: Uint8Array, pixelLimit: number, target?: Target): Promise<DecodedImage> {
  const dicom = await readDicom(bytes, pixelLimit);
  const { image, notes } = show(dicom, 0, target !== undefined);
  return { ...image, notes: [...dicom.notes, ...notes] };
}

/** Stored values [H, W] or [H, W, 3], sign applied; palettes as indices. */
export function storedImage({ containers, bits }: DicomImage): StoredFrame['data'] {
  return storedValues(containers, bits);
}

/** The modality transformation of gray; colours and palettes have none. */
export function modalityOf({ dataSet, bits, description }: DicomImage): Modality {
  const isGray = description.photometricInterpretation.startsWith('MONOCHROME');
  return isGray ? readModality(dataSet, bits.signed) : { kind: 'none' };
}

/**
 * Modality values: 64-bit floating point after slope and intercept, unsigned integers after a Modality LUT, the stored
 * values where the file has neither or is in colour.
 */
export function modalityValues(
  stored: StoredFrame['data'],
  modality: Modality,
): StoredFrame['data'] | Float64Array<ArrayBuffer> {
  if (modality.kind === 'none') return stored;
  const toValue = modalityFunction(modality);
  const values =
    modality.kind === 'rescale'
      ? new Float64Array(stored.length)
      : new (modality.table.bits <= 8 ? Uint8Array : Uint16Array)(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = toValue(stored[i]!);
  return values;
}
