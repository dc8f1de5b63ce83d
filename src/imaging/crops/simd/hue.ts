import {
  add,
  type Code,
  f32x4Add,
  f32x4Const,
  f32x4ConvertI32x4S,
  f32x4DemoteF64x2Zero,
  f32x4Div,
  f32x4Mul,
  f32x4Sub,
  f64x2Add,
  f64x2Const,
  f64x2Div,
  f64x2Floor,
  f64x2Mul,
  f64x2PromoteLowF32x4,
  f64x2Sub,
  i16x8ExtendLowI8x16U,
  i32x4Add,
  i32x4Eq,
  i32x4ExtendLowI16x8U,
  i32x4MaxS,
  i32x4MinS,
  i32x4Mul,
  i32x4Splat,
  i32x4Sub,
  i32x4TruncSatF32x4S,
  i32x4TruncSatF64x2SZero,
  kernel,
  type Local,
  least,
  loop,
  mul,
  select,
  set,
  shuffle,
  sub,
  type Value,
  v128And,
  v128Load32Zero,
  v128Or,
} from './assembler.js';
import { storeFour } from './store.js';

/** Four numbers of single precision through `change` in double precision, and cut off to whole numbers. */
function inDouble(x: Local, change: (half: Code) => Code): Code {
  const half = (values: Value) => i32x4TruncSatF64x2SZero(change(f64x2PromoteLowF32x4(values)));
  return shuffle(half(x), half(shuffle(x, x, [2, 3, 2, 3])), [0, 1, 4, 5]);
}

const times255 = (x: Code): Code => f64x2Mul(x, f64x2Const(255));

/** Sixths of a turn, -1..5, to turns: the fraction of x / 6 + 1, rounded to single precision. */
function turnOf(sixths: Code, turns: Local): Code[] {
  return [
    set(turns, f64x2Add(f64x2Div(sixths, f64x2Const(6)), f64x2Const(1))),
    set(turns, f32x4DemoteF64x2Zero(f64x2Sub(turns, f64x2Floor(turns)))),
  ];
}

/**
 * hue(from, to, plane, shift): three planes of `plane` values (4 at least), hues turned by `shift` of 256 steps; `to` elsewhere.
 *
 * From RGB to HSV and back as Pillow's rgb2hsv_row and hsv2rgb (src/libImaging/Convert.c), each of 8 bits: hue and saturation are equal
 * to Pillow's, by the same roundings to single and double precision; what comes back too, but for a sum within 3e-5 of a tie.
 */
export const hue = kernel(4, (given, { i32, v128 }) => {
  const [from, to, plane, shift] = given as [Local, Local, Local, Local];
  const [i, at] = [i32(), i32()];
  const channels = [v128(), v128(), v128()] as const;
  const [red, green, blue] = channels;
  const [most, low, chroma, distance, sixths, h, s, turns, other] = [
    v128(),
    v128(),
    v128(),
    v128(),
    v128(),
    v128(),
    v128(),
    v128(),
    v128(),
  ];
  const [sextant, share, between] = [v128(), v128(), v128()];
  const place = (base: Local, channel: number) => add(add(base, at), mul(plane, channel));
  const fourPixels = (address: Code) => i32x4ExtendLowI16x8U(i16x8ExtendLowI8x16U(v128Load32Zero(address)));
  const is = (a: Value, b: Value) => i32x4Eq(a, b);
  const inSextant = (a: number, b: number) => v128Or(is(sextant, i32x4Splat(a)), is(sextant, i32x4Splat(b)));
  const number = f32x4ConvertI32x4S;
  const rising = (origin: number) => f32x4Add(f32x4Const(origin), distance);
  const falling = (origin: number) => f32x4Sub(f32x4Const(origin), distance);
  return [
    loop(i, 0, plane, 4, [
      set(at, least(i, sub(plane, 4))),
      ...channels.map((channel, c) => set(channel, fourPixels(place(from, c)))),
      set(most, i32x4MaxS(i32x4MaxS(red, green), blue)),
      set(low, i32x4MinS(i32x4MinS(red, green), blue)),
      set(chroma, i32x4Sub(most, low)),
      // (largest - middle) / chroma, where middle = red + green + blue - largest - smallest
      set(distance, i32x4Sub(i32x4Add(i32x4Add(most, most), low), i32x4Add(i32x4Add(red, green), blue))),
      set(distance, f32x4Div(number(distance), number(chroma))),
      set(
        sixths,
        select(
          is(red, most),
          select(is(blue, low), falling(1), rising(-1)),
          select(
            is(green, most),
            select(is(blue, low), rising(1), falling(3)),
            select(is(red, low), rising(3), falling(5)),
          ),
        ),
      ),
      ...turnOf(f64x2PromoteLowF32x4(sixths), turns),
      ...turnOf(f64x2PromoteLowF32x4(shuffle(sixths, sixths, [2, 3, 2, 3])), other),
      set(turns, shuffle(turns, other, [0, 1, 4, 5])),
      set(h, v128And(i32x4Add(inDouble(turns, times255), i32x4Splat(shift)), i32x4Splat(255))),
      set(s, f32x4Div(number(chroma), number(most))),
      set(s, inDouble(s, times255)),
      // And back: the sextant of the hue, and how far into it
      set(h, i32x4Mul(h, i32x4Splat(6))),
      set(sextant, i32x4TruncSatF32x4S(f32x4Div(number(h), f32x4Const(255)))),
      set(share, f32x4Div(number(i32x4Sub(h, i32x4Mul(sextant, i32x4Splat(255)))), f32x4Const(255))),
      set(share, select(is(v128And(sextant, i32x4Splat(1)), i32x4Splat(0)), f32x4Sub(f32x4Const(1), share), share)),
      set(chroma, f32x4Div(number(s), f32x4Const(255))),
      set(between, rounded(number(most), f32x4Mul(chroma, share))),
      set(low, rounded(number(most), chroma)),
      // Where the saturation is 0 all are the largest already.
      storeFour(place(to, 0), select(inSextant(1, 4), between, select(inSextant(2, 3), low, most))),
      storeFour(
        place(to, 1),
        select(v128Or(inSextant(0, 3), is(sextant, i32x4Splat(6))), between, select(inSextant(4, 5), low, most)),
      ),
      storeFour(
        place(to, 2),
        select(inSextant(2, 5), between, select(v128Or(inSextant(0, 1), is(sextant, i32x4Splat(6))), low, most)),
      ),
    ]),
  ];
});

/** value (1 - share), rounded. */
function rounded(value: Code, share: Value): Code {
  const exact = f32x4Mul(value, f32x4Sub(f32x4Const(1), share));
  return i32x4TruncSatF32x4S(f32x4Add(exact, f32x4Const(0.5)));
}
