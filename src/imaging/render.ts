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
 * One image in all its forms, each in an array of its own; with no form it is only decoded. Each form has the pixels
 * that it would have alone: an image that came resized for one is decoded again for the next.
 */
export async function render(
  decode: (target?: Target) => Promise<DecodedImage>,
  renditions: readonly Rendition[],
): Promise<Rendered[]> {
  let image = await decode(renditions[0]?.preprocessing);
  const rendered: Rendered[] = [];
  for (const [i, rendition] of renditions.entries()) {
    const last = renditions[i - 1];
    if (last && cameResized(image, last.preprocessing)) image = await decode(rendition.preprocessing);
    rendered.push(await renditionOf(image, rendition));
  }
  return rendered;
}

function cameResized({ width, height }: DecodedImage, { size, fit }: Target): boolean {
  return fit === 'pad' ? Math.max(width, height) === size : width === size && height === size;
}

async function renditionOf(image: DecodedImage, { preprocessing, bits }: Rendition): Promise<Rendered> {
  if (bits === 8) {
    const { size } = preprocessing;
    return { pixels: await preprocess(image, preprocessing), height: size, width: size };
  }
  const { data, maximum, height, width } = await fitted(image, preprocessing);
  const pixels = new Uint16Array(data);
  // 65535 / 255: minimum, maximum and rounding back to 8 bits stay what they were.
  if (maximum === 255) for (let i = 0; i < pixels.length; i++) pixels[i] = 257 * pixels[i]!;
  return { pixels, height, width };
}
