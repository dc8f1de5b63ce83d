import { describe, expect, it } from 'vitest';
import { learningRateSchedule, type Recipe } from './recipe.js';

const recipe = (change: Partial<Recipe>): Recipe => ({
  epochs: 1,
  batchSize: 1,
  learningRate: 2,
  schedule: 'cosine',
  warmup: 0,
  weightDecay: 0,
  beta2: 0.999,
  clip: null,
  ...change,
});
const rates = (change: Partial<Recipe>, total: number) => {
  const schedule = learningRateSchedule(recipe(change), total);
  return Array.from({ length: total }, (_, step) => schedule(step));
};

describe('the learning rate', () => {
  it('is constant where the recipe says so', () => {
    expect(rates({ schedule: 'constant' }, 4)).toEqual([2, 2, 2, 2]);
  });

  it('grows in equal steps to its peak, and stays there', () => {
    expect(rates({ schedule: 'constant', warmup: 0.5 }, 8)).toEqual([0.5, 1, 1.5, 2, 2, 2, 2, 2]);
  });

  it('falls along half a cosine', () => {
    const all = rates({}, 4);
    const expected = [0, 1, 2, 3].map((step) => 1 + Math.cos((Math.PI * step) / 4));
    for (const [i, rate] of all.entries()) expect(rate).toBeCloseTo(expected[i]!, 12);
  });

  it('grows, then falls, and is never 0 while there are steps to do', () => {
    const all = rates({ warmup: 0.2 }, 20);
    expect(all.slice(0, 5)).toEqual([0.5, 1, 1.5, 2, 2]);
    for (let i = 5; i < 20; i++) expect(all[i]).toBeLessThan(all[i - 1]!);
    expect(Math.min(...all)).toBeGreaterThan(0);
  });

  it.each([0, 0.001, 0.999, 1])('is a positive number at every step with a warm-up of %d', (warmup) => {
    for (const schedule of ['constant', 'cosine'] as const) {
      for (const total of [1, 2, 3, 7]) {
        for (const rate of rates({ schedule, warmup }, total)) {
          expect(rate).toBeGreaterThan(0);
          expect(rate).toBeLessThanOrEqual(2);
        }
      }
    }
  });
});
