import type { DecodedImage } from './image.js';
import { type Line, lanczos } from './lanczos.js';
import { LARGEST_FACTOR, reduce } from './reduce.js';
import type { Target } from './target.js';

/** The kernel does at least this much of the reduction; averages of whole blocks do what is before it. */
const REDUCING_GAP = 2;

/**
 * `resize` for 16 bits, also where the image came as indices into a table: equal to Pillow's `Image.resize` with LANCZOS and
 * `reducing_gap=2` of mode I, held within 0..65535. libvips has vector code for 8 bits alone, and takes half as long again.
 */
export function resizeWords(image: DecodedImage, { size, fit }: Target): DecodedImage {
  const { width, height, channels, data, table, ...rest } = image;
  const scale = size / (fit === 'pad' ? Math.max(width, height) : Math.min(width, height));
  const samplesOf = (length: number) => (fit === 'stretch' ? size : Math.max(1, Math.round(length * scale)));
  const across = planOf(width, samplesOf(width), size);
  const down = planOf(height, samplesOf(height), size);
  const outPixels = across.line.count * down.line.count;
  const out = new Uint16Array(channels * outPixels);
  for (let c = 0; c < channels; c++) {
    const plane = (data as Uint16Array).subarray(c * width * height, (c + 1) * width * height);
    const blocks = reduce({ data: plane, table, width, height }, across.factor, down.factor);
    const resampled = lanczos(blocks, across.line, down.line);
    for (let i = 0; i < outPixels; i++) out[c * outPixels + i] = Math.max(0, Math.min(resampled[i]!, 65535));
  }
  return { ...rest, channels, width: across.line.count, height: down.line.count, data: out };
}

/** A line of `length` pixels resized to `samples`, of which the middle ones are kept, at most `size`. */
function planOf(length: number, samples: number, size: number): { factor: number; line: Line } {
  const factor = Math.min(Math.trunc(length / samples / REDUCING_GAP) || 1, LARGEST_FACTOR);
  const count = Math.min(samples, size);
  const first = (samples - count) >> 1;
  return { factor, line: { length: Math.ceil(length / factor), extent: length / factor, samples, first, count } };
}
