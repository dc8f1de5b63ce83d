/** A thread that makes crops: decodes an image once and cuts all its crops out of it. */
import type { PlainSource } from '../pool/messages.js';
import { decoderOf, serve } from '../pool/serve.js';
import { type CropKey, cropsOf, type ImageCrops } from './image-crops.js';
import type { CropRecipe } from './recipe.js';
import { Workbench } from './workbench.js';

export interface CropRequest {
  source: PlainSource;
  recipe: CropRecipe;
  key: CropKey;
}

const workbench = new Workbench();

serve<CropRequest, ImageCrops>(async ({ source, recipe, key }) => {
  const result = cropsOf(await decoderOf(source)(), recipe, key, workbench);
  return { result, transfer: [result.global.buffer, result.local.buffer] };
});
