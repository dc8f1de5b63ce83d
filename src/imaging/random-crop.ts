import type { Random } from '../base/index.js';

/** A rectangle of pixels, and whether its left and right are exchanged. */
export interface Crop {
  top: number;
  left: number;
  height: number;
  width: number;
  mirrored: boolean;
}

/**
 * A random rectangle as torchvision's `RandomResizedCrop.get_params` draws it: area a uniform share of the image in
 * `scale`, width / height log-uniform in `aspect`; after ten that do not fit, the largest centred one whose aspect is
 * in range. Draws, per try: area, aspect; then top, left.
 */
export function randomCrop(
  height: number,
  width: number,
  scale: readonly [number, number],
  aspect: readonly [number, number],
  random: Random,
): Omit<Crop, 'mirrored'> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.between(...scale);
    const ratio = Math.exp(random.between(Math.log(aspect[0]), Math.log(aspect[1])));
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    return { top: random.integer(height - h + 1), left: random.integer(width - w + 1), height: h, width: w };
  }
  const h = Math.min(height, Math.round(width / aspect[0]));
  const w = Math.min(width, Math.round(height * aspect[1]));
  return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
}
