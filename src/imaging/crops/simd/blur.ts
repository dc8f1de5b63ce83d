import {
  add,
  type Code,
  i16x8Add,
  i16x8NarrowI32x4U,
  i16x8Splat,
  i32Load16U,
  i32Store16,
  i32x4Add,
  i32x4ExtmulHighI16x8U,
  i32x4ExtmulLowI16x8U,
  i32x4ShrS,
  i32x4Splat,
  kernel,
  type Local,
  least,
  loop,
  most,
  mul,
  set,
  sub,
  v128Load,
  v128Load8x8U,
  v128Store,
} from './assembler.js';
import { storeEight } from './store.js';

/** Pixels to each side that are weighted. */
export const BLUR_RADIUS = 4;
/** Fractional bits of the weights, and of what a row keeps between the passes: sums of both stay below 2^31. */
export const BLUR_BITS = 15;
const ROW_BITS = 7;

/**
 * blur(from, to, size, line, w0, w1, w2, w3, w4): a plane of `size` x `size` with symmetrical weights, w0 of the centre, borders reflected,
 * down its columns and across its rows, rounded and cut to 0..255. `line` has room for `size + 8` values of 16 bits.
 */
export const blur = kernel(9, (given, { i32, v128 }) => {
  const [from, to, size, line, ...weights] = given as [Local, Local, Local, Local, ...Local[]];
  const [y, x, column, last, under, edge] = [i32(), i32(), i32(), i32(), i32(), i32()];
  const above = weights.map(() => i32());
  const below = weights.map(() => i32());
  const splats = weights.map(() => v128());
  const [low, high, eight] = [v128(), v128(), v128()];
  /** Weighted sums of eight values, of which `values(n)` gives those at distance n on both sides together. */
  const sums = (values: (n: number) => Code, shift: number): Code[] => [
    set(low, i32x4Splat(1 << (shift - 1))),
    set(high, low),
    ...splats.flatMap((weight, n) => [
      set(eight, values(n)),
      set(low, i32x4Add(low, i32x4ExtmulLowI16x8U(eight, weight))),
      set(high, i32x4Add(high, i32x4ExtmulHighI16x8U(eight, weight))),
    ]),
    set(low, i32x4ShrS(low, shift)),
    set(high, i32x4ShrS(high, shift)),
  ];
  const pixelsAt = (n: number) => {
    const pixels = v128Load8x8U(add(above[n]!, x));
    return n === 0 ? pixels : i16x8Add(pixels, v128Load8x8U(add(below[n]!, x)));
  };
  const lineAt = (distance: number) => v128Load(add(line, mul(2, x)), 2 * (BLUR_RADIUS + distance));
  const eightsOfRow = (body: Code[]) => loop(column, 0, size, 8, [set(x, least(column, sub(size, 8))), ...body]);
  return [
    ...splats.map((splat, n) => set(splat, i16x8Splat(weights[n]!))),
    set(last, sub(size, 1)),
    loop(y, 0, size, 1, [
      ...weights.flatMap((_, n) => [
        // Rows |y - n| and last - |last - (y + n)|
        set(above[n]!, add(from, mul(size, most(sub(y, n), sub(n, y))))),
        set(under, sub(last, add(y, n))),
        set(below[n]!, add(from, mul(size, sub(last, most(under, sub(0, under)))))),
      ]),
      eightsOfRow([
        ...sums(pixelsAt, BLUR_BITS - ROW_BITS),
        v128Store(add(line, mul(2, x)), i16x8NarrowI32x4U(low, high), 2 * BLUR_RADIUS),
      ]),
      set(edge, add(line, mul(2, last))),
      ...[1, 2, 3, 4].flatMap((n) => [
        i32Store16(line, i32Load16U(line, 2 * (BLUR_RADIUS + n)), 2 * (BLUR_RADIUS - n)),
        i32Store16(edge, i32Load16U(edge, 2 * (BLUR_RADIUS - n)), 2 * (BLUR_RADIUS + n)),
      ]),
      eightsOfRow([
        ...sums((n) => (n === 0 ? lineAt(0) : i16x8Add(lineAt(-n), lineAt(n))), BLUR_BITS + ROW_BITS),
        storeEight(add(add(to, mul(y, size)), x), low, high),
      ]),
    ]),
  ];
});
