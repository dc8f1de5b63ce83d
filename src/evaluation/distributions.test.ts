import { expect, it } from 'vitest';
import { normalCdf, normalQuantile, studentCdf } from './distributions.js';
import { fixture } from './fixtures/load.js';

const scipy = fixture<Record<'x' | 'cdf' | 'p' | 'quantile' | 't' | 'degreesOfFreedom' | 'tCdf', number[]>>('normal');

/** Largest relative difference. */
const error = (found: readonly number[], expected: readonly number[]) =>
  Math.max(...found.map((value, i) => (value === expected[i] ? 0 : Math.abs(value / expected[i]! - 1))));

it('the normal distribution equals SciPy, far tails included', () => {
  expect(error(scipy.x.map(normalCdf), scipy.cdf)).toBeLessThan(2e-13);
  expect(normalCdf(-1.959963984540054)).toBeCloseTo(0.025, 15);
  expect([-Infinity, Infinity, NaN].map(normalCdf)).toEqual([0, 1, NaN]);
});

it('its quantiles equal SciPy', () => {
  expect(error(scipy.p.map(normalQuantile), scipy.quantile)).toBeLessThan(2e-12);
  expect([0, 1, -0.1, 1.1, NaN].map(normalQuantile)).toEqual([-Infinity, Infinity, NaN, NaN, NaN]);
});

it("Student's t equals SciPy for any degrees of freedom", () => {
  const found = scipy.t.map((t, i) => studentCdf(t, scipy.degreesOfFreedom[i]!));
  for (const [i, expected] of scipy.tCdf.entries()) expect(Math.abs(found[i]! - expected)).toBeLessThan(1e-11);
  expect(studentCdf(1, 0)).toBeNaN();
});
