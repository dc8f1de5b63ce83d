import type { DecodedImage } from './image.js';
import { fitted, type Preprocessing, preprocess } from './preprocess.js';
import type { Target } from './target.js';

/** A form in which an image is wanted. */
export interface Rendition {
  preprocessing: Preprocessing;
  /**
   * 8: what the network sees, `[C, S, S]`. 16: what `fitted` gives, `[C, H, W]`, spread over 0..65535, from which
   * `spread` makes what the network sees, bit for bit.
   */
  bits: 8 | 16;
}

export interface Rendered {
  pixels: Uint8Array | Uint16Array;
  height: number;
  width: number;
}

/**
 * One image in all its forms, each in an array of its own, the smallest first; with no form it is only decoded. Each form
 * has the pixels that it would have alone: an image that came halved for one is decoded again for the next. Throws a
 * RangeError where a smaller form follows a larger one.
 */
export async function render(
  decode: (target?: Target) => Promise<DecodedImage>,
  renditions: readonly Rendition[],
): Promise<Rendered[]> {
  let image = await decode(renditions[0]?.preprocessing);
  const rendered: Rendered[] = [];
  for (const [i, rendition] of renditions.entries()) {
    const last = renditions[i - 1]?.preprocessing.size ?? 0;
    if (rendition.preprocessing.size < last) throw new RangeError('render: a smaller form after a larger one');
    if (i > 0 && image.halved) image = await decode(rendition.preprocessing);
    rendered.push(renditionOf(image, rendition));
  }
  return rendered;
}

function renditionOf(image: DecodedImage, { preprocessing, bits }: Rendition): Rendered {
  if (bits === 8) {
    const { size } = preprocessing;
    return { pixels: preprocess(image, preprocessing), height: size, width: size };
  }
  const { data, maximum, height, width } = fitted(image, preprocessing);
  const pixels = new Uint16Array(data);
  // 65535 / 255: minimum, maximum and rounding back to 8 bits stay what they were.
  if (maximum === 255) for (let i = 0; i < pixels.length; i++) pixels[i] = 257 * pixels[i]!;
  return { pixels, height, width };
}
