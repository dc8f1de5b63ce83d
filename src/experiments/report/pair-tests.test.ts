import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { ExperimentResult } from '../result/index.js';
import { findingPairTable, pairTable } from './comparison-tables.js';
import { csvFiles } from './csv.js';
import { withTests } from './fixtures/pair-tests.js';
import { exampleResult } from './fixtures/result.js';
import { studyResult } from './fixtures/study.js';
import { methods } from './methods.js';
import { verdict } from './verdict.js';
import { onMargin } from './verdict-margin.js';

const plain = exampleResult();
const result = withTests(plain);
const titles = (table: ReturnType<typeof pairTable>) => table.columns.map(({ text }) => text);
const rows = (table: ReturnType<typeof pairTable>) =>
  table.groups.flatMap((group) => group.rows.map((row) => row.map(({ text, range }) => [text, range])));

describe('the tables of pairs', () => {
  it('have a column for each test beside the bootstrap, and none without', () => {
    expect(titles(pairTable(result)).slice(-3)).toEqual(['p, one-sided', 'p, permutation', 'Margin 0.02']);
    expect(titles(findingPairTable(result)).slice(-2)).toEqual(['p, one-sided', 'p, DeLong by patient']);
    expect(titles(pairTable(plain)).at(-1)).toBe('p, one-sided');
    expect(titles(findingPairTable(plain)).at(-1)).toBe('p, one-sided');
    expect(pairTable(plain).notes).toHaveLength(1);
  });

  it('show the p of each test, and what the margin allows', () => {
    const changed = structuredClone(result);
    changed.comparisons[0]!.mean.difference = { estimate: 0, low: -0.01, high: 0.01 };
    const said = (
      [
        [true, true, true],
        [true, false, false],
        [false, true, false],
        [false, false, false],
      ] as const
    ).map(([firstNonInferior, secondNonInferior, equivalent]) => {
      const [pair] = changed.comparisons;
      Object.assign(pair!.margin!, { firstNonInferior, secondNonInferior, equivalent });
      Object.assign(pair!.margin!, { pFirstNonInferior: 0.02, pSecondNonInferior: 0.0001, pEquivalent: null });
      pair!.permutation!.p = 0.0123;
      return rows(pairTable(changed))[0]!.slice(-2);
    });
    changed.comparisons[0]!.mean.difference = { estimate: -0.05, low: -0.07, high: -0.03 };
    expect(rows(pairTable(changed))[0]!.at(-1)).toEqual(['second better by more', undefined]);
    changed.comparisons[0]!.mean.difference = { estimate: 0.05, low: 0.03, high: 0.07 };
    expect(rows(pairTable(changed))[0]!.at(-1)).toEqual(['first better by more', undefined]);
    expect(said.map(([p]) => p![0])).toEqual(['0.012', '0.012', '0.012', '0.012']);
    expect(said.map(([, margin]) => margin)).toEqual([
      ['equivalent', undefined],
      ['first not inferior', 'p = 0.020'],
      ['second not inferior', 'p < 0.001'],
      ['not shown', undefined],
    ]);
    const [delong] = result.comparisons[0]!.findings.map((it) => it.delong!);
    expect(rows(findingPairTable(result))[0]!.at(-1)).toEqual([delong!.p!.toFixed(3), undefined]);
  });

  it('say how DeLong counts, and why there is no test', () => {
    const changed = structuredClone(result);
    for (const { delong } of changed.comparisons.flatMap(({ findings }) => findings)) delete delong?.patients;
    const [pair] = changed.comparisons;
    Object.assign(pair!.findings[0]!.delong!, { p: null, reason: 'one positive row' });
    pair!.permutation = { permutations: 2000, p: null, reason: '2 and 3 runs' };
    const table = findingPairTable(changed);
    expect(titles(table).at(-1)).toBe('p, DeLong');
    expect(rows(table)[0]!.at(-1)).toEqual(['\u2013', undefined]);
    expect(table.notes.join(' ')).toMatch(/DeLong: images count as independent; .* no DeLong test: one positive row\./);
    expect(pairTable(changed).notes.join(' ')).toMatch(/no permutation test: 2 and 3 runs\./);
    expect(methods(changed)[2]).toContain("DeLong's test (1988) with images as independent");
  });
});

