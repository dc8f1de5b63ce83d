import { Random } from '../base/index.js';
import type { Acquisition } from './phantom.js';

/** Linear attenuation times thickness of the lead letter: opaque but for scatter. */
const leadMarker = 4;
const markerHeightCm = 2.2;

/**
 * What the detector and the display make of line integrals [size, size]: transmission (Beer and Lambert), scatter as a wide blur,
 * quantum noise (Poisson), the logarithmic response of a digital detector, and the sigmoid display curve of DICOM PS3.3 C.11.2.1.3.
 * Returns 8-bit gray [size, size], dense is bright. `seed` fixes the noise.
 */
export function expose(integrals: Float32Array, size: number, acquisition: Acquisition, seed: number): Uint8Array {
  const random = Random.of(seed, 'noise');
  const pixelMm = (acquisition.side * 10) / size;
  const photons = acquisition.photonsPerMm2 * pixelMm * pixelMm;
  const primary = withMarker(integrals, size, acquisition).map((integral) => Math.exp(-integral));
  const inField = field(size, acquisition);
  for (let i = 0; i < primary.length; i++) if (!inField[i]) primary[i] = 0;

  const scatterToPrimary = acquisition.scatterFraction / (1 - acquisition.scatterFraction);
  const patient = primary.map((share) => Math.min(share, 0.25));
  const scatter = blur(patient, size, Math.round(size * 0.07));
  const image = new Uint8Array(size * size);
  const border = acquisition.border === 'white' ? 255 : 0;
  for (let i = 0; i < image.length; i++) {
    if (!inField[i]) {
      image[i] = border;
      continue;
    }
    const expected = photons * (primary[i]! + scatterToPrimary * scatter[i]!);
    const signal = -Math.log(Math.max(poisson(random, expected), 0.5) / photons);
    image[i] = Math.round(255 / (1 + Math.exp((-4 * (signal - acquisition.windowCentre)) / acquisition.windowWidth)));
  }
  return image;
}

/** 1 inside the collimator, 0 outside. */
function field(size: number, { collimation: [left, right, top, bottom] }: Acquisition): Uint8Array {
  const mask = new Uint8Array(size * size);
  for (let row = Math.round(top * size); row < Math.round((1 - bottom) * size); row++) {
    mask.fill(1, row * size + Math.round(left * size), row * size + Math.round((1 - right) * size));
  }
  return mask;
}

/** The integrals with the lead letter L on the detector. */
function withMarker(integrals: Float32Array, size: number, { marker, side }: Acquisition): Float32Array {
  if (marker === undefined) return integrals;
  const marked = Float32Array.from(integrals);
  const unit = (markerHeightCm / side) * size;
  const block = (x: number, y: number, width: number, height: number) => {
    const columns = [
      Math.round(marker[0] * size + x * unit),
      Math.round(marker[0] * size + (x + width) * unit),
    ] as const;
    const rows = [Math.round(marker[1] * size + y * unit), Math.round(marker[1] * size + (y + height) * unit)] as const;
    for (let row = Math.max(rows[0], 0); row < Math.min(Math.max(rows[1], rows[0] + 1), size); row++) {
      for (
        let column = Math.max(columns[0], 0);
        column < Math.min(Math.max(columns[1], columns[0] + 1), size);
        column++
      ) {
        marked[row * size + column] = integrals[row * size + column]! + leadMarker;
      }
    }
  };
  block(0, 0, 0.25, 1);
  block(0.25, 0.75, 0.4, 0.25);
  return marked;
}

/** Three box blurs in each direction, close to a Gaussian of standard deviation about `radius`; edges are continued. */
export function blur(image: Float32Array, size: number, radius: number): Float32Array {
  const result = Float32Array.from(image);
  const width = 2 * radius + 1;
  const line = new Float32Array(size + width);
  const pass = (start: number, step: number) => {
    for (let i = 0; i < line.length; i++) {
      line[i] = result[start + Math.min(Math.max(i - radius, 0), size - 1) * step]!;
    }
    let sum = 0;
    for (let i = 0; i < width; i++) sum += line[i]!;
    for (let i = 0; i < size; i++) {
      result[start + i * step] = sum / width;
      sum += line[i + width]! - line[i]!;
    }
  };
  for (let repeat = 0; repeat < 3; repeat++) {
    for (let row = 0; row < size; row++) pass(row * size, 1);
    for (let column = 0; column < size; column++) pass(column, size);
  }
  return result;
}

/** A Poisson draw: Knuth's product for small means, the normal approximation (error of the third moment) above 50. */
export function poisson(random: Random, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  return count;
}
