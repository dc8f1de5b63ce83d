import { Random } from '../../base/index.js';
import { toColor, toGray } from '../channels.js';
import type { DecodedImage } from '../image.js';
import { toEightBits } from '../intensity.js';
import { drawCrop } from './draw.js';
import { makeCrop } from './make.js';
import type { CropRecipe } from './recipe.js';
import type { Picture, Workbench } from './workbench.js';

/** What chance hangs on: the same for the same numbers, whichever thread makes the crops and whenever. */
export interface CropKey {
  seed: number;
  epoch: number;
  /** Which image, by number. */
  image: number;
  /** The image in whose place this one comes, where it does; its crops differ from those that it gives by itself. */
  inPlaceOf?: number;
}

/** The crops of one image, 0..255. */
export interface ImageCrops {
  /** `[2, C, S, S]`. */
  global: Uint8Array<ArrayBuffer>;
  /** `[L, C, s, s]`. */
  local: Uint8Array<ArrayBuffer>;
  /** Whether the image's shorter side is below S, so that large crops show less than their pixels could. */
  enlarged: boolean;
}

/** Makes the crops of an image as the recipe says. */
export function cropsOf(decoded: DecodedImage, recipe: CropRecipe, key: CropKey, workbench: Workbench): ImageCrops {
  const image = pictureOf(decoded, recipe);
  const { channels, global, local, locals } = recipe;
  const side = global[0].size;
  workbench.load(image, Math.max(side, local.size));
  const large = new Uint8Array(2 * channels * side * side);
  const small = new Uint8Array(locals * channels * local.size * local.size);
  const purpose = key.inPlaceOf === undefined ? [] : ['in place of', key.inPlaceOf];
  for (let i = 0; i < 2 + locals; i++) {
    const random = Random.of(key.seed, 'crop', key.epoch, key.image, i, ...purpose);
    const view = global[i] ?? local;
    const draw = drawCrop(view, image.height, image.width, random);
    const pixels = makeCrop(workbench, view, draw);
    if (i < 2) large.set(pixels, i * pixels.length);
    else small.set(pixels, (i - 2) * pixels.length);
  }
  return { global: large, local: small, enlarged: Math.min(image.height, image.width) < side };
}

/** The whole image with the recipe's channels, at 8 bits. */
function pictureOf(decoded: DecodedImage, { channels, intensity }: CropRecipe): Picture {
  const { height, width, maximum, data } = channels === 1 ? toGray(decoded) : toColor(decoded);
  const asIs = data instanceof Uint8Array && !intensity.minMax && !intensity.equalize;
  return { channels, height, width, data: asIs ? data : toEightBits(data, maximum, intensity) };
}
