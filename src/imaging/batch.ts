/** Batches of images as tensors. */
import { fromArray, scope, type Tensor } from '../torch/index.js';

/** 8-bit pixels to float32 `[B, C, H, W]`, 0..1, on `device` (the transfer is of bytes). */
export function toUnit(images: Uint8Array, shape: [number, number, number, number], device = 'cpu'): Tensor {
  return scope(() => fromArray(images, shape, device).to('float32').div_(255));
}

/** `[B, 1, H, W]` to `[B, 3, H, W]` with equal channels that share their memory; three channels stay as they are. */
export function toThreeChannels(x: Tensor): Tensor {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  if (c === 3) return x.alias();
  if (c !== 1) throw new RangeError(`toThreeChannels: shape [${x.shape}] has neither 1 nor 3 channels`);
  return x.expand([b, 3, h, w]);
}

/** One number per image, as `[B, 1, 1, 1]` on the device of `x`. */
export function perImage(values: readonly number[], x: Tensor): Tensor {
  return fromArray(values, [values.length, 1, 1, 1], x.device);
}

/**
 * `x` with `change` applied to the images `rows` (ascending); the others keep their bits. `change` gets a copy `[R, C,
 * H, W]`, which it may overwrite. Always a tensor of its own; `x` keeps its values.
 */
export function changeImages(x: Tensor, rows: readonly number[], change: (chosen: Tensor) => Tensor): Tensor {
  if (rows.length === 0) return x.alias();
  return scope(() => {
    if (rows.length === x.size(0)) return change(x.clone());
    const index = fromArray(BigInt64Array.from(rows, BigInt), [rows.length], x.device);
    return x.clone().indexCopy_(0, index, change(x.indexSelect(0, index)));
  });
}

/** The positions at which `wanted` is true. */
export function rowsWhere<T>(items: readonly T[], wanted: (item: T) => boolean): number[] {
  return items.flatMap((item, row) => (wanted(item) ? [row] : []));
}
