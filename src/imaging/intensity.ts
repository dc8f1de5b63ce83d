/**
 * The intensity steps of the published preprocessing. Each step is a table from level to level made from the image's
 * histogram, so that pixels are passed over twice, to count and to map, whatever the steps and the bit depth.
 */

export interface IntensitySteps {
  /** 255 (x - min) / (max - min), truncated, as MIMIC-CXR-JPG does (Johnson et al., 2019); a constant image: zeros. */
  minMax: boolean;
  /** OpenCV's `equalizeHist`, after the values have become 8-bit. */
  equalize: boolean;
}

/**
 * The pixels of one image, 0..maximum, as 8-bit values in a new array. Without `minMax`, 8-bit levels stay and 16-bit
 * ones become x / 257, rounded. Several channels share minimum, maximum and histogram, so gray stays gray.
 */
export function toEightBits(
  pixels: Uint8Array | Uint16Array,
  maximum: 255 | 65535,
  { minMax, equalize }: IntensitySteps,
): Uint8Array {
  if (!minMax && !equalize && maximum === 255) return new Uint8Array(pixels);
  const histogram = new Uint32Array(maximum + 1);
  for (let i = 0; i < pixels.length; i++) histogram[pixels[i]!]!++;
  const table = minMax ? minMaxTable(histogram) : depthTable(maximum);
  if (equalize) {
    const counts = new Uint32Array(256);
    for (let level = 0; level <= maximum; level++) counts[table[level]!]! += histogram[level]!;
    const equalized = equalizationTable(counts);
    for (let level = 0; level <= maximum; level++) table[level] = equalized[table[level]!]!;
  }
  const out = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) out[i] = table[pixels[i]!]!;
  return out;
}

function depthTable(maximum: 255 | 65535): Uint8Array {
  const levels = 255 / maximum;
  return Uint8Array.from({ length: maximum + 1 }, (_, level) => Math.round(level * levels));
}

function minMaxTable(histogram: Uint32Array): Uint8Array {
  const table = new Uint8Array(histogram.length);
  const low = histogram.findIndex((count) => count > 0);
  const high = histogram.findLastIndex((count) => count > 0);
  for (let level = low + 1; level <= high; level++) table[level] = (255 * (level - low)) / (high - low);
  return table;
}

/**
 * `equalizeHist` bit for bit (OpenCV, modules/imgproc/src/histogram.cpp): the lowest level present becomes 0, level j
 * 255 (pixels at or under j, less those at the lowest) / (pixels above the lowest), in float32, rounded half to even. A
 * constant image stays.
 */
function equalizationTable(histogram: Uint32Array): Uint8Array {
  const lowest = histogram.findIndex((count) => count > 0);
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const above = total - (histogram[lowest] ?? 0);
  if (above === 0) return Uint8Array.from({ length: 256 }, (_, level) => level);
  const scale = Math.fround(255 / above);
  const table = new Uint8Array(256);
  for (let level = lowest + 1, sum = 0; level < 256; level++) {
    sum += histogram[level]!;
    table[level] = Math.min(255, roundHalfEven(Math.fround(sum * scale)));
  }
  return table;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
