import type { Keyword } from './attributes.js';
import { type DataSet, invalid } from './data-set.js';
import { DicomError } from './error.js';
import type { FrameFormat } from './frame.js';

/** The Image Pixel module (PS3.3, C.7.6.3), as far as it says how to read the first frame. */
export interface PixelDescription extends FrameFormat {
  /** Position of the most significant bit of a sample within the bits allocated. */
  highBit: number;
  frames: number;
}

const GRAY = ['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR'];
const COLOR = ['RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_PARTIAL_420', 'YBR_ICT', 'YBR_RCT'];

/** Throws a DicomError that names what is missing, invalid, or over `pixelLimit`. */
export function describePixels(dataSet: DataSet, pixelLimit: number): PixelDescription {
  const rows = required(dataSet, 'Rows', (n) => n > 0);
  const columns = required(dataSet, 'Columns', (n) => n > 0);
  if (rows * columns > pixelLimit) throw new DicomError(`${columns} x ${rows} pixels, over the limit of ${pixelLimit}`);
  const bitsAllocated = required(dataSet, 'BitsAllocated', (n) => [1, 8, 16, 32].includes(n));
  if (bitsAllocated === 1) throw new DicomError('a DICOM file of 1-bit pixels (a mask or overlay, not a radiograph)');
  const bitsStored = required(dataSet, 'BitsStored', (n) => n > 0 && n <= bitsAllocated);
  const highBit = dataSet.integer('HighBit') ?? bitsStored - 1;
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated) throw invalid('HighBit', String(highBit));
  const photometricInterpretation = dataSet.text('PhotometricInterpretation');
  if (!photometricInterpretation) throw new DicomError('a DICOM file without PhotometricInterpretation');
  const samplesPerPixel = required(dataSet, 'SamplesPerPixel', (n) => n === 1 || n === 3);
  if (!(samplesPerPixel === 3 ? COLOR : GRAY).includes(photometricInterpretation))
    throw invalid('PhotometricInterpretation', `${photometricInterpretation} of ${samplesPerPixel} samples`);
  const [frames = 1] = dataSet.decimals('NumberOfFrames');
  if (!Number.isInteger(frames) || frames < 1) throw invalid('NumberOfFrames', String(frames));
  return {
    rows,
    columns,
    samplesPerPixel: samplesPerPixel as 1 | 3,
    bitsAllocated: bitsAllocated as 8 | 16 | 32,
    bitsStored,
    highBit,
    signed: required(dataSet, 'PixelRepresentation', (n) => n < 2) === 1,
    planarConfiguration: samplesPerPixel === 3 ? (required(dataSet, 'PlanarConfiguration', (n) => n < 2) as 0 | 1) : 0,
    photometricInterpretation,
    frames,
  };
}

function required(dataSet: DataSet, keyword: Keyword, isValid: (value: number) => boolean): number {
  const value = dataSet.integer(keyword);
  if (value === undefined) throw new DicomError(`a DICOM file without ${keyword}`);
  if (!isValid(value)) throw invalid(keyword, String(value));
  return value;
}
