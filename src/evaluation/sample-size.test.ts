import { describe, expect, it } from 'vitest';
import { fixture } from './fixtures/load.js';
import {
  designEffect,
  type ExpectedDifference,
  hanleyMcNeilVariance,
  sampleSizeForAuroc,
  sampleSizeForDifference,
  sampleSizeForPower,
} from './sample-size.js';

const reference = fixture<{
  auroc: { auroc: number; prevalence: number; width: number; confidence: number; images: number }[];
  difference: (ExpectedDifference & { width: number; images: number })[];
  power: (ExpectedDifference & { power: number; margin: number; images: number })[];
  simulated: { auroc: number; positives: number; negatives: number; mean: number; variance: number }[];
}>('sample-size');

describe('the variance of Hanley and McNeil', () => {
  it.each(reference.simulated)('is that of simulated exponential scores: %j', (it) => {
    const { auroc, positives, negatives, mean, variance } = it;
    expect(mean).toBeCloseTo(auroc, 2);
    // 20,000 draws: the variance is known to about 1 %.
    expect(Math.abs(variance / hanleyMcNeilVariance(auroc, positives, negatives) - 1)).toBeLessThan(0.05);
  });
});

describe('the design effect', () => {
  const { designEffects } = fixture<{
    designEffects: { imagesPerPatient: number; placements: number[]; ratio: number }[];
  }>('delong-patients');
  it.each(designEffects)('is the variance of patients with several images over that of one each: %j', (it) => {
    const { imagesPerPatient, placements, ratio } = it;
    const withinPatient = (placements[0]! + placements[1]!) / 2;
    // 12,000 draws: the ratio is known to about 2 %.
    expect(Math.abs(ratio / designEffect({ imagesPerPatient, withinPatient }) - 1)).toBeLessThan(0.05);
  });

  it('is that of the images needed', () => {
    const expected = { auroc: 0.8, prevalence: 0.1, width: 0.1 };
    const alone = sampleSizeForAuroc(expected);
    expect(alone.patients).toBe(alone.images);
    const { images, patients } = sampleSizeForAuroc({ ...expected, imagesPerPatient: 4, withinPatient: 0.5 });
    expect(Math.abs(images - 2.5 * alone.images)).toBeLessThan(3);
    expect(patients).toBe(Math.ceil(images / 4));
  });
});

describe('sample sizes equal root finding by SciPy', () => {
  it.each(reference.auroc)('for the width of an interval: %j', ({ images, ...expected }) => {
    const found = sampleSizeForAuroc(expected);
    expect(found.images).toBe(images);
    expect(found.positives + found.negatives).toBe(images);
    expect(Math.abs(found.positives - images * expected.prevalence)).toBeLessThan(1);
  });

  it.each(reference.difference)('for the width of a difference: %j', ({ images, ...expected }) => {
    expect(sampleSizeForDifference(expected).images).toBe(images);
  });

  it.each(reference.power)('for the power to find a difference: %j', ({ images, ...expected }) => {
    expect(sampleSizeForPower(expected).images).toBe(images);
  });
});

it('refuses what cannot be', () => {
  const expected = { first: 0.8, second: 0.8, correlation: 0.5, prevalence: 0.1 };
  expect(() => sampleSizeForPower({ ...expected, power: 0.8 })).toThrow('first 0.8 is not expected above second 0.8');
  expect(() => sampleSizeForPower({ ...expected, power: 80, margin: 0.1 })).toThrow('power 80 is not between 0 and 1');
  expect(() => sampleSizeForDifference({ ...expected, correlation: 1, width: 0.1 })).toThrow(
    'correlation 1 is outside',
  );
  expect(() => sampleSizeForAuroc({ auroc: 0.8, prevalence: 0, width: 0.1 })).toThrow('prevalence 0 is not between');
  const several = { auroc: 0.8, prevalence: 0.1, width: 0.1 };
  expect(() => sampleSizeForAuroc({ ...several, imagesPerPatient: 0.5 })).toThrow('imagesPerPatient 0.5 is not');
  expect(() => sampleSizeForAuroc({ ...several, withinPatient: 2 })).toThrow('withinPatient 2 is outside 0..1');
  expect(() => sampleSizeForAuroc({ auroc: 0.8, prevalence: 0.1, width: 1e-6 })).toThrow(
    'no test set of up to a billion',
  );
});