describe('the verdict', () => {
  const at = (
    change: Partial<NonNullable<ExperimentResult['comparisons'][number]['margin']>>,
    difference = { estimate: -0.005, low: -0.015, high: 0.01 },
  ) => {
    const changed = structuredClone(result);
    const [best, other] = [changed.cells[1]!, changed.cells[0]!];
    const pair = changed.comparisons[0]!;
    expect([pair.first, pair.second]).toEqual([other.initialization, best.initialization]);
    pair.mean.difference = difference;
    pair.margin = { ...pair.margin!, firstNonInferior: false, secondNonInferior: false, equivalent: false, ...change };
    changed.comparisons = [pair];
    return onMargin(changed, best as never)[0];
  };

  it.each([
    [{ equivalent: true }, 'ssl-natural is equivalent within 0.02 to random (\u22120.010 to 0.015)'],
    [
      { secondNonInferior: true },
      'ssl-natural is not inferior by more than 0.02 to random (\u22120.010 to 0.015), but equivalence is not shown',
    ],
    [
      { firstNonInferior: true },
      'ssl-natural is matched by random (\u22120.010 to 0.015), not inferior to it by more than 0.02, but equivalence is not shown',
    ],
    [{}, 'ssl-natural is not shown to be equivalent or not inferior to random (\u22120.010 to 0.015)'],
  ])('says what the margin allows: %o', (change, words) => {
    expect(at(change)).toBe(
      `chestxray14-mini: with the margin of 0.02, ${words} (95 % intervals of the difference, each pair on its own).`,
    );
  });

  it('says where the lead is more than the margin', () => {
    expect(at({ secondNonInferior: true }, { estimate: -0.05, low: -0.08, high: -0.021 })).toContain(
      'ssl-natural is better by more than 0.02 than random (0.021 to 0.080) (95 %',
    );
  });

  it('says it once for each data set where there is a margin, and nothing without', () => {
    const said = (of: ExperimentResult) => verdict(of).filter((sentence) => sentence.includes('margin'));
    expect(said(result).map((sentence) => sentence.split(':')[0])).toEqual(plain.datasets.map(({ name }) => name));
    expect(said(plain)).toEqual([]);
  });
});

describe('the methods', () => {
  it('name the tests and the margin, or that there is none', () => {
    const [, , statistics, analyses] = methods(result);
    expect(statistics).toMatch(
      /DeLong's test \(1988\) with the variance by patient .* in 2,000 permutations, .* AUROC of 0\.02 was taken not to matter: .* between \u22120\.020 and 0\.020, each pair/,
    );
    expect(analyses).not.toContain('names no smallest difference');
    expect(methods(plain)[2]).not.toMatch(/DeLong|permutation|not to matter/);
    expect(methods(plain)[3]).toContain('names no smallest difference');
  });
});

describe('the files of numbers', () => {
  const TAIL = ['pDelong', 'delongLow', 'delongHigh', 'delongVariance', 'pPermutation', 'margin'];
  const read = (of: ExperimentResult, name: string) =>
    parse(
      csvFiles(of)
        .find((file) => file.name === name)!
        .text(),
      { columns: true },
    ) as Record<string, string>[];

  it('end with the columns of the tests', () => {
    for (const { name, text } of csvFiles(studyResult())) {
      const header = text().split('\r\n')[0]!.split(',');
      expect([name, header.slice(-12, -6)]).toEqual([name, TAIL]);
    }
  });

  it('have every test of a pair', () => {
    const differences = read(result, 'comparison.csv').filter(({ kind }) => kind === 'difference');
    const means = differences.filter(({ metric }) => metric === 'meanAuroc');
    expect(means.map((row) => [row.pPermutation, row.margin, row.nonInferior, row.pEquivalent].map(Number))).toEqual(
      result.comparisons.map(({ permutation, margin }) => [
        permutation!.p,
        0.02,
        margin!.firstNonInferior ? 1 : 0,
        margin!.pEquivalent,
      ]),
    );
    const [row] = differences.filter(({ finding }) => finding === 'Effusion');
    const { delong, pPermutation } = result.comparisons[0]!.findings.find(({ finding }) => finding === 'Effusion')!;
    expect([row!.pDelong, row!.delongLow, row!.delongHigh, row!.pPermutation].map(Number)).toEqual([
      delong!.p,
      delong!.difference!.low,
      delong!.difference!.high,
      pPermutation,
    ]);
    expect(row!.delongVariance).toBe('by patient');
    for (const row of read(plain, 'comparison.csv'))
      expect([row.pDelong, row.margin, row.equivalent]).toEqual(['', '', '']);
  });
});
