import { describe, expect, it } from 'vitest';
import { claimTable, tripodTable } from './checklists.js';
import { withAnalyses } from './fixtures/analyses.js';
import { exampleResult } from './fixtures/result.js';

const rowsOf = ({ groups }: ReturnType<typeof claimTable>) => groups.flatMap(({ rows }) => rows);
const answers = (table: ReturnType<typeof claimTable>) =>
  new Map(rowsOf(table).map(([number, , answer]) => [number!.text, answer!.text]));

describe('checklists', () => {
  const plain = exampleResult();
  const whole = withAnalyses(plain);

  it('have the items of the publications, in their parts', () => {
    const claim = claimTable(plain);
    expect(rowsOf(claim).map(([number]) => number!.text)).toEqual(Array.from({ length: 44 }, (_, i) => `${i + 1}`));
    // Where the parts of CLAIM 2024 begin: design, data, reference standard, partitions, testing data, model, training, ...
    const first = claim.groups.map(({ rows }) => Number(rows[0]![0]!.text));
    expect(first).toEqual([1, 5, 7, 14, 19, 21, 22, 25, 28, 35, 37, 40]);
    const sub: Record<number, number> = { 3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3 };
    const tripod = Array.from({ length: 27 }, (_, i) => i + 1).flatMap((item) =>
      sub[item] ? [...'abcdefg'].slice(0, sub[item]).map((letter) => `${item}${letter}`) : [`${item}`],
    );
    expect(tripod).toHaveLength(52);
    expect(rowsOf(tripodTable(plain)).map(([number]) => number!.text)).toEqual(tripod);
  });

  it('name their versions', () => {
    expect(claimTable(plain).notes[0]).toContain('e240300');
    expect(tripodTable(plain).notes[0]).toContain('e078378');
  });

  it('say of recalibration what was done, and of the test labels no more than is known', () => {
    expect(answers(tripodTable(plain)).get('12f')).toBe('None.');
    expect(answers(tripodTable(whole)).get('12f')).toMatch(/^No model was changed.*Calibration/);
    expect(answers(tripodTable(whole)).get('24')).toBe(answers(tripodTable(whole)).get('12f'));
    expect(answers(claimTable(plain)).get('17')).toContain("the authors' to say");
    expect(answers(tripodTable(plain)).get('16')).not.toContain('External');
    expect(answers(tripodTable(whole)).get('16')).toContain('External');
    const folds = { ...plain, crossValidation: { folds: 5 } } as never;
    expect(answers(claimTable(folds)).get('32')).toContain('5-fold');
  });
});
