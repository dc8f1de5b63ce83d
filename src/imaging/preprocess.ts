/**
 * The published preprocessing of a radiograph (Tayebi Arasteh et al., 2024; intensities as in MIMIC-CXR-JPG, Johnson et
 * al., 2019), in the published order: resize, min-max feature scaling, histogram equalization, 8 bits.
 *
 * The resize works at the native bit depth and comes first, so that minimum, maximum and histogram are those of the
 * image that the network sees (Lanczos overshoot included), and the two intensity steps touch size x size pixels
 * instead of megapixels.
 */
import { inputError } from '../base/index.js';
import { toColor, toGray } from './channels.js';
import type { DecodedImage } from './image.js';
import { toEightBits } from './intensity.js';
import { resize } from './resize.js';
import { type Fit, INTERPOLATIONS, type Target } from './target.js';

export interface Preprocessing extends Pick<Target, 'interpolation' | 'crop'> {
  /** Side of the square result, pixels. */
  size: number;
  channels: 1 | 3;
  /** Spreads the image's own minimum..maximum over 0..255, before the values become 8-bit. */
  minMax: boolean;
  /** Histogram equalization of the 8-bit values. */
  equalize: boolean;
  /**
   * How a rectangle becomes a square: `stretch` changes the aspect, `crop` keeps the centre, `pad` adds zeros at both
   * ends.
   */
  fit: Fit;
}

/** The part of a preprocessing that moves pixels. */
export type Geometry = Pick<Preprocessing, 'size' | 'channels' | 'fit' | 'interpolation' | 'crop'>;

/** What the study does to radiographs. */
export const radiographPreprocessing: Readonly<Preprocessing> = {
  size: 224,
  channels: 1,
  minMax: true,
  equalize: true,
  fit: 'stretch',
};

/** What is usual for photographs: the shorter side to `size`, the centre cut out, intensities untouched. */
export const naturalPreprocessing: Readonly<Preprocessing> = {
  size: 224,
  channels: 3,
  minMax: false,
  equalize: false,
  fit: 'crop',
};

/**
 * One decoded image to `[channels, size, size]`, 0..255, in an array of its own. Steps that are switched off are left
 * out.
 */
export function preprocess(image: DecodedImage, options: Preprocessing): Uint8Array {
  return spread(fitted(image, options), options);
}

/**
 * The first half of `preprocess`: the image at its final size and number of channels, at its own bit depth; with `pad`
 * still without the padding.
 */
export function fitted(image: DecodedImage, { channels, ...target }: Geometry): DecodedImage {
  const resized = resize(channels === 1 ? toGray(image) : image, target);
  return channels === 3 ? toColor(resized) : resized;
}

/** The other half: what `fitted` gives, through the intensity steps and the padding. */
export function spread(image: DecodedImage, { size, channels, minMax, equalize }: Preprocessing): Uint8Array {
  const { width, height, maximum, data } = image;
  const pixels = toEightBits(data, maximum, { minMax, equalize });
  return width === size && height === size ? pixels : padded(pixels, channels, height, width, size);
}

/**
 * `[C, H, W]` centred in `[C, size, size]` of zeros; after the intensity steps, so that the padding is not part of the
 * histogram.
 */
function padded(pixels: Uint8Array, channels: number, height: number, width: number, size: number): Uint8Array {
  const out = new Uint8Array(channels * size * size);
  const top = (size - height) >> 1;
  const left = (size - width) >> 1;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * height + y) * width;
      out.set(pixels.subarray(row, row + width), (c * size + top + y) * size + left);
    }
  }
  return out;
}

/** Throws an InputError that names the field of a preprocessing which no image could go through. */
export function checkPreprocessing({ size, channels, fit, interpolation, crop }: Preprocessing): void {
  const refuse = (field: string, found: unknown, expected: string) =>
    inputError({ what: `preprocessing: ${field}`, found: String(found), expected });
  if (!Number.isInteger(size) || size < 1 || size > 4096)
    throw refuse('size', size, 'a whole number of pixels, 1 to 4096');
  if (channels !== 1 && channels !== 3) throw refuse('channels', channels, '1 or 3');
  if (!['stretch', 'crop', 'pad'].includes(fit)) throw refuse('fit', fit, 'stretch, crop or pad');
  if (interpolation !== undefined && !INTERPOLATIONS.includes(interpolation)) {
    throw refuse('interpolation', interpolation, INTERPOLATIONS.join(', '));
  }
  if (crop === undefined) return;
  if (fit !== 'crop') throw refuse('crop', `${crop} where fit is ${fit}`, 'none, or fit "crop"');
  if (!(crop > 0 && crop <= 1)) throw refuse('crop', crop, 'a share above 0, up to 1');
}
