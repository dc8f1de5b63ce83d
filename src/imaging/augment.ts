/**
 * Random augmentation of a batch, on the device that it lies on. Every number is drawn in JavaScript, image by image,
 * and all numbers are drawn whether or not a step is on: the same `random` gives the same bits, and switching one step
 * leaves the others' draws as they were. Runs without gradients; call it outside `autocast`.
 */
import { inputError, type Random } from '../base/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { mirror, place } from './affine.js';
import { changeImages, perImage, rowsWhere } from './batch.js';
import { changeBrightness, changeContrast, changeHue, changeSaturation, luma } from './color.js';
import { type Crop, randomCrop } from './random-crop.js';
import { gaussianBlur, resizeCrops } from './resample.js';

export interface RadiographAugmentation {
  /** Probability of a mirror image. */
  flip: number;
  /** Largest rotation either way, degrees; 0..180. */
  rotation: number;
  /** Range of the scale about the centre; above 1 enlarges. */
  scale?: readonly [number, number];
  /** Largest change of contrast about the image's mean, a share 0..1. */
  contrast?: number;
  /** Largest shift of all values, 0..1. */
  brightness?: number;
}

/**
 * What the study does: flip, rotation by up to 7 degrees (`vit-med`, `data/data_provider.py`; there with the nearest
 * pixel, torchvision's default, here bilinear).
 */
export const studyAugmentation: Readonly<RadiographAugmentation> = { flip: 0.5, rotation: 7 };

/** For hundreds of radiographs rather than hundreds of thousands. */
export const smallDataAugmentation: Readonly<RadiographAugmentation> = {
  flip: 0.5,
  rotation: 10,
  scale: [0.8, 1.1],
  contrast: 0.3,
  brightness: 0.15,
};

/**
 * Augments radiographs `[B, C, H, W]`, float32 0..1: contrast, brightness (cut to 0..1), then mirror, rotation and
 * scale in one bilinear step with zeros outside. Draws per image: flip, rotation, scale, contrast, brightness. Steps
 * that do nothing leave the bits alone; the result is a tensor of its own. One channel is cheaper than three equal
 * ones: `toThreeChannels` comes after. Throws an InputError for options out of range.
 */
export function augmentRadiographs(x: Tensor, options: RadiographAugmentation, random: Random): Tensor {
  const { flip, rotation, scale = [1, 1], contrast = 0, brightness = 0 } = options;
  checkRadiographAugmentation(options);
  const draws = Array.from({ length: imagesOf(x) }, () => ({
    mirrored: random.uniform() < flip,
    rotation: random.between(-rotation, rotation),
    scale: random.between(...scale),
    contrast: random.between(1 - contrast, 1 + contrast),
    brightness: random.between(-brightness, brightness),
  }));
  const strengths = (name: 'contrast' | 'brightness') => draws.map((draw) => draw[name]);
  const moves = rotation !== 0 || scale[0] !== 1 || scale[1] !== 1;
  return float32(() => {
    let result = x;
    if (contrast !== 0) result = changeContrast(result.clone(), strengths('contrast'));
    if (brightness !== 0) result = result.add(perImage(strengths('brightness'), x)).clamp_(0, 1);
    if (moves) return place(result, draws);
    return mirror(
      result,
      draws.map((draw) => draw.mirrored),
    );
  });
}

export interface ContrastiveViews {
  /** Side of a view, pixels. */
  size: number;
  /** Range of the crop's share of the image's area, within 0..1. */
  cropScale: readonly [number, number];
  /** Range of the crop's width / height. 3/4 to 4/3 unless said. */
  aspect?: readonly [number, number];
  /** Probability of a mirror image. */
  flip: number;
  /** Colour jitter: how often, and the largest changes of the factors (of the hue: a share of the circle, 0..0.5). */
  jitter: { probability: number; brightness: number; contrast: number; saturation: number; hue?: number };
  /** Probability of gray. */
  gray: number;
  /** Probability of a Gaussian blur. */
  blur: number;
  /** Range of its standard deviation, pixels. 0.1 to 2 unless said. */
  blurSigma?: readonly [number, number];
}

/** SimCLR's views for small data that ends at radiographs: weaker jitter, no hue, gray half of the time. */
export const simclrViews: Readonly<ContrastiveViews> = {
  size: 96,
  cropScale: [0.2, 1],
  flip: 0.5,
  jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2 },
  gray: 0.5,
  blur: 0.5,
};

/**
 * One random view of each image of `[B, C, H, W]`, float32 0..1: `[B, C, size, size]` (SimCLR, Chen et al., 2020,
 * appendix A; `data_util.py`). In this order: random resized crop with antialiasing, mirror, jitter (brightness,
 * contrast, saturation, hue: torchvision's formulas, its random order fixed), gray, blur (kernel about a tenth of the
 * size). One channel has no saturation, hue or gray. Draws per image: crop, flip, whether to jitter, brightness,
 * contrast, saturation, hue, gray, whether to blur, its sigma. Throws an InputError for options out of range.
 */
