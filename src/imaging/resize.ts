import type { DecodedImage } from './image.js';
import type { Line } from './kernel-weights.js';
import { LARGEST_FACTOR, reduce } from './reduce.js';
import { resampleRows } from './resize-rows.js';
import type { Target } from './target.js';

/** The kernel does at least this much of the reduction; averages of whole blocks do what is before it. */
const REDUCING_GAP = 2;

/**
 * Resizes at the image's own bit depth, also what came as indices into a table, as Pillow's `Image.resize` does: with LANCZOS and
 * `reducing_gap=2` (reduced 4 times or more, whole blocks of pixels are averaged first and the kernel does the last factor of 2 to 4),
 * or with BICUBIC or BILINEAR alone. 16 bits are equal to those of mode I, held within 0..65535; 8 bits are equal with BICUBIC and
 * BILINEAR, and with LANCZOS, which Pillow computes in fixed point, differ by 1 at most.
 *
 * `stretch`: to size x size, whatever the aspect; `crop`: the shorter side to `size`, then the centre; `pad`: the longer side to
 * `size`, the other smaller (the caller pads). With `crop` below 1 the shorter side goes to `size / crop`, rounded down as in timm.
 * Where BICUBIC and BILINEAR crop, the longer side is rounded down and the centre rounded to even, as torchvision's `Resize` and
 * `CenterCrop` do.
 */
export function resize(image: DecodedImage, { size, fit, interpolation = 'lanczos', crop = 1 }: Target): DecodedImage {
  const { width, height, channels, maximum, data, table, ...rest } = image;
  const published = interpolation !== 'lanczos';
  const side = fit === 'crop' ? Math.floor(size / crop + 1e-9) : size;
  const reference = fit === 'pad' ? Math.max(width, height) : Math.min(width, height);
  const samplesOf = (length: number) => {
    if (fit === 'stretch') return size;
    if (fit === 'crop' && published) return Math.trunc((side * length) / reference);
    return Math.max(1, Math.round(length * (side / reference)));
  };
  const plan = (length: number): Plan => {
    const samples = samplesOf(length);
    const kernel = { kernel: interpolation, fixedPoint: published && maximum === 255 };
    const first = published ? roundHalfToEven((samples - size) / 2) : (samples - size) >> 1;
    return planOf(length, { ...kernel, samples, first: Math.max(0, first), count: Math.min(samples, size) });
  };
  const across = plan(width);
  const down = plan(height);
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

function planOf(length: number, wanted: Omit<Line, 'length' | 'extent'>): Plan {
  const { samples, count, kernel } = wanted;
  const gap = kernel === 'lanczos' ? Math.trunc(length / samples / REDUCING_GAP) || 1 : 1;
  const factor = Math.min(gap, LARGEST_FACTOR);
  const line = { ...wanted, length: Math.ceil(length / factor), extent: length / factor };
  return { factor, line, changesNothing: length === samples && count === samples };
}

/** As Python's `round`. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}
