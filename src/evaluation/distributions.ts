/** Distribution functions of the standard normal and of Student's t. */

/**
 * P(Z <= x) of the standard normal, to about 1e-14 relative in both tails: the series around 0 up to 2 (Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 1964, 26.2.11), the continued fraction of the tail beyond (26.2.14).
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const y = Math.abs(x);
  if (y < 2) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 + density(y) * sum;
  }
  let fraction = y;
  for (let k = 100; k > 0; k--) fraction = y + k / fraction;
  const tail = y > 40 ? 0 : density(y) / fraction;
  return x > 0 ? 1 - tail : tail;
}

/** Of the standard normal, with the square split so that rounding it does no harm. */
function density(y: number): number {
  const rounded = Math.trunc(y * 16) / 16;
  const exponential = Math.exp((-rounded * rounded) / 2) * Math.exp((-(y - rounded) * (y + rounded)) / 2);
  return exponential / Math.sqrt(2 * Math.PI);
}

/**
 * The x at which `normalCdf` is p; infinite at 0 and 1, NaN outside. A start exact to 4.5e-4 (Abramowitz and Stegun, 26.2.23), then
 * three steps of Halley's method.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0) return -Infinity;
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = ((0.010328 * t + 0.802853) * t + 2.515517) / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1) - t;
  for (let step = 0; step < 3; step++) {
    const error = (normalCdf(x) - p) / density(Math.abs(x));
    x -= error / (1 + (x * error) / 2);
  }
  return x;
}

/** P(T <= t) of Student's t, to about 1e-11; the degrees of freedom need not be whole. */
export function studentCdf(t: number, degreesOfFreedom: number): number {
  if (Number.isNaN(t) || !(degreesOfFreedom > 0)) return NaN;
  const square = t * t;
  const outside = square / (degreesOfFreedom + square);
  const tail = degreesOfFreedom / (degreesOfFreedom + square);
  const a = degreesOfFreedom / 2;
  // x^a (1 - x)^(1/2) / B(a, 1/2) at x = tail
  const factor = Math.exp(a * Math.log1p(-outside) + logGammaRatio(a)) * Math.sqrt(outside / Math.PI);
  const both =
    tail < (a + 1) / (a + 2.5) ? (factor * fraction(a, 0.5, tail)) / a : 1 - (factor * fraction(0.5, a, outside)) / 0.5;
  return t > 0 ? 1 - both / 2 : both / 2;
}

/** log(Gamma(a + 1/2) / Gamma(a)): its asymptotic series, from 20 on. */
function logGammaRatio(a: number): number {
  let shift = 0;
  for (; a < 20; a++) shift += Math.log(a / (a + 0.5));
  const inverse = 1 / (a * a);
  return shift + Math.log(a) / 2 - (1 / 8 - (1 / 192 - (1 / 640 - (17 / 14336) * inverse) * inverse) * inverse) / a;
}

/** The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8) by Lentz's method. */
function fraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1e6; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return value;
}