export function contrastiveView(x: Tensor, options: ContrastiveViews, random: Random): Tensor {
  const { size, cropScale, aspect = [3 / 4, 4 / 3], flip, jitter, gray, blur, blurSigma = [0.1, 2] } = options;
  checkContrastiveViews(options);
  const factor = (strength: number) => random.between(Math.max(0, 1 - strength), 1 + strength);
  const { hue = 0 } = jitter;
  const draws = Array.from({ length: imagesOf(x) }, () => ({
    crop: {
      ...randomCrop(x.size(2), x.size(3), cropScale, aspect, random),
      mirrored: random.uniform() < flip,
    } satisfies Crop,
    jittered: random.uniform() < jitter.probability,
    brightness: factor(jitter.brightness),
    contrast: factor(jitter.contrast),
    saturation: factor(jitter.saturation),
    hue: random.between(-hue, hue),
    gray: random.uniform() < gray,
    blurred: random.uniform() < blur,
    sigma: random.between(...blurSigma),
  }));
  const color = x.size(1) === 3;
  return float32(() => {
    const crops = draws.map((draw) => draw.crop);
    let view = resizeCrops(x, crops, size);

    const jittered = draws.filter((draw) => draw.jittered);
    const strengths = (name: 'brightness' | 'contrast' | 'saturation' | 'hue') => jittered.map((draw) => draw[name]);
    const chosen = rowsWhere(draws, (draw) => draw.jittered);
    view = changeImages(view, chosen, (images) => {
      if (jitter.brightness !== 0) changeBrightness(images, strengths('brightness'));
      if (jitter.contrast !== 0) changeContrast(images, strengths('contrast'));
      if (jitter.saturation !== 0 && color) changeSaturation(images, strengths('saturation'));
      if (hue !== 0 && color) changeHue(images, strengths('hue'));
      return images;
    });

    if (color) {
      const grays = rowsWhere(draws, (draw) => draw.gray);
      view = changeImages(view, grays, (images) => luma(images).repeat([1, 3, 1, 1]));
    }

    const radius = Math.max(1, Math.floor(size / 20));
    const sigmas = draws.filter((draw) => draw.blurred).map((draw) => draw.sigma);
    const blurred = rowsWhere(draws, (draw) => draw.blurred);
    return changeImages(view, blurred, (images) => gaussianBlur(images, sigmas, radius));
  });
}

/** Runs `work` without gradients and frees its intermediates. Inside autocast, matrix products would lose bits. */
function float32(work: () => Tensor): Tensor {
  const result = noGrad(() => scope(work));
  if (result.dtype === 'float32') return result;
  throw new TypeError(`augmentation: the images became ${result.dtype}; expected float32 images, outside autocast`);
}

function imagesOf(x: Tensor): number {
  const channels = x.shape.length === 4 ? x.size(1) : 0;
  if ((channels === 1 || channels === 3) && x.dtype === 'float32') return x.size(0);
  throw new TypeError(`augmentation: found ${x.dtype} [${x.shape}]; expected float32 [B, 1 or 3, H, W]`);
}

/** Throws an InputError that names the option out of range. */
export function checkRadiographAugmentation(options: RadiographAugmentation): void {
  const { flip, rotation, scale = [1, 1], contrast = 0, brightness = 0 } = options;
  const check = checker('augmentation');
  check('flip', flip, within(flip, 0, 1), 'a probability, 0 to 1');
  check('rotation', rotation, within(rotation, 0, 180), '0 to 180 degrees');
  check('scale', scale, isRange(scale, 0.1, 10), 'a range within 0.1 to 10');
  check('contrast', contrast, within(contrast, 0, 1), '0 to 1');
  check('brightness', brightness, within(brightness, 0, 1), '0 to 1');
}

/** Throws an InputError that names the option out of range. */
export function checkContrastiveViews(options: ContrastiveViews): void {
  const { size, cropScale, aspect = [1, 1], flip, jitter, gray, blur, blurSigma = [1, 1] } = options;
  const check = checker('views');
  check('size', size, Number.isInteger(size) && within(size, 8, 4096), 'a whole number of pixels, 8 to 4096');
  check('cropScale', cropScale, isRange(cropScale, 1e-3, 1), 'a range within 0.001 to 1');
  check('aspect', aspect, isRange(aspect, 0.1, 10), 'a range within 0.1 to 10');
  const probabilities = { flip, gray, blur, 'jitter.probability': jitter.probability };
  for (const [name, value] of Object.entries(probabilities))
    check(name, value, within(value, 0, 1), 'a probability, 0 to 1');
  for (const name of ['brightness', 'contrast', 'saturation'] as const)
    check(`jitter.${name}`, jitter[name], within(jitter[name], 0, 10), '0 to 10');
  check('jitter.hue', jitter.hue, within(jitter.hue ?? 0, 0, 0.5), '0 to 0.5 of the circle');
  check('blurSigma', blurSigma, isRange(blurSigma, 1e-2, 100), 'a range within 0.01 to 100 pixels');
}

const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;

const isRange = ([low, high]: readonly [number, number], least: number, most: number): boolean =>
  within(low, least, most) && within(high, low, most);

function checker(what: string) {
  return (option: string, found: unknown, valid: boolean, expected: string): void => {
    if (!valid)
      throw inputError({
        what: `${what}: ${option}`,
        found: Array.isArray(found) ? `${found[0]}..${found[1]}` : String(found),
        expected,
      });
  };
}
