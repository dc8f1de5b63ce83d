/** What is done to an image for self-supervised pretraining by self-distillation: many random crops of two sizes. */
import { inputError } from '../../base/index.js';
import type { IntensitySteps } from '../intensity.js';

/** How one kind of crop is drawn and changed, in this order. */
export interface CropView {
  /** Side of the crop, pixels. */
  size: number;
  /** Range of the crop's share of the image's area, within 0..1. */
  scale: readonly [number, number];
  /** Range of the crop's width / height. 3/4 to 4/3 unless said. */
  aspect?: readonly [number, number];
  /** Probability of a mirror image. */
  flip: number;
  /** Colour jitter, in a random order: how often, and the largest changes of the factors (of the hue: a share of the circle, 0..0.5). */
  jitter: { probability: number; brightness: number; contrast: number; saturation: number; hue: number };
  /** Probability of gray. */
  gray: number;
  /** Gaussian blur with a kernel of 9 x 9: how often, and the range of its standard deviation in pixels. */
  blur: { probability: number; sigma: readonly [number, number] };
  /** Inverts the levels from `threshold` (0..255) on: how often. */
  solarize: { probability: number; threshold: number };
}

export interface CropRecipe {
  /** 3: gray images are repeated. 1: coloured ones become gray. */
  channels: 1 | 3;
  /** How the levels of the whole image become 8-bit before it is cropped. */
  intensity: IntensitySteps;
  /** The two large crops, which student and teacher see. */
  global: readonly [CropView, CropView];
  /** The small crops, which only the student sees. */
  local: CropView;
  /** How many small crops an image gives. */
  locals: number;
}

/** The part of a recipe that follows from the size of network and data. */
export interface CropSizes {
  /** Side of the large crops, pixels; 224. */
  globalSize?: number;
  /** Side of the small crops, pixels; 96. */
  localSize?: number;
  /** Small crops per image; 8. */
  locals?: number;
  globalScale?: readonly [number, number];
  localScale?: readonly [number, number];
}

/**
 * DINOv2's crops as its code makes them (`dinov2/data/augmentations.py`, `transforms.py`).
 *
 * Its first large crop is never blurred and its second 9 times in 10, while the code seems to say always and 1 time in 10: `GaussianBlur(p)`
 * hands 1 - p to torchvision's `RandomApply`, which takes the probability of blurring (facebookresearch/dinov2 pull request 411; dinov3
 * issue 286, where an author confirms it). The published weights were trained so, and so it is here.
 */
export function dinov2Crops(sizes: CropSizes = {}): CropRecipe {
  const { globalSize = 224, localSize = 96, locals = 8, globalScale = [0.32, 1], localScale = [0.05, 0.32] } = sizes;
  const common = {
    flip: 0.5,
    jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
    gray: 0.2,
    solarize: { probability: 0, threshold: 128 },
  };
  const large = { ...common, size: globalSize, scale: globalScale };
  const sigma = [0.1, 2] as const;
  return {
    channels: 3,
    intensity: { minMax: false, equalize: false },
    global: [
      { ...large, blur: { probability: 0, sigma } },
      { ...large, blur: { probability: 0.9, sigma }, solarize: { probability: 0.2, threshold: 128 } },
    ],
    local: { ...common, size: localSize, scale: localScale, blur: { probability: 0.5, sigma } },
    locals,
  };
}

/**
 * Crops for radiographs, one channel of 8 or 16 bits: no colour and no solarization, which inverts what dense and lucent mean; larger
 * shares of the image, since a small one is often all lung or all background; weaker and rarer blur, since fine lines are findings. The
 * levels of an image are spread over 0..255 first, as the study does before its network sees them. This choice is hilum's own.
 */
export function radiographCrops(sizes: CropSizes = {}): CropRecipe {
  const { globalSize = 224, localSize = 96, locals = 8, globalScale = [0.5, 1], localScale = [0.1, 0.4] } = sizes;
  const view = (size: number, scale: readonly [number, number], blur: number): CropView => ({
    size,
    scale,
    aspect: [0.8, 1.25],
    flip: 0.5,
    jitter: { probability: 0.8, brightness: 0.2, contrast: 0.2, saturation: 0, hue: 0 },
    gray: 0,
    blur: { probability: blur, sigma: [0.1, 1] },
    solarize: { probability: 0, threshold: 128 },
  });
  return {
    channels: 1,
    intensity: { minMax: true, equalize: false },
    global: [view(globalSize, globalScale, 0), view(globalSize, globalScale, 0.5)],
    local: view(localSize, localScale, 0.25),
    locals,
  };
}

/** Pixels that a blur needs beside the border pixel, for the reflection. */
const LEAST_SIZE = 8;

/** Throws an InputError that names the option out of range. */
export function checkCropRecipe({ channels, intensity, global, local, locals }: CropRecipe): void {
  check('channels', channels, channels === 1 || channels === 3, '1 or 3');
  check('locals', locals, Number.isInteger(locals) && within(locals, 0, 64), 'a whole number, 0 to 64');
  for (const [name, on] of Object.entries(intensity))
    check(`intensity.${name}`, on, typeof on === 'boolean', 'true or false');
  check('global', global.length, global.length === 2, '2 views');
  check(
    'global[1].size',
    global[1].size,
    global[1].size === global[0].size,
    `the size of global[0], ${global[0].size}`,
  );
  const views = { 'global[0]': global[0], 'global[1]': global[1], local };
  for (const [name, view] of Object.entries(views)) checkView(name, view);
}

function checkView(name: string, { size, scale, aspect = [1, 1], flip, jitter, gray, blur, solarize }: CropView): void {
  const sized = Number.isInteger(size) && within(size, LEAST_SIZE, 4096);
  check(`${name}.size`, size, sized, `a whole number of pixels, ${LEAST_SIZE} to 4096`);
  check(`${name}.scale`, scale, isRange(scale, 1e-3, 1), 'a range within 0.001 to 1');
  check(`${name}.aspect`, aspect, isRange(aspect, 0.1, 10), 'a range within 0.1 to 10');
  const probabilities = {
    flip,
    'jitter.probability': jitter.probability,
    gray,
    'blur.probability': blur.probability,
    'solarize.probability': solarize.probability,
  };
  for (const [option, value] of Object.entries(probabilities))
    check(`${name}.${option}`, value, within(value, 0, 1), 'a probability, 0 to 1');
  for (const option of ['brightness', 'contrast', 'saturation'] as const)
    check(`${name}.jitter.${option}`, jitter[option], within(jitter[option], 0, 10), '0 to 10');
  check(`${name}.jitter.hue`, jitter.hue, within(jitter.hue, 0, 0.5), '0 to 0.5 of the circle');
  check(`${name}.blur.sigma`, blur.sigma, isRange(blur.sigma, 1e-2, 100), 'a range within 0.01 to 100 pixels');
  check(`${name}.solarize.threshold`, solarize.threshold, within(solarize.threshold, 0, 255), '0 to 255');
}

const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;

const isRange = ([low, high]: readonly [number, number], least: number, most: number): boolean =>
  within(low, least, most) && within(high, low, most);

function check(option: string, found: unknown, valid: boolean, expected: string): void {
  if (valid) return;
  const text = Array.isArray(found) ? `${found[0]}..${found[1]}` : String(found);
  throw inputError({ what: `crops: ${option}`, found: text, expected });
}
