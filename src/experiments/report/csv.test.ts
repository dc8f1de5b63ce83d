import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { OPERATING_METRICS } from '../../evaluation/index.js';
import { comparisonCsv, csvFiles } from './csv.js';
import { HOSTILE, withHostileNames } from './fixtures/hostile.js';
import { exampleResult } from './fixtures/result.js';
import { studyResult } from './fixtures/study.js';
import { markdownReport } from './markdown.js';

const result = studyResult();
const rowsOf = (name: string, of = result) =>
  parse(
    csvFiles(of)
      .find((file) => file.name === name)!
      .text(),
    { columns: true },
  ) as Record<string, string>[];
const numbersOf = ({ estimate, low, high, p, pAdjusted, pGreater }: Record<string, string>) =>
  [estimate, low, high, p, pAdjusted, pGreater].map(Number);
const numbersIn = ({ difference, p, pAdjusted, pGreater }: (typeof result.comparisons)[number]['mean']) => [
  difference!.estimate,
  difference!.low,
  difference!.high,
  p,
  pAdjusted,
  pGreater,
];

describe('the files of numbers', () => {
  it('are one, and two more where there are a matrix and external validation', () => {
    expect(csvFiles(exampleResult()).map(({ name }) => name)).toEqual(['comparison.csv']);
    expect(csvFiles(result).map(({ name }) => name)).toEqual(['comparison.csv', 'matrix.csv', 'external.csv']);
  });

  it('hold no name that breaks a line out of its columns', () => {
    const hostile = withHostileNames(result);
    for (const { name } of csvFiles(hostile)) expect(rowsOf(name, hostile).length).toBe(rowsOf(name).length);
  });
});

describe('comparison.csv', () => {
  const result = exampleResult();
  const read = (text: string) => parse(text, { columns: true }) as Record<string, string>[];

  it('holds every number with full precision', () => {
    const rows = read(comparisonCsv(result));
    const find = (wanted: Record<string, string>) =>
      rows.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
    for (const { dataset, initialization, meanAuroc, findings } of result.cells) {
      const of = { dataset, kind: 'model', name: initialization };
      const [mean, ...more] = find({ ...of, finding: '' });
      expect(more).toEqual([]);
      expect([mean!.estimate, mean!.low, mean!.high].map(Number)).toEqual([
        meanAuroc!.estimate,
        meanAuroc!.low,
        meanAuroc!.high,
      ]);
      const [f1] = find({ ...of, finding: 'Effusion', metric: 'f1' });
      expect(Number(f1!.estimate)).toBe(findings.find(({ finding }) => finding === 'Effusion')!.f1!.estimate);
    }
    for (const { dataset, first, second, mean } of result.comparisons) {
      const [row] = find({ dataset, kind: 'difference', name: first, comparedWith: second, finding: '' });
      expect([row!.estimate, row!.p, row!.pAdjusted, row!.pGreater].map(Number)).toEqual([
        mean.difference!.estimate,
        mean.p,
        mean.pAdjusted,
        mean.pGreater,
      ]);
    }
    expect(find({ kind: 'shortcut', finding: '' })).toHaveLength(10);
  });

  it('leaves the cells of what is not estimable empty and says why', () => {
    const rows = read(comparisonCsv(result)).filter((row) => row.finding === 'Hernia' && row.kind === 'model');
    expect(rows).toHaveLength(6 * (1 + OPERATING_METRICS.length));
    for (const row of rows) {
      expect([row.estimate, row.low, row.high]).toEqual(['', '', '']);
      expect(row.note).toBe('no positive in the test split');
    }
  });

  it('leaves out metrics that an older result does not have', () => {
    const older = structuredClone(result);
    for (const item of older.cells.flatMap(({ findings }) => findings)) {
      delete item.balancedAccuracy;
      delete item.mcc;
    }
    expect(markdownReport(result)).toContain('| MCC |');
    expect(markdownReport(older)).not.toContain('MCC');
    expect(new Set(read(comparisonCsv(older)).map(({ metric }) => metric))).not.toContain('mcc');
  });

  it('quotes what must be quoted', () => {
    const text = comparisonCsv(withHostileNames(result));
    const rows = read(text);
    expect(rows).toHaveLength(read(comparisonCsv(result)).length);
    expect(rows[0]!.dataset).toBe(`${HOSTILE} chestxray14-mini`);
    expect(text.endsWith('\r\n')).toBe(true);
  });
});

