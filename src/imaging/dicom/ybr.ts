/** YBR to RGB (PS3.3, C.7.6.3.1.2; ITU-T T.871, section 7). */
import type { Containers } from './samples.js';

/** 8-bit full range YBR, interleaved, to RGB: the inverse of the equations of PS3.3, rounded half up, cut to 0..255. */
export function ybrToRgb(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8ClampedArray(ybr.length);
  const greenOfCb = (-0.114 * 1.772) / 0.587;
  const greenOfCr = (-0.299 * 1.402) / 0.587;
  for (let i = 0; i < ybr.length; i += 3) {
    const y = ybr[i]! + 0.5;
    const cb = ybr[i + 1]! - 128;
    const cr = ybr[i + 2]! - 128;
    rgb[i] = Math.floor(y + 1.402 * cr);
    rgb[i + 1] = Math.floor(y + greenOfCb * cb + greenOfCr * cr);
    rgb[i + 2] = Math.floor(y + 1.772 * cb);
  }
  return new Uint8Array(rgb.buffer);
}

/** Y1 Y2 Cb Cr of each two pixels to Y1 Cb Cr Y2 Cb Cr. */
export function expanded422<T extends Containers>(halved: T): T {
  const out = new (halved.constructor as new (length: number) => T)((halved.length / 2) * 3);
  for (let from = 0, to = 0; from < halved.length; from += 4, to += 6) {
    out[to] = halved[from]!;
    out[to + 3] = halved[from + 1]!;
    out[to + 1] = out[to + 4] = halved[from + 2]!;
    out[to + 2] = out[to + 5] = halved[from + 3]!;
  }
  return out;
}
