/**
 * Resampling that differs from image to image, as two matrix products per image: rows and columns are weighted
 * separately, `out = R x C^T`. Random resized crops and Gaussian blur.
 */
import { fromArray, scope, type Tensor } from '../torch/index.js';
import type { Crop } from './random-crop.js';

/**
 * The crops of `[B, C, H, W]`, one per image, each resized to `[B, C, size, size]`: bilinear with antialiasing, the
 * triangle filter of Pillow and of `torch.nn.functional.interpolate(antialias=True)`, which widens with the reduction.
 * A crop of size x size comes out bit for bit.
 */
export function resizeCrops(x: Tensor, crops: readonly Crop[], size: number): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  const rows = new Float32Array(crops.length * size * h);
  const columns = new Float32Array(crops.length * size * w);
  crops.forEach((crop, b) => {
    writeTriangles(rows.subarray(b * size * h), h, crop.top, crop.height, size, false);
    writeTriangles(columns.subarray(b * size * w), w, crop.left, crop.width, size, crop.mirrored);
  });
  return weighted(x, rows, columns, size, size);
}

/**
 * Gaussian blur of `[B, C, H, W]` with a standard deviation per image (pixels), cut off `radius` pixels from the
 * centre; the border is reflected, as in torchvision's `gaussian_blur` with kernel size 2 radius + 1. Height and width
 * are above `radius`.
 */
export function gaussianBlur(x: Tensor, sigmas: readonly number[], radius: number): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  const rows = new Float32Array(sigmas.length * h * h);
  const columns = h === w ? rows : new Float32Array(sigmas.length * w * w);
  sigmas.forEach((sigma, b) => {
    writeGaussians(rows.subarray(b * h * h), h, sigma, radius);
    if (columns !== rows) writeGaussians(columns.subarray(b * w * w), w, sigma, radius);
  });
  return weighted(x, rows, columns, h, w);
}

/** `rows` [B, h, H] and `columns` [B, w, W] on `[B, C, H, W]`: `[B, C, h, w]`. */
function weighted(x: Tensor, rows: Float32Array, columns: Float32Array, h: number, w: number): Tensor {
  return scope(() => {
    const [B, C, H, W] = x.shape as [number, number, number, number];
    const right = fromArray(columns, [B, w, W], x.device).transpose(1, 2); // [B, W, w]
    const left = fromArray(rows, [B, 1, h, H], x.device)
      .expand([B, C, h, H])
      .reshape([B * C, h, H]);
    const narrow = x
      .reshape([B, C * H, W])
      .bmm(right)
      .view([B * C, H, w]);
    return left.bmm(narrow).view([B, C, h, w]);
  });
}

/** Weights `[size, length]` that resize the pixels `start..start + extent` to `size`; the rest stay 0. */
function writeTriangles(
  into: Float32Array,
  length: number,
  start: number,
  extent: number,
  size: number,
  mirrored: boolean,
): void {
  const step = extent / size;
  const reach = Math.max(step, 1);
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(extent, Math.floor(centre + reach + 0.5));
    let sum = 0;
    for (let j = first; j < end; j++) sum += triangle((j + 0.5 - centre) / reach);
    const row = (mirrored ? size - 1 - i : i) * length + start;
    for (let j = first; j < end; j++) into[row + j] = triangle((j + 0.5 - centre) / reach) / sum;
  }
}

const triangle = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

/** Weights `[length, length]` of a Gaussian about each pixel. */
function writeGaussians(into: Float32Array, length: number, sigma: number, radius: number): void {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-0.5 * ((k - radius) / sigma) ** 2));
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  for (let i = 0; i < length; i++) {
    for (let k = -radius; k <= radius; k++) {
      const j = length - 1 - Math.abs(length - 1 - Math.abs(i + k));
      into[i * length + j] = into[i * length + j]! + kernel[k + radius]! / sum;
    }
  }
}
