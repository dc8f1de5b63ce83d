import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjust, benjaminiHochberg, CORRECTIONS, type Correction } from './correction.js';
import { fixture } from './fixtures/load.js';

const anyP = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 });

describe('adjust', () => {
  it.each(CORRECTIONS)("equals R's p.adjust and statsmodels: %s", (method) => {
    for (const { p, ...expected } of fixture<(Record<Correction, number[]> & { p: number[] })[]>('corrections')) {
      const found = adjust(method, p);
      for (const [i, value] of expected[method].entries()) {
        if (Number.isNaN(value)) expect(found[i]).toBeNaN();
        else expect(Math.abs(found[i]! - value)).toBeLessThan(1e-15);
      }
    }
  });

  it('is the smallest level at which the step-up procedure rejects', () => {
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

  it.each(CORRECTIONS)('%s never lowers a p-value, keeps the order, and leaves NaN out of the family', (method) => {
    fc.assert(
      fc.property(anyP, (p) => {
        const adjusted = adjust(method, p);
        for (let i = 0; i < p.length; i++) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p[i]!);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          for (let j = 0; j < p.length; j++) if (p[i]! < p[j]!) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
        }
        expect([...adjust(method, [NaN, ...p, NaN])]).toEqual([NaN, ...adjusted, NaN]);
      }),
    );
  });

  it('orders the methods: Benjamini-Yekutieli and Holm are never less strict than Benjamini-Hochberg', () => {
    fc.assert(
      fc.property(anyP, (p) => {
        const mild = adjust('benjamini-hochberg', p);
        for (const strict of [adjust('benjamini-yekutieli', p), adjust('holm', p)]) {
          for (const [i, value] of mild.entries()) expect(strict[i]! - value).toBeGreaterThan(-1e-12);
        }
      }),
    );
  });

  it('refuses what is no probability', () => {
    expect(() => adjust('holm', [0.5, 1.5])).toThrow('adjust: p-value 1.5 is outside 0..1');
  });
});
