import { type Line, strideOf, writeWeights } from '../kernel-weights.js';
import type { Crop } from '../random-crop.js';
import { floatBits } from './simd/assembler.js';
import { BLUR_BITS, BLUR_RADIUS } from './simd/blur.js';
import { instantiate, type Kernels } from './simd/kernels.js';

/** An 8-bit image, planar `[C, H, W]`. */
export interface Picture {
  channels: 1 | 3;
  height: number;
  width: number;
  data: Uint8Array;
}

/** Where things lie in the memory, bytes from its start. */
interface Layout {
  /** The crop, and where a step puts what becomes the crop. */
  crop: number;
  next: number;
  line: number;
  /** First pixels, counts and weights of the samples, of one direction after the other. */
  tables: number;
  rows: number;
  picture: number;
  end: number;
}

const PAGE = 65536;
/** Vectors read up to so many bytes behind a plane. */
const SLACK = 64;
/** Memory above that is given back after the image that needed it. */
const KEPT_BYTES = 128 * 2 ** 20;

/**
 * The memory in which one thread makes crops: an image is laid in, and one crop after the other is cut out of it and changed, without
 * further allocation. Crops are at least 8 pixels a side.
 */
export class Workbench {
  #memory = new WebAssembly.Memory({ initial: 1 });
  #kernels: Kernels = instantiate(this.#memory);
  #picture: Omit<Picture, 'data'> = { channels: 1, height: 0, width: 0 };
  #layout: Layout = { crop: 0, next: 0, line: 0, tables: 0, rows: 0, picture: 0, end: 0 };
  #largest = 0;
  #size = 0;

  /** Lays in an image, of which crops of up to `largest` pixels a side are wanted. */
  load({ data, ...picture }: Picture, largest: number): void {
    this.#picture = picture;
    this.#largest = largest;
    this.#layout = layoutOf(picture, largest);
    this.#reserve(this.#layout.end);
    new Uint8Array(this.#memory.buffer).set(data, this.#layout.picture);
  }

  /** The crop as it is, `[C, size, size]`: a view of the memory, good until the next step. */
  get pixels(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#layout.crop, this.#picture.channels * this.#plane);
  }

  /**
   * A rectangle of the image, resized to `[C, size, size]` and mirrored where wanted: bit for bit Pillow's `crop`, `resize(BICUBIC)` and
   * mirror, that is torchvision's `resized_crop` and `hflip` of a PIL image.
   */
  cut(crop: Crop, size: number): void {
    if (size > this.#largest) throw new RangeError(`a crop of ${size} pixels where ${this.#largest} were announced`);
    this.#size = size;
    const { channels, height, width } = this.#picture;
    const { picture, rows, tables, crop: to } = this.#layout;
    const across = this.#weights(lineOf(crop.width, size), tables);
    const down = this.#weights(lineOf(crop.height, size), across.end);
    // Across, weights are taken by fours; those behind a sample's last are 0.
    for (let i = 0; i < size; i++) across.values[i] = (across.values[i]! + 3) >> 2;
    const [first, step] = crop.mirrored ? [size - 1, -1] : [0, 1];
    for (let c = 0; c < channels; c++) {
      const from = picture + (c * height + crop.top) * width + crop.left;
      const { starts, counts, weights, stride } = across;
      this.#kernels.across(from, width, crop.height, starts, counts, weights, stride, size, rows + first, step);
      this.#kernels.down(rows, down.starts, down.counts, down.weights, down.stride, size, to + c * this.#plane);
    }
  }

  /** Levels times `factor`: Pillow's `ImageEnhance.Brightness`. */
  brightness(factor: number): void {
    this.#spread(0, factor);
  }

  /** Levels spread by `factor` about the rounded mean of the luma: Pillow's `ImageEnhance.Contrast`. */
  contrast(factor: number): void {
    this.#spread(Math.floor(this.#meanLuma() + 0.5), factor);
  }

  /** Colours spread by `factor` about their luma: Pillow's `ImageEnhance.Color`. One channel has none. */
  saturation(factor: number): void {
    if (this.#picture.channels === 1) return;
    this.#kernels.saturate(this.#layout.crop, this.#layout.next, this.#plane, floatBits(factor));
    this.#stepDone();
  }

  /** Colours become their luma: Pillow's `convert('L')`. */
  gray(): void {
    this.saturation(0);
  }

  /** Hues turned by a share of the circle, -0.5..0.5: torchvision's `adjust_hue` of a PIL image. One channel has none. */
  hue(turn: number): void {
    if (this.#picture.channels === 1) return;
    this.#kernels.hue(this.#layout.crop, this.#layout.next, this.#plane, Math.trunc(turn * 255));
    this.#stepDone();
  }

  /**
   * Gaussian blur: a kernel of 9 x 9 with the standard deviation `sigma` (pixels), the border reflected, rounded once: torchvision's
   * `gaussian_blur(kernel_size=9)`, which works in single precision; in fixed point here, within 1 level.
   */
  blur(sigma: number): void {
    const weights = blurWeights(sigma);
    if (weights[1] === 0) return;
    const { crop, next, line } = this.#layout;
    for (let c = 0; c < this.#picture.channels; c++) {
      const plane = c * this.#plane;
      this.#kernels.blur(crop + plane, next + plane, this.#size, line, ...weights);
    }
    this.#stepDone();
  }

  /** Inverts the levels from `threshold` on, 0..255: Pillow's `ImageOps.solarize`. */
  solarize(threshold: number): void {
    this.#kernels.solarize(this.#layout.crop, this.#layout.next, this.pixels.length, threshold);
    this.#stepDone();
  }

  get #plane(): number {
    return this.#size * this.#size;
  }

  #spread(origin: number, factor: number): void {
    this.#kernels.spread(this.#layout.crop, this.#layout.next, this.pixels.length, origin, floatBits(factor));
    this.#stepDone();
  }

  #stepDone(): void {
    const { crop, next } = this.#layout;
    this.#layout.crop = next;
    this.#layout.next = crop;
  }

  #meanLuma(): number {
    const { crop, line } = this.#layout;
    const plane = this.#plane;
    const color = this.#picture.channels === 3;
    const planes = color ? [crop, crop + plane, crop + 2 * plane] : [crop, crop, crop];
    const whole = plane & ~7;
    this.#kernels.sumLuma(...planes, whole, line);
    let sum = new Int32Array(this.#memory.buffer, line, 4).reduce((total, lane) => total + lane, 0);
    const bytes = new Uint8Array(this.#memory.buffer);
    const [red, green, blue] = planes as [number, number, number];
    for (let i = whole; i < plane; i++) {
      sum += (19595 * bytes[red + i]! + 38470 * bytes[green + i]! + 7471 * bytes[blue + i]! + 0x8000) >> 16;
    }
    return sum / plane;
  }

  /** Writes the weights of a line to the tables from `starts` on. Where they lie, and the counts. */
  #weights(line: Line, starts: number) {
    const { buffer } = this.#memory;
    const perSample = fours(strideOf(line));
    const counts = starts + 4 * line.count;
    const weights = counts + 4 * line.count;
    const end = weights + 4 * perSample * line.count;
    const values = new Int32Array(buffer, counts, line.count);
    const weightValues = new Int32Array(buffer, weights, perSample * line.count).fill(0);
    const into = { starts: new Int32Array(buffer, starts, line.count), counts: values, weights: weightValues };
    writeWeights(line, { ...into, stride: perSample });
    return { starts, counts, weights, stride: 4 * perSample, values, end };
  }

  #reserve(bytes: number): void {
    const held = this.#memory.buffer.byteLength;
    if (bytes > held) {
      this.#memory.grow(Math.ceil((bytes - held) / PAGE));
    } else if (held > KEPT_BYTES && bytes <= KEPT_BYTES) {
      this.#memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
      this.#kernels = instantiate(this.#memory);
    }
  }
}

