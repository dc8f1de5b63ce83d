/** Intensity steps of the published preprocessing, each on the pixels of one image. */

/**
 * To 8 bits. With `minMax`, 255 (x - min) / (max - min), truncated, as MIMIC-CXR-JPG and the study do (Johnson et al.,
 * 2019); a constant image gives zeros. Without, 8-bit pixels stay and 16-bit ones become x / 257, rounded. Returns a
 * new array.
 */
export function toEightBits(pixels: Uint8Array | Uint16Array, maximum: 255 | 65535, minMax: boolean): Uint8Array {
  if (!minMax) return maximum === 255 ? Uint8Array.from(pixels) : Uint8Array.from(pixels, (x) => (x + 128) / 257);
  let low = maximum as number;
  let high = 0;
  for (const x of pixels) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  const out = new Uint8Array(pixels.length);
  if (high <= low) return out;
  const range = high - low;
  for (let i = 0; i < pixels.length; i++) out[i] = (255 * (pixels[i]! - low)) / range;
  return out;
}

/**
 * Histogram equalization in place, equal to OpenCV's `equalizeHist` bit for bit (modules/imgproc/src/histogram.cpp):
 * the lowest level present becomes 0, level j becomes 255 (pixels at or under j, less those at the lowest) / (pixels
 * above the lowest), computed in float32 and rounded half to even; a constant image stays. Several channels share one
 * histogram, so gray stays gray.
 */
export function equalizeHistogram(pixels: Uint8Array): Uint8Array {
  const histogram = new Uint32Array(256);
  for (const x of pixels) histogram[x]!++;
  const lowest = histogram.findIndex((count) => count > 0);
  const above = pixels.length - (histogram[lowest] ?? 0);
  if (above === 0) return pixels;
  const scale = Math.fround(255 / above);
  const table = new Uint8Array(256);
  for (let level = lowest + 1, sum = 0; level < 256; level++) {
    sum += histogram[level]!;
    table[level] = Math.min(255, roundHalfEven(Math.fround(sum * scale)));
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]!]!;
  return pixels;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
