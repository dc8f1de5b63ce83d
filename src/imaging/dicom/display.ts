/**
 * The grayscale pipeline from stored values to what a monitor shows (PS3.4, N.2), and its colour counterparts. Up to 16
 * bits it is one table from container to shown value, so that a pixel is touched once, or twice where the image's own
 * range must be found.
 */
import { planar } from '../channels.js';
import type { DecodedImage } from '../image.js';
import { DicomError } from './error.js';
import type { DicomImage } from './image.js';
import { type Modality, modalityFunction, readModality } from './modality.js';
import { type Padding, readPadding } from './padding.js';
import { showPalette } from './palette.js';
import { lookUpAll, valuesIn } from './passes.js';
import { type Containers, storedValue } from './samples.js';
import { readVoi, type Voi, voiFunction } from './voi.js';

/** How values came to be shown. */
export interface Shown {
  image: DecodedImage;
  modality: Modality;
  /** `range` where the file has no VOI: from the smallest to the largest value, padding aside, becomes black to white. */
  voi: Voi | { kind: 'range'; minimum: number; maximum: number };
  /** How many VOI LUTs or windows the file has. */
  views: number;
  padding?: Padding;
  /** Whether small values are shown bright. */
  inverted: boolean;
  notes: string[];
}

/**
 * The image as it is to be shown, dark to bright, 0..255 or 0..65535.
 *
 * - Gray of at most 8 bits stored, without modality transformation and VOI, fills 0..255 by its bits; all other gray fills
 *   0..65535 by the range of its VOI LUT or window (the `view`-th, from 0) or, without one, by its own range.
 * - MONOCHROME1, or a Presentation LUT Shape of INVERSE, is inverted, once.
 * - Padding is shown black, whichever the photometric interpretation. Overlays are not drawn.
 * - RGB keeps its values; palettes become RGB.
 *
 * With `asIndices`, 16-bit gray may come as indices into a table (`DecodedImage.table`).
 */
export function show(image: DicomImage, view = 0, asIndices = false): Shown {
  const none = { modality: { kind: 'none' }, voi: { kind: 'none' }, views: 0, inverted: false, notes: [] } as const;
  if (image.photometricInterpretation === 'PALETTE COLOR') return { ...none, notes: [], image: showPalette(image) };
  if (image.description.samplesPerPixel === 3) return { ...none, notes: [], image: showColor(image) };
  return showGray(image, view, asIndices);
}

function showGray(dicom: DicomImage, view: number, asIndices: boolean): Shown {
  const { dataSet, containers, bits, description, photometricInterpretation } = dicom;
  const { rows: height, columns: width } = description;
  const modality = readModality(dataSet, bits.signed);
  const { voi: stated, views, notes } = readVoi(dataSet, modality, bits.signed, view);
  const padding = readPadding(dataSet, bits.signed);
  const inverted = photometricInterpretation === 'MONOCHROME1' || dataSet.text('PresentationLUTShape') === 'INVERSE';
  const toValue = modalityFunction(modality);

  const isPlain = modality.kind === 'none' && stated.kind === 'none' && description.bitsStored <= 8;
  let voi: Shown['voi'] = stated;
  let fractionOf: (value: number) => number;
  if (stated.kind !== 'none') {
    fractionOf = voiFunction(stated);
  } else if (isPlain && bits.stored <= 8) {
    const lowest = bits.signed ? -(2 ** (bits.stored - 1)) : 0;
    const span = 2 ** description.bitsStored - 1;
    fractionOf = (value) => Math.min(1, Math.max(0, (value - lowest) / span));
  } else {
    const { minimum, maximum } = rangeOf(dicom, toValue, padding);
    voi = { kind: 'range', minimum, maximum };
    fractionOf = (value) => (maximum > minimum ? (value - minimum) / (maximum - minimum) : 0);
  }

  const maximum = isPlain ? 255 : 65535;
  const shown = (container: number) => {
    const stored = storedValue(container, bits);
    if (padding && stored >= padding.low && stored <= padding.high) return 0;
    const fraction = fractionOf(toValue(stored));
    return Math.round((inverted ? 1 - fraction : fraction) * maximum);
  };
  const how = { modality, voi, views, padding, inverted, notes };
  const size = { width, height, channels: 1, maximum } as const;
  if (containers instanceof Uint32Array || containers.length < FEW) {
    const data = new (isPlain ? Uint8Array : Uint16Array)(containers.length);
    for (let i = 0; i < data.length; i++) data[i] = shown(containers[i]!);
    return { ...how, image: { ...size, data } };
  }
  const table = tableOf(containers, 2 ** (bits.high + 1), shown, maximum);
  if (asIndices && containers instanceof Uint16Array && table instanceof Uint16Array)
    return { ...how, image: { ...size, data: containers, table } };
  const data = new (isPlain ? Uint8Array : Uint16Array)(containers.length);
  lookUpAll(containers, table, data);
  return { ...how, image: { ...size, data } };
}

/** Fewer samples than this are shown one by one: a table would be the larger work. */
const FEW = 65536;

/** What is shown for every value that a container can have; bits above the high bit, from `period` on, change nothing. */
function tableOf(
  containers: Containers,
  period: number,
  shown: (container: number) => number,
  maximum: 255 | 65535,
): Uint8Array | Uint16Array {
  const table = new (maximum === 255 ? Uint8Array : Uint16Array)(2 ** (8 * containers.BYTES_PER_ELEMENT));
  for (let container = 0; container < period; container++) table[container] = shown(container);
  for (let filled = period; filled < table.length; filled *= 2) table.copyWithin(filled, 0, filled);
  return table;
}

/** Smallest and largest modality value of an image, padding aside; of nothing but padding: 0 and 0. */
function rangeOf({ containers, bits }: DicomImage, toValue: (stored: number) => number, padding?: Padding) {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  const meet = (container: number) => {
    const stored = storedValue(container, bits);
    if (padding && stored >= padding.low && stored <= padding.high) return;
    const value = toValue(stored);
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  };
  if (containers instanceof Uint32Array || containers.length < FEW)
    for (let i = 0; i < containers.length; i++) meet(containers[i]!);
  else
    valuesIn(containers).forEach((present, container) => {
      if (present) meet(container);
    });
  return minimum <= maximum ? { minimum, maximum } : { minimum: 0, maximum: 0 };
}

/** RGB of 8 bits in 0..255, of more bits in 0..65535, as [C, H, W]. */
function showColor({ containers, bits, description }: DicomImage): DecodedImage {
  const { rows: height, columns: width } = description;
  if (bits.signed) throw new DicomError('a DICOM file of colours with a sign');
  const maximum = description.bitsStored <= 8 ? 255 : 65535;
  const scale = maximum / (2 ** Math.min(bits.stored, description.bitsStored) - 1);
  const levels = new (maximum === 255 ? Uint8Array : Uint16Array)(containers.length);
  for (let i = 0; i < levels.length; i++)
    levels[i] = Math.min(maximum, Math.round(storedValue(containers[i]!, bits) * scale));
  return { width, height, channels: 3, maximum, data: planar(levels, 3) };
}