describe('matrix.csv', () => {
  const rows = rowsOf('matrix.csv');
  const { settings, comparisons } = result.matrix!;
  const of = (kind: string) => rows.filter((row) => row.kind === kind);

  it('has every model of every setting, with the values that vary', () => {
    const means = of('model').filter(({ metric }) => metric === 'meanAuroc');
    const cells = settings.flatMap(({ values, cells }) => cells.map((cell) => ({ ...cell, values })));
    expect(means.map(({ estimate }) => Number(estimate))).toEqual(cells.map(({ meanAuroc }) => meanAuroc!.estimate));
    expect(means.map(({ dataset, name }) => [dataset, name])).toEqual(
      cells.map(({ dataset, initialization }) => [dataset, initialization]),
    );
    for (const [i, { imageSize, labelFraction, tuning }] of means.entries()) {
      expect({ imageSize: Number(imageSize), labelFraction: Number(labelFraction), tuning }).toEqual(cells[i]!.values);
    }
    const findings = cells.reduce((sum, cell) => sum + cell.findings.length, 0);
    expect(of('model')).toHaveLength(cells.length + findings);
  });

  it('has every pair of initializations within a setting, and every pair of settings', () => {
    const pairs = settings.flatMap((setting) =>
      setting.comparisons.map((pair) => ({ ...pair, setting: setting.name })),
    );
    const within = of('difference').filter(({ metric }) => metric === 'meanAuroc');
    expect(within.map(({ setting, dataset, name, comparedWith }) => [setting, dataset, name, comparedWith])).toEqual(
      pairs.map(({ setting, dataset, first, second }) => [setting, dataset, first, second]),
    );
    expect(within.map(numbersOf)).toEqual(pairs.map(({ mean }) => numbersIn(mean)));
    const between = of('settings').filter(({ metric }) => metric === 'meanAuroc');
    expect(
      between.map(({ dataset, name, setting, comparedWith, factor }) => [dataset, name, setting, comparedWith, factor]),
    ).toEqual(comparisons.map((it) => [it.dataset, it.initialization, it.first, it.second, it.factor]));
    expect(between.map(numbersOf)).toEqual(comparisons.map(({ mean }) => numbersIn(mean)));
  });
});

describe('external.csv', () => {
  const rows = rowsOf('external.csv');
  const { externalValidation, externalComparisons } = result;

  it('has every model on every data set, mean and findings, and every pair', () => {
    const means = rows.filter(({ kind, metric }) => kind === 'model' && metric === 'meanAuroc');
    expect(means.map(({ trainedOn, testedOn, name }) => [trainedOn, testedOn, name])).toEqual(
      externalValidation!.map((it) => [it.trainedOn, it.testedOn, it.initialization]),
    );
    expect(means.map(({ estimate, leftOut }) => [Number(estimate), leftOut])).toEqual(
      externalValidation!.map(({ meanAuroc }) => [meanAuroc!.estimate, '0']),
    );
    expect(means[1]!.note).toBe(`over ${externalValidation![1]!.meanOver.join('|')}`);
    const pairs = rows.filter(({ kind }) => kind === 'difference');
    expect(
      pairs.map(({ trainedOn, testedOn, name, comparedWith }) => [trainedOn, testedOn, name, comparedWith]),
    ).toEqual(externalComparisons!.map((it) => [it.trainedOn, it.testedOn, it.first, it.second]));
    expect(pairs.map(numbersOf)).toEqual(externalComparisons!.map(({ mean }) => numbersIn(mean)));
  });

  it('says why a model has no mean, and what is not known', () => {
    const copy = structuredClone(result);
    copy.externalValidation = copy.externalValidation!.slice(0, 1);
    Object.assign(copy.externalValidation[0]!, {
      meanAuroc: null,
      meanOver: [],
      findings: [],
      reason: 'no finding in common',
      note: 'ids are not published',
      leftOut: 12,
    });
    expect(rowsOf('external.csv', copy)[0]).toMatchObject({
      estimate: '',
      note: 'no finding in common; ids are not published',
      leftOut: '12',
    });
  });
});
