import { describe, expect, it } from 'vitest';
import { association, chiSquare, chiSquareTail, fisherExact, type GroupCounts } from './contingency.js';
import { fixture } from './fixtures/load.js';

interface Tables {
  tables: { groups: [number, number][]; test: 'chi-square' | 'fisher'; statistic: number; p: number }[];
  tails: { x: number; degrees: number; p: number }[];
}

const reference = fixture<Tables>('strata');
const counts = (groups: [number, number][]): GroupCounts[] =>
  groups.map(([positives, negatives]) => ({ positives, negatives }));

const near = (value: number, expected: number) => Math.abs(value / expected - 1);

describe('association', () => {
  it.each(reference.tables)('$test of $groups equals scipy', ({ groups, test, statistic, p }) => {
    const table = counts(groups);
    if (test === 'fisher') expect(near(fisherExact(table[0]!, table[1]!), p)).toBeLessThan(1e-9);
    else {
      expect(near(chiSquare(table), statistic)).toBeLessThan(1e-12);
      expect(near(association(table).p, p)).toBeLessThan(1e-9);
    }
  });

  it.each(reference.tails)('chi-square tail at $x with $degrees degrees of freedom equals scipy', (it) => {
    expect(near(chiSquareTail(it.x, it.degrees), it.p)).toBeLessThan(1e-9);
  });

  it('takes the exact test where a cell expects fewer than five of two groups', () => {
    const result = association(counts([[3, 1], [1, 9]])); // biome-ignore format: a table
    expect(result).toMatchObject({ test: 'fisher', leftOut: [] });
    expect(result.p).toBeCloseTo(fisherExact({ positives: 3, negatives: 1 }, { positives: 1, negatives: 9 }), 14);
  });

  it('leaves out the smallest of several groups where too few are expected, and empty ones', () => {
    const [small, ...rest] = counts([[1, 3], [50, 200], [90, 160], [0, 0]]); // biome-ignore format: a table
    const result = association([small!, ...rest]);
    expect(result.leftOut).toEqual([0, 3]);
    expect(result).toEqual({ ...association(rest.slice(0, 2)), leftOut: [0, 3] });
  });

  it('has no test for one group or one outcome', () => {
    expect(association(counts([[4, 6]]))).toMatchObject({ test: null, p: NaN });
    expect(association(counts([[0, 60], [0, 40]]))).toMatchObject({ test: null, cramersV: NaN }); // biome-ignore format: a table
  });

  it("Cramer's V is 1 where the group is the finding and 0 where it has no part", () => {
    expect(association(counts([[50, 0], [0, 70]])).cramersV).toBeCloseTo(1, 14); // biome-ignore format: a table
    expect(association(counts([[20, 30], [40, 60]])).cramersV).toBeCloseTo(0, 14); // biome-ignore format: a table
  });
});
