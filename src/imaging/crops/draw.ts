import type { Random } from '../../base/index.js';
import { type Crop, randomCrop } from '../random-crop.js';
import type { CropView } from './recipe.js';

/** The steps of a colour jitter. */
export type JitterStep = 'brightness' | 'contrast' | 'saturation' | 'hue';
const STEPS: readonly JitterStep[] = ['brightness', 'contrast', 'saturation', 'hue'];

/** A colour jitter: factors (1 changes nothing) and the hue's share of the circle, in the order in which they come. */
export type Jitter = readonly { step: JitterStep; amount: number }[];

/** All that chance decides about one crop. */
export interface CropDraw {
  crop: Crop;
  /** None where there is no jitter. */
  jitter: Jitter;
  gray: boolean;
  /** Standard deviation in pixels; 0 where there is no blur. */
  blur: number;
  solarized: boolean;
}

const USUAL_ASPECT = [3 / 4, 4 / 3] as const;

/**
 * Draws a crop of an image of `height` x `width` pixels with the distributions of torchvision's `get_params`: uniform but for the aspect,
 * which is log-uniform. Steps of no strength are left out. Everything is drawn whether or not it is used, so that a probability changes
 * no other draw; how many numbers the rectangle takes depends on the image's size.
 */
export function drawCrop(view: CropView, height: number, width: number, random: Random): CropDraw {
  const { scale, aspect = USUAL_ASPECT, flip, jitter, gray, blur, solarize } = view;
  const mirrored = random.uniform() < flip;
  const jittered = random.uniform() < jitter.probability;
  const order = random.shuffle([...STEPS]);
  const amounts = {
    brightness: random.between(Math.max(0, 1 - jitter.brightness), 1 + jitter.brightness),
    contrast: random.between(Math.max(0, 1 - jitter.contrast), 1 + jitter.contrast),
    saturation: random.between(Math.max(0, 1 - jitter.saturation), 1 + jitter.saturation),
    hue: random.between(-jitter.hue, jitter.hue),
  };
  const grayed = random.uniform() < gray;
  const blurred = random.uniform() < blur.probability;
  const sigma = random.between(...blur.sigma);
  const solarized = random.uniform() < solarize.probability;
  const steps = jittered ? order.filter((step) => jitter[step] > 0) : [];
  return {
    crop: { ...randomCrop(height, width, scale, aspect, random), mirrored },
    jitter: steps.map((step) => ({ step, amount: amounts[step] })),
    gray: grayed,
    blur: blurred ? sigma : 0,
    solarized,
  };
}
