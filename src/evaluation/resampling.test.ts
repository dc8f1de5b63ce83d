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

  it('draws from each stratum as many patients as it has', () => {
    const rows = fc.array(fc.nat(15), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(rows, fc.nat(), (patients, seed) => {
        const groups = Int32Array.from(patients);
        const strata = groups.map((patient) => -(patient % 3));
        const resampler = new Resampler(groups.length, groups, strata);
        const drawn = resampler.draw(new Random(seed));
        for (const stratum of new Set(strata)) {
          const own = new Map(
            [...groups.keys()].filter((row) => strata[row] === stratum).map((row) => [groups[row], row]),
          );
          expect([...own.values()].reduce((total, row) => total + drawn[row]!, 0)).toBe(own.size);
        }
      }),
    );
    const one = new Resampler(50, undefined, new Int32Array(50).fill(7)).draw(new Random(4));
    expect(one).toEqual(new Resampler(50).draw(new Random(4)));
  });

  it('refuses no rows and groups of another length', () => {
    const twoStrata = () => new Resampler(3, Int32Array.of(5, 5, 6), Int32Array.of(0, 1, 1));
    expect(twoStrata).toThrow('Resampler: the group of row 1 has rows in two strata, 0 and 1');
    expect(() => new Resampler(0)).toThrow('Resampler: no rows');
    expect(() => new Resampler(3, Int32Array.of(1, 2))).toThrow('Resampler: 2 groups for 3 rows');
  });
});
