import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg } from './correction.js';
import { fixture } from './fixtures/load.js';

describe('benjaminiHochberg', () => {
  it('equals the step-up procedure at every level', () => {
    for (const { p, adjusted } of fixture<{ p: number[]; adjusted: number[] }[]>('correction')) {
      const found = benjaminiHochberg(p);
      for (const [i, expected] of adjusted.entries()) {
        if (Number.isNaN(expected)) expect(found[i]).toBeNaN();
        else expect(Math.abs(found[i]! - expected)).toBeLessThan(1e-12);
      }
    }
  });

  it('rejects four of the fifteen hypotheses of the 1995 paper at 0.05', () => {
    const { p } = fixture<{ p: number[] }[]>('correction')[0]!;
    expect([...benjaminiHochberg(p)].filter((adjusted) => adjusted <= 0.05)).toHaveLength(4);
  });

  it('never lowers a p-value, keeps the order, and leaves what is not estimable out of the family', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (p) => {
        const adjusted = benjaminiHochberg(p);
        for (let i = 0; i < p.length; i++) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p[i]!);
          for (let j = 0; j < p.length; j++) if (p[i]! < p[j]!) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
        }
        expect([...benjaminiHochberg([NaN, ...p, NaN])]).toEqual([NaN, ...adjusted, NaN]);
      }),
    );
  });

  it('refuses what is no probability', () => {
    expect(() => benjaminiHochberg([0.5, 1.5])).toThrow('benjaminiHochberg: p-value 1.5 is outside 0..1');
  });
});
