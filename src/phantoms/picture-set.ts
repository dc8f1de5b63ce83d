import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../base/index.js';
import { checkImageSet, type ImageSetOptions, writeImages } from './image-files.js';
import { drawTexture, textureNames } from './textures.js';

/**
 * Writes non-medical colour pictures, `<class>/<number>.png`, the classes in turn. The class folders label them for supervised
 * pretraining; self-supervised pretraining takes them all. Returns the paths relative to `folder`. Throws an InputError for
 * impossible options.
 */
export async function writePictureSet(folder: string, options: ImageSetOptions): Promise<string[]> {
  checkImageSet(options);
  const { images, size, seed, onProgress } = options;
  const classOf = (i: number) => textureNames[i % textureNames.length]!;
  for (const name of textureNames.slice(0, images)) mkdirSync(join(folder, name), { recursive: true });
  const paths = Array.from({ length: images }, (_, i) => {
    const number = Math.floor(i / textureNames.length) + 1;
    return join(classOf(i), `${String(number).padStart(5, '0')}.png`);
  });
  await writeImages(
    images,
    (i) => join(folder, paths[i]!),
    (i) => {
      const pixels = drawTexture(classOf(i), size, Random.of(seed, 'picture', i));
      return sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
    },
    onProgress,
  );
  return paths;
}
