import type { DecodedImage } from './image.js';
import { type Line, resampleRows } from './lanczos.js';
import { LARGEST_FACTOR, reduce } from './reduce.js';
import type { Target } from './target.js';

/** The kernel does at least this much of the reduction; averages of whole blocks do what is before it. */
const REDUCING_GAP = 2;

/**
 * Resizes at the image's own bit depth, also what came as indices into a table, as Pillow's `Image.resize` does with LANCZOS and
 * `reducing_gap=2`: reduced 4 times or more, whole blocks of pixels are averaged first and the kernel does the last factor of 2 to 4.
 * 16 bits are equal to those of mode I, held within 0..65535; 8 bits, which Pillow computes in fixed point, differ by 1 at most.
 *
 * `stretch`: to size x size, whatever the aspect; `crop`: the shorter side to `size`, then the centre; `pad`: the longer side to
 * `size`, the other smaller (the caller pads).
 */
export function resize(image: DecodedImage, { size, fit }: Target): DecodedImage {
  const { width, height, channels, maximum, data, table, ...rest } = image;
  const scale = size / (fit === 'pad' ? Math.max(width, height) : Math.min(width, height));
  const samplesOf = (length: number) => (fit === 'stretch' ? size : Math.max(1, Math.round(length * scale)));
  const across = planOf(width, samplesOf(width), size);
  const down = planOf(height, samplesOf(height), size);
  if (across.changesNothing && down.changesNothing) return lookedUp(image);
  const outPixels = across.line.count * down.line.count;
  const out = maximum === 255 ? new Uint8Array(channels * outPixels) : new Uint16Array(channels * outPixels);
  for (let c = 0; c < channels; c++) {
    const plane = data.subarray(c * width * height, (c + 1) * width * height);
    const blocks = reduce({ data: plane, table, width, height }, across.factor, down.factor);
    const narrow = resampleRows(blocks, across.line);
    if (maximum === 255) for (let i = 0; i < narrow.length; i++) narrow[i] = Math.max(0, Math.min(narrow[i]!, 255));
    const resampled = resampleRows(narrow, down.line);
    for (let i = 0; i < outPixels; i++) out[c * outPixels + i] = Math.max(0, Math.min(resampled[i]!, maximum));
  }
  return { ...rest, channels, maximum, width: across.line.count, height: down.line.count, data: out };
}

/** The image without a table: every pixel looked up. */
function lookedUp({ table, ...image }: DecodedImage): DecodedImage {
  return table ? { ...image, data: (image.data as Uint16Array).map((index) => table[index]!) } : image;
}

interface Plan {
  /** Pixels to a block. */
  factor: number;
  /** What the kernel does with the blocks. */
  line: Line;
  changesNothing: boolean;
}

/** A line of `length` pixels resized to `samples`, of which the middle ones are kept, at most `size`. */
function planOf(length: number, samples: number, size: number): Plan {
  const factor = Math.min(Math.trunc(length / samples / REDUCING_GAP) || 1, LARGEST_FACTOR);
  const count = Math.min(samples, size);
  const first = (samples - count) >> 1;
  const line = { length: Math.ceil(length / factor), extent: length / factor, samples, first, count };
  return { factor, line, changesNothing: length === samples && count === samples };
}
