/**
 * Changes of level as Pillow's `Image.blend`, `convert('L')` and `ImageOps.solarize` compute them, in the same single precision. Each reads
 * at `from` and writes at `to`; the last values may be done twice, so the two must not overlap.
 */
import {
  add,
  type Code,
  f32x4Add,
  f32x4ConvertI32x4S,
  f32x4Mul,
  i8x16GeU,
  i8x16NarrowI16x8U,
  i8x16Splat,
  i16x8ExtendHighI8x16U,
  i16x8ExtendLowI8x16U,
  i16x8NarrowI32x4S,
  i16x8Splat,
  i32x4Add,
  i32x4ExtendHighI16x8U,
  i32x4ExtendLowI16x8U,
  i32x4ExtmulHighI16x8U,
  i32x4ExtmulLowI16x8U,
  i32x4ShrS,
  i32x4Splat,
  i32x4Sub,
  i32x4TruncSatF32x4S,
  kernel,
  type Local,
  least,
  loop,
  mul,
  set,
  sub,
  type Value,
  v128Load,
  v128Load8x8U,
  v128Store,
  v128Xor,
} from './assembler.js';
import { storeEight } from './store.js';

/** origin + alpha (x - origin), cut off to a whole number. */
function blended(x: Value, origin: Value, alpha: Local): Code {
  const change = f32x4Mul(alpha, f32x4ConvertI32x4S(i32x4Sub(x, origin)));
  return i32x4TruncSatF32x4S(f32x4Add(f32x4ConvertI32x4S(origin), change));
}

/** spread(from, to, length, origin, alpha): a blend of one level, `origin`, with `length` values, 16 at least; `alpha` as 32 bits. */
export const spread = kernel(5, (given, { i32, v128 }) => {
  const [from, to, length, origin, alpha] = given as [Local, Local, Local, Local, Local];
  const [i, at, pixels, half, level, factor] = [i32(), i32(), v128(), v128(), v128(), v128()];
  const eight = (values: Value): Code =>
    i16x8NarrowI32x4S(
      blended(i32x4ExtendLowI16x8U(values), level, factor),
      blended(i32x4ExtendHighI16x8U(values), level, factor),
    );
  return [
    set(level, i32x4Splat(origin)),
    set(factor, i32x4Splat(alpha)),
    loop(i, 0, length, 16, [
      set(at, least(i, sub(length, 16))),
      set(pixels, v128Load(add(from, at))),
      set(half, i16x8ExtendHighI8x16U(pixels)),
      set(pixels, i16x8ExtendLowI8x16U(pixels)),
      v128Store(add(to, at), i8x16NarrowI16x8U(eight(pixels), eight(half))),
    ]),
  ];
});

/** solarize(from, to, length, threshold): inverts the levels from `threshold` on, 0..255. */
export const solarize = kernel(4, (given, { i32, v128 }) => {
  const [from, to, length, threshold] = given as [Local, Local, Local, Local];
  const [i, at, pixels, level] = [i32(), i32(), v128(), v128()];
  return [
    set(level, i8x16Splat(threshold)),
    loop(i, 0, length, 16, [
      set(at, least(i, sub(length, 16))),
      set(pixels, v128Load(add(from, at))),
      v128Store(add(to, at), v128Xor(pixels, i8x16GeU(pixels, level))),
    ]),
  ];
});

/** Luma of 8 pixels whose channels are given at 16 bits: 0.299 R + 0.587 G + 0.114 B, as Convert.c's L24, to two fours. */
function luma([red, green, blue]: readonly Local[]): { low: Code; high: Code } {
  const half = (product: (a: Value, b: Value) => Code) => {
    const weighted = (x: Local, weight: number) => product(x, i16x8Splat(weight));
    const sum = i32x4Add(i32x4Add(weighted(red!, 19595), weighted(green!, 38470)), weighted(blue!, 7471));
    return i32x4ShrS(i32x4Add(sum, i32x4Splat(0x8000)), 16);
  };
  return { low: half(i32x4ExtmulLowI16x8U), high: half(i32x4ExtmulHighI16x8U) };
}

/** saturate(from, to, plane, alpha): a blend of the luma with three planes of `plane` values, 8 at least; `alpha` as 32 bits. 0: gray. */
export const saturate = kernel(4, (given, { i32, v128 }) => {
  const [from, to, plane, alpha] = given as [Local, Local, Local, Local];
  const [i, at] = [i32(), i32()];
  const [low, high, factor] = [v128(), v128(), v128()];
  const channels = [v128(), v128(), v128()];
  const place = (base: Local, channel: number) => add(add(base, at), mul(plane, channel));
  return [
    set(factor, i32x4Splat(alpha)),
    loop(i, 0, plane, 8, [
      set(at, least(i, sub(plane, 8))),
      ...channels.map((channel, c) => set(channel, v128Load8x8U(place(from, c)))),
      set(low, luma(channels).low),
      set(high, luma(channels).high),
      ...channels.map((channel, c) =>
        storeEight(
          place(to, c),
          blended(i32x4ExtendLowI16x8U(channel), low, factor),
          blended(i32x4ExtendHighI16x8U(channel), high, factor),
        ),
      ),
    ]),
  ];
});

/** sumLuma(red, green, blue, count, to): four i32 at `to` that sum to the luma of `count` pixels, a multiple of 8. */
export const sumLuma = kernel(5, (given, { i32, v128 }) => {
  const [red, green, blue, count, to] = given as [Local, Local, Local, Local, Local];
  const [i, sum] = [i32(), v128()];
  const channels = [v128(), v128(), v128()];
  return [
    set(sum, i32x4Splat(0)),
    loop(i, 0, count, 8, [
      ...channels.map((channel, c) => set(channel, v128Load8x8U(add([red, green, blue][c]!, i)))),
      set(sum, i32x4Add(sum, i32x4Add(luma(channels).low, luma(channels).high))),
    ]),
    v128Store(to, sum),
  ];
});
