import {
  add,
  type Code,
  i8x16NarrowI16x8U,
  i16x8ExtendLowI8x16U,
  i16x8NarrowI32x4S,
  i32Load,
  i32x4Add,
  i32x4ExtendHighI16x8U,
  i32x4ExtendLowI16x8U,
  i32x4Mul,
  i32x4ShrS,
  i32x4Splat,
  increase,
  kernel,
  type Local,
  least,
  loop,
  most,
  mul,
  set,
  shuffle,
  sub,
  v128Load,
  v128Load8x8U,
  v128Load32Splat,
  v128Load32Zero,
  v128Store8Lane,
} from './assembler.js';
import { storeEight } from './store.js';

/** Fractional bits of the weights, Pillow's for 8-bit pixels. */
const BITS = 22;
const HALF = 1 << (BITS - 1);

/**
 * across(from, pitch, rows, starts, groups, weights, stride, size, to, step): `rows` rows of pixels, which begin `pitch` bytes apart at
 * `from`, to `size` samples each, rounded and cut to 0..255. `starts`: an i32 per sample, its first pixel; `groups`: an i32 per sample, how
 * many fours of weights it has; `weights`: i32, `stride` bytes per sample. Samples go from `to` on by `step` bytes, rows by `size`.
 */
export const across = kernel(10, (given, { i32, v128 }) => {
  const [from, pitch, rows, starts, groups, weights, stride, size, to, step] = given as Ten;
  const [y, first, i, k, pixel, weight, end] = [i32(), i32(), i32(), i32(), i32(), i32(), i32()];
  const lines = [i32(), i32(), i32(), i32()];
  const places = [i32(), i32(), i32(), i32()];
  const [a, b, c, d, weighted] = [v128(), v128(), v128(), v128(), v128()];
  const sums = [a, b, c, d];
  const fourPixels = (at: Code) => i32x4ExtendLowI16x8U(i16x8ExtendLowI8x16U(v128Load32Zero(at)));
  // Four rows at a time; where there are not as many more, some are done twice.
  const row = (n: number) => least(add(first, n), sub(rows, 1));
  return [
    loop(y, 0, rows, 4, [
      set(first, most(0, least(y, sub(rows, 4)))),
      ...lines.map((line, n) => set(line, add(from, mul(pitch, row(n))))),
      ...places.map((place, n) => set(place, add(to, mul(size, row(n))))),
      loop(i, 0, size, 1, [
        set(pixel, i32Load(add(starts, mul(i, 4)))),
        set(weight, add(weights, mul(i, stride))),
        set(end, add(pixel, mul(4, i32Load(add(groups, mul(i, 4)))))),
        ...sums.map((sum) => set(sum, i32x4Splat(0))),
        loop(k, pixel, end, 4, [
          set(weighted, v128Load(weight)),
          ...sums.map((sum, n) => set(sum, i32x4Add(sum, i32x4Mul(weighted, fourPixels(add(lines[n]!, k)))))),
          increase(weight, 16),
        ]),
        // The four lanes of each sum are added, and the four totals become the lanes of one.
        set(a, i32x4Add(shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7]))),
        set(c, i32x4Add(shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7]))),
        set(a, i32x4Add(shuffle(a, c, [0, 1, 4, 5]), shuffle(a, c, [2, 3, 6, 7]))),
        set(a, i32x4ShrS(i32x4Add(a, i32x4Splat(HALF)), BITS)),
        set(a, i16x8NarrowI32x4S(a, a)),
        set(a, i8x16NarrowI16x8U(a, a)),
        ...places.flatMap((place, n) => [v128Store8Lane(place, a, n), increase(place, step)]),
      ]),
    ]),
  ];
});

type Ten = [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];

/** down(from, starts, counts, weights, stride, size, to): rows of `size` pixels to `size` rows; `counts`: how many weights a sample has. */
export const down = kernel(7, (given, { i32, v128 }) => {
  const [from, starts, counts, weights, stride, size, to] = given as [Local, Local, Local, Local, Local, Local, Local];
  const [i, x, column, k, pixels, weight, end] = [i32(), i32(), i32(), i32(), i32(), i32(), i32()];
  const [low, high, weighted, eight] = [v128(), v128(), v128(), v128()];
  return [
    loop(i, 0, size, 1, [
      // Eight columns at a time; the last may be done twice.
      loop(x, 0, size, 8, [
        set(column, least(x, sub(size, 8))),
        set(pixels, add(add(from, column), mul(size, i32Load(add(starts, mul(i, 4)))))),
        set(weight, add(weights, mul(i, stride))),
        set(end, add(weight, mul(4, i32Load(add(counts, mul(i, 4)))))),
        set(low, i32x4Splat(HALF)),
        set(high, low),
        loop(k, weight, end, 4, [
          set(weighted, v128Load32Splat(k)),
          set(eight, v128Load8x8U(pixels)),
          set(low, i32x4Add(low, i32x4Mul(weighted, i32x4ExtendLowI16x8U(eight)))),
          set(high, i32x4Add(high, i32x4Mul(weighted, i32x4ExtendHighI16x8U(eight)))),
          increase(pixels, size),
        ]),
        storeEight(add(add(to, mul(i, size)), column), i32x4ShrS(low, BITS), i32x4ShrS(high, BITS)),
      ]),
    ]),
  ];
});
