import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { blur, expose, poisson } from './detector.js';
import { drawPatient } from './patient.js';
import type { Acquisition } from './phantom.js';

const acquisition: Acquisition = {
  ...drawPatient(new Random(1))[0]!.acquisition,
  photonsPerMm2: 1e9,
  scatterFraction: 0,
  windowCentre: 2,
  windowWidth: 3,
  collimation: [0, 0, 0, 0],
  border: 'black',
  marker: undefined,
};
const size = 32;
const ramp = Float32Array.from({ length: size * size }, (_, i) => ((i % size) / size) * 5);
const mean = (image: ArrayLike<number>) => Array.from(image).reduce((sum, value) => sum + value, 0) / image.length;

describe('expose', () => {
  it('without scatter and with many photons shows the line integral through the display curve', () => {
    const image = expose(ramp, size, acquisition, 1);
    for (const [i, integral] of ramp.entries()) {
      const expected = 255 / (1 + Math.exp((-4 * (integral - 2)) / 3));
      expect(Math.abs(image[i]! - expected)).toBeLessThanOrEqual(1);
    }
  });

  it('has noise that falls with the photons, and scatter that makes dense tissue look less dense', () => {
    const noiseOf = (photonsPerMm2: number) => {
      const image = expose(new Float32Array(size * size).fill(2), size, { ...acquisition, photonsPerMm2 }, 7);
      const middle = mean(image);
      return Math.sqrt(mean(Array.from(image, (value) => (value - middle) ** 2)));
    };
    expect(noiseOf(5)).toBeGreaterThan(4 * noiseOf(500));
    const dense = (image: Uint8Array) => mean(image.filter((_, i) => i % size > size - 4));
    const scattered = expose(ramp, size, { ...acquisition, scatterFraction: 0.5 }, 1);
    expect(dense(scattered)).toBeLessThan(dense(expose(ramp, size, acquisition, 1)) - 2);
  });

  it('shows the collimator border and the lead letter', () => {
    const flat = new Float32Array(size * size).fill(1);
    const image = expose(
      flat,
      size,
      { ...acquisition, collimation: [0.25, 0, 0, 0], border: 'white', marker: [0.5, 0.5] },
      1,
    );
    expect(image.subarray(0, 8)).toEqual(new Uint8Array(8).fill(255));
    expect(image[8]).toBeLessThan(100);
    expect(image[16 * size + 16]).toBeGreaterThan(200);
  });
});

it.each([3, 400])('poisson has mean and variance %d', (expected) => {
  const random = new Random(5);
  const draws = Array.from({ length: 20_000 }, () => poisson(random, expected));
  const average = mean(draws);
  expect(average / expected).toBeCloseTo(1, 1);
  expect(mean(draws.map((draw) => (draw - average) ** 2)) / expected).toBeCloseTo(1, 1);
});

it('blur keeps a constant and the sum of a spot in the middle', () => {
  const spot = new Float32Array(size * size);
  spot[16 * size + 16] = 1;
  const blurred = blur(spot, size, 2);
  expect(blurred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
  expect(blurred[16 * size + 16]).toBeLessThan(0.1);
  expect(mean(blur(new Float32Array(size * size).fill(3), size, 3))).toBeCloseTo(3, 4);
});
