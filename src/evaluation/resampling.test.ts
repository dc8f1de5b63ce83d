import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { Resampler } from './resampling.js';

describe('Resampler', () => {
  it('draws as many rows as there are, with replacement', () => {
    const drawn = new Resampler(1000).draw(new Random(1));
    expect(drawn.reduce((total, times) => total + times, 0)).toBe(1000);
    const leftOut = drawn.filter((times) => times === 0).length / 1000;
    expect(leftOut).toBeGreaterThan(0.33);
    expect(leftOut).toBeLessThan(0.41);
  });

  it('keeps patients whole, and draws as many as there are', () => {
    const patients = fc.array(fc.integer({ min: -3, max: 12 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(patients, fc.nat(), (groups, seed) => {
        const resampler = new Resampler(groups.length, Int32Array.from(groups));
        const drawn = resampler.draw(new Random(seed));
        const timesOf = new Map<number, number>();
        for (const [row, group] of groups.entries()) {
          expect(drawn[row]).toBe(timesOf.get(group) ?? drawn[row]);
          timesOf.set(group, drawn[row]!);
        }
        expect([...timesOf.values()].reduce((total, times) => total + times, 0)).toBe(resampler.units);
        expect(resampler.units).toBe(new Set(groups).size);
      }),
    );
  });

  it('refuses no rows and groups of another length', () => {
    expect(() => new Resampler(0)).toThrow('Resampler: no rows');
    expect(() => new Resampler(3, Int32Array.of(1, 2))).toThrow('Resampler: 2 groups for 3 rows');
  });
});
