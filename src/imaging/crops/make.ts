import type { CropDraw } from './draw.js';
import type { CropView } from './recipe.js';
import type { Workbench } from './workbench.js';

/**
 * Makes one crop of the image that lies on the workbench, `[C, size, size]`, 0..255: rectangle, mirror, jitter, gray, blur, solarization, in
 * this order, as DINOv2's `DataAugmentationDINO` does. A view of the workbench's memory, which the next crop overwrites.
 */
export function makeCrop(
  workbench: Workbench,
  { size, solarize: { threshold } }: Pick<CropView, 'size' | 'solarize'>,
  { crop, jitter, gray, blur, solarized }: CropDraw,
): Uint8Array {
  workbench.cut(crop, size);
  for (const { step, amount } of jitter) workbench[step](amount);
  if (gray) workbench.gray();
  if (blur > 0) workbench.blur(blur);
  if (solarized) workbench.solarize(threshold);
  return workbench.pixels;
}