function layoutOf({ channels, height, width }: Omit<Picture, 'data'>, largest: number): Layout {
  const crop = SLACK;
  const next = crop + aligned(channels * largest * largest);
  const line = next + aligned(channels * largest * largest);
  const tables = line + aligned(2 * (largest + 2 * BLUR_RADIUS));
  const rows = tables + aligned(tableBytes(width, largest)) + aligned(tableBytes(height, largest));
  const picture = rows + aligned(height * largest);
  return { crop, next, line, tables, rows, picture, end: picture + aligned(channels * height * width) };
}

/** The most that the tables of a direction take: a start, a count and up to 4 length / count + 8 weights per sample. */
const tableBytes = (length: number, largest: number): number => 4 * (4 * length + 10 * largest);

const lineOf = (length: number, size: number): Line => {
  return { length, extent: length, samples: size, first: 0, count: size, kernel: 'bicubic', fixedPoint: true };
};

const fours = (count: number): number => (count + 3) & ~3;
const aligned = (bytes: number): number => Math.ceil(bytes / SLACK) * SLACK + SLACK;

/** Weights of the centre and of the pixels at distance 1 to 4, which sum to 2^15 over all nine. */
function blurWeights(sigma: number): [number, number, number, number, number] {
  const at = (distance: number) => Math.exp(-0.5 * (distance / sigma) ** 2);
  const sum = 1 + 2 * (at(1) + at(2) + at(3) + at(4));
  const whole = (distance: number) => Math.round((at(distance) / sum) * 2 ** BLUR_BITS);
  const beside = [whole(1), whole(2), whole(3), whole(4)] as const;
  const centre = 2 ** BLUR_BITS - 2 * beside.reduce((total, weight) => total + weight, 0);
  return [centre, ...beside];
}
