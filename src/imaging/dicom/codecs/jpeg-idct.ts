/**
 * The accurate integer inverse DCT of the IJG's library, `jidctint.c`, at its settings for 12-bit samples, so that results
 * equal those of libjpeg and of what is built on it, bit for bit (Loeffler, Ligtenberg, Moschytz, ICASSP 1989).
 */

const CONST_BITS = 13;
const PASS1_BITS = 1;
/** Round(x * 2^CONST_BITS) of the algorithm's constants. */
const FIX_0_298631336 = 2446;
const FIX_0_390180644 = 3196;
const FIX_0_541196100 = 4433;
const FIX_0_765366865 = 6270;
const FIX_0_899976223 = 7373;
const FIX_1_175875602 = 9633;
const FIX_1_501321110 = 12299;
const FIX_1_847759065 = 15137;
const FIX_1_961570560 = 16069;
const FIX_2_053119869 = 16819;
const FIX_2_562915447 = 20995;
const FIX_3_072711026 = 25172;

const workspace = new Int32Array(64);
const line = new Int32Array(8);

/** Dequantized coefficients `[8, 8]` in natural order to samples `[8, 8]`, 0 to 4095. */
export function inverseDct12(coefficients: Int32Array, samples: Uint16Array): void {
  const columnShift = CONST_BITS - PASS1_BITS;
  for (let x = 0; x < 8; x++) {
    transform(coefficients, x, 8);
    for (let k = 0; k < 8; k++) workspace[x + 8 * k] = (line[k]! + (1 << (columnShift - 1))) >> columnShift;
  }
  const rowShift = CONST_BITS + PASS1_BITS + 3;
  for (let y = 0; y < 64; y += 8) {
    transform(workspace, y, 1);
    for (let k = 0; k < 8; k++) samples[y + k] = limited((line[k]! + (1 << (rowShift - 1))) >> rowShift);
  }
}

/** One line of eight from `input[at]`, every `step`, into `line`, scaled up by 2^CONST_BITS * sqrt(8). */
function transform(input: Int32Array, at: number, step: number): void {
  const imul = Math.imul;
  const even2 = input[at + 2 * step]!;
  const even6 = input[at + 6 * step]!;
  const z = imul(even2 + even6, FIX_0_541196100);
  const rotated2 = z - imul(even6, FIX_1_847759065);
  const rotated3 = z + imul(even2, FIX_0_765366865);
  const sum = (input[at]! + input[at + 4 * step]!) << CONST_BITS;
  const difference = (input[at]! - input[at + 4 * step]!) << CONST_BITS;

  const odd7 = input[at + 7 * step]!;
  const odd5 = input[at + 5 * step]!;
  const odd3 = input[at + 3 * step]!;
  const odd1 = input[at + step]!;
  const z5 = imul(odd7 + odd3 + odd5 + odd1, FIX_1_175875602);
  const z1 = imul(odd7 + odd1, -FIX_0_899976223);
  const z2 = imul(odd5 + odd3, -FIX_2_562915447);
  const z3 = z5 - imul(odd7 + odd3, FIX_1_961570560);
  const z4 = z5 - imul(odd5 + odd1, FIX_0_390180644);

  pair(0, sum + rotated3, imul(odd1, FIX_1_501321110) + z1 + z4);
  pair(1, difference + rotated2, imul(odd3, FIX_3_072711026) + z2 + z3);
  pair(2, difference - rotated2, imul(odd5, FIX_2_053119869) + z2 + z4);
  pair(3, sum - rotated3, imul(odd7, FIX_0_298631336) + z1 + z3);
}

function pair(k: number, even: number, odd: number): void {
  line[k] = even + odd;
  line[7 - k] = even - odd;
}

/** Level shift and clamp as libjpeg's table does them: values far outside, which broken data has, wrap first. */
function limited(value: number): number {
  const wrapped = (value << 18) >> 18;
  return wrapped < -2048 ? 0 : wrapped > 2047 ? 4095 : wrapped + 2048;
}
