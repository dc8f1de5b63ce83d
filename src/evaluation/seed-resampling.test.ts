import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { Resampler } from './resampling.js';
import { SeedResampler } from './seed-resampling.js';

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe('SeedResampler', () => {
  it('draws as one bootstrap of the seeds where there is one pretraining', () => {
    const nested = new SeedResampler([4, 4, 4]);
    const flat = new Resampler(3);
    for (let redraw = 0; redraw < 50; redraw++) {
      const counts = flat.draw(Random.of(1, redraw));
      expect([...nested.draw(Random.of(1, redraw))]).toEqual([...counts].map((count) => count / 3));
    }
    expect(nested.all).toEqual(Float64Array.of(1 / 3, 1 / 3, 1 / 3));
  });

  it('has a weight of 1 for a single seed', () => {
    expect(new SeedResampler([0]).draw(new Random(1))).toEqual(Float64Array.of(1));
  });

  it('counts every pretraining the same, whatever its number of seeds', () => {
    const resampler = new SeedResampler([1, 2, 2, 1, 1]);
    expect(resampler.all).toEqual(Float64Array.of(1 / 6, 1 / 4, 1 / 4, 1 / 6, 1 / 6));
    const random = new Random(2);
    for (let redraw = 0; redraw < 100; redraw++) {
      const weights = resampler.draw(random);
      expect(sum(weights)).toBeCloseTo(1, 12);
      expect(2 * (weights[0]! + weights[3]! + weights[4]!)).toBeCloseTo(
        Math.round(2 * (weights[0]! + weights[3]! + weights[4]!)),
        12,
      );
    }
  });

  it('draws the seeds anew each time that a pretraining is drawn', () => {
    // Pretraining 0 drawn both times (1 in 4), and of its two seeds 4 draws: each count 0 to 4 as in a binomial.
    const resampler = new SeedResampler([0, 0, 1, 1]);
    const random = new Random(3);
    const counts = [0, 0, 0, 0, 0];
    const redraws = 16_000;
    for (let redraw = 0; redraw < redraws; redraw++) {
      const weights = resampler.draw(random);
      if (weights[0]! + weights[1]! === 1) counts[4 * weights[0]!]!++;
    }
    for (const [k, ways] of [1, 4, 6, 4, 1].entries()) {
      const p = ways / 64;
      expect(Math.abs(counts[k]! - redraws * p)).toBeLessThan(4 * Math.sqrt(redraws * p * (1 - p)));
    }
  });
});
