import type { DataSet } from './data-set.js';

/** Stored values that are no image, from `low` to `high`. */
export interface Padding {
  low: number;
  high: number;
}

/** Pixel Padding Value and Pixel Padding Range Limit, in either order (PS3.3, C.7.5.1.1.2). */
export function readPadding(dataSet: DataSet, signed: boolean): Padding | undefined {
  const value = dataSet.integer('PixelPaddingValue', signed);
  if (value === undefined) return undefined;
  const limit = dataSet.integer('PixelPaddingRangeLimit', signed) ?? value;
  return { low: Math.min(value, limit), high: Math.max(value, limit) };
}
