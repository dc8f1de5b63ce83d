import {
  type Code,
  i8x16NarrowI16x8U,
  i16x8NarrowI32x4S,
  type Value,
  v128Store32Lane,
  v128Store64Lane,
} from './assembler.js';

/** Two fours of whole numbers, cut to 0..255, as eight bytes. */
export function storeEight(at: Value, low: Value, high: Value): Code {
  return v128Store64Lane(at, bytesOf(low, high), 0);
}

/** Four whole numbers, cut to 0..255, as four bytes. */
export function storeFour(at: Value, four: Value): Code {
  return v128Store32Lane(at, bytesOf(four, four), 0);
}

function bytesOf(low: Value, high: Value): Code {
  const sixteen = i16x8NarrowI32x4S(low, high);
  return i8x16NarrowI16x8U(sixteen, sixteen);
}
