import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { brierScore } from './calibration.js';
import { fitPlatt, fitTemperature, rescale } from './calibration-scaling.js';
import { fixture, type MetricsReference } from './fixtures/load.js';

const cases = fixture<MetricsReference>('metrics').calibration;

/** Rows of both classes on both sides of one another, so that there is a finite best. */
const overlapping = fc.integer({ min: 0, max: 1e6 }).map((seed) => {
  const random = new Random(seed);
  const probabilities = Float64Array.from({ length: 40 }, () => random.between(0.02, 0.98));
  return { probabilities, labels: probabilities.map((p, i) => (i < 4 ? i % 2 : random.uniform() < p ? 1 : 0)) };
});

describe('fitTemperature', () => {
  it.each(cases)('equals the root that scipy finds: $name', ({ probabilities, labels, temperature }) => {
    const found = fitTemperature(probabilities, labels);
    if (Number.isNaN(temperature)) expect(found).toBeNaN();
    else expect(Math.abs(found / temperature - 1)).toBeLessThan(1e-11);
  });

  it('grows with the log-odds, and keeps the order of probabilities', () => {
    fc.assert(
      fc.property(overlapping, fc.double({ min: 0.2, max: 4, noNaN: true }), ({ probabilities, labels }, factor) => {
        const temperature = fitTemperature(probabilities, labels);
        fc.pre(!Number.isNaN(temperature));
        const stretched = rescale(probabilities, { slope: factor, intercept: 0 });
        expect(fitTemperature(stretched, labels) / (temperature * factor)).toBeCloseTo(1, 7);
        const calibrated = rescale(probabilities, { slope: 1 / temperature, intercept: 0 });
        const order = (values: Float64Array) => [...values.keys()].sort((a, b) => values[a]! - values[b]! || a - b);
        expect(order(calibrated)).toEqual(order(probabilities));
      }),
    );
  });
});

describe('fitPlatt', () => {
  it.each(cases)("equals scikit-learn's logistic regression: $name", ({ probabilities, labels, platt }) => {
    const found = fitPlatt(probabilities, labels);
    if (!platt) expect(found).toEqual({ slope: NaN, intercept: NaN });
    else {
      // What scikit-learn reaches: 1e-8 of its largest coefficient.
      expect(Math.abs(found.slope - platt.slope)).toBeLessThan(1e-8 * Math.max(1, Math.abs(platt.slope)));
      expect(Math.abs(found.intercept - platt.intercept)).toBeLessThan(1e-8 * Math.max(1, Math.abs(platt.intercept)));
    }
  });

  it('leaves residuals that no scaling explains: the mean probability is the prevalence', () => {
    fc.assert(
      fc.property(overlapping, ({ probabilities, labels }) => {
        const calibrated = rescale(probabilities, fitPlatt(probabilities, labels));
        const residuals = calibrated.map((p, i) => p - labels[i]!);
        expect(residuals.reduce((sum, residual) => sum + residual, 0)).toBeCloseTo(0, 9);
        const products = residuals.map(
          (residual, i) => residual * Math.log(probabilities[i]! / (1 - probabilities[i]!)),
        );
        expect(products.reduce((sum, product) => sum + product, 0)).toBeCloseTo(0, 9);
      }),
    );
  });

  it('mends the shift that class weights leave, which no temperature can', () => {
    const { probabilities, labels } = cases.find(({ name }) => name === 'shifted')!;
    const byTemperature = rescale(probabilities, { slope: 1 / fitTemperature(probabilities, labels), intercept: 0 });
    const byPlatt = rescale(probabilities, fitPlatt(probabilities, labels));
    expect(brierScore(byTemperature, labels)).toBeLessThan(brierScore(probabilities, labels));
    expect(brierScore(byPlatt, labels)).toBeLessThan(brierScore(byTemperature, labels) - 0.05);
  });
});

describe('rescale', () => {
  it('leaves probabilities as they are with slope 1, and takes 0 and 1', () => {
    const [zero, half, small, one] = rescale([0, 0.5, 1e-12, 1], { slope: 1, intercept: 0 });
    expect([half, small! / 1e-12]).toEqual([0.5, expect.closeTo(1, 12)]);
    expect(zero).toBeCloseTo(2 ** -150, 50);
    expect(1 - one!).toBeCloseTo(2 ** -25, 12);
  });
});
