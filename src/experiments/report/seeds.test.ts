import { describe, expect, it } from 'vitest';
import type { ExperimentResult, Run } from '../result/index.js';
import { pretrainingFigure } from './curves.js';
import { PRETRAINING_SEEDS, withPretrainingSeeds } from './fixtures/pretraining-seeds.js';
import { exampleResult } from './fixtures/result.js';
import { htmlReport, markdownReport } from './index.js';
import { methods } from './methods.js';
import { pretrainingTable, trainingTable } from './run-tables.js';
import { byPretraining, seedTable, spreadOf } from './seeds.js';

const one = exampleResult();
const several = withPretrainingSeeds(one);
const [template] = one.cells[0]!.runs;
const runs = (aurocs: number[][], pretrained = true): Run[] =>
  aurocs.flatMap((own, p) =>
    own.map((testMeanAuroc, seed) => ({
      ...template!,
      seed,
      testMeanAuroc,
      ...(pretrained && { pretrainingSeed: p }),
    })),
  );

describe('spreadOf', () => {
  it('tells the deviation between pretrainings from that between the seeds of one', () => {
    // Means 0.71, 0.80, 0.74; variances within 0.0002, 0.0008, 0.0002.
    const { pretraining, finetuning } = spreadOf(
      runs([
        [0.7, 0.72],
        [0.78, 0.82],
        [0.73, 0.75],
      ]),
    );
    expect(pretraining).toBeCloseTo(Math.sqrt((0.04 ** 2 + 0.05 ** 2 + 0.01 ** 2) / 2), 12);
    expect(finetuning).toBeCloseTo(0.02, 12);
  });

  it.each<[string, number[][], boolean, object]>([
    [
      'one fine-tuning seed',
      [[0.7], [0.8]],
      true,
      { pretraining: expect.closeTo(0.1 / Math.SQRT2, 12), finetuning: null },
    ],
    ['one pretraining', [[0.7, 0.8]], true, { pretraining: null, finetuning: expect.closeTo(0.1 / Math.SQRT2, 12) }],
    ['no pretraining', [[0.7, 0.8]], false, { pretraining: null, finetuning: expect.closeTo(0.1 / Math.SQRT2, 12) }],
    ['one run', [[0.7]], true, { pretraining: null, finetuning: null }],
  ])('is null where there are no two to compare: %s', (_, aurocs, pretrained, expected) => {
    expect(spreadOf(runs(aurocs, pretrained))).toEqual(expected);
  });
});

const rowsOf = (table: { groups: { rows: { text: string; range?: string }[][] }[] }) =>
  table.groups.flatMap(({ rows }) => rows);

describe('a report of several pretraining seeds', () => {
  it('shows both deviations per cell, and a dash where a start was not pretrained', () => {
    const rows = rowsOf(seedTable(several)).map((row) => row.map(({ text }) => text));
    expect(rows.map(([name, pretrainings, finetunings]) => [name, pretrainings, finetunings]).slice(0, 3)).toEqual([
      ['random', '–', '3'],
      ['ssl-natural', '3', '3'],
      ['supervised-natural', '3', '3'],
    ]);
    for (const [i, { runs }] of several.cells.entries()) {
      const { pretraining, finetuning } = spreadOf(runs);
      expect(rows[i]!.slice(3, 5)).toEqual([pretraining?.toFixed(4) ?? '–', finetuning!.toFixed(4)]);
    }
  });

  it('has the runs in a row per pretraining seed and a column per fine-tuning seed', () => {
    const { columns } = trainingTable(several);
    const at = columns.findIndex(({ text }) => text === 'Seed 0');
    const rows = rowsOf(trainingTable(several));
    const expected = several.cells.flatMap(({ initialization, runs }) =>
      byPretraining(runs).map((own) => [
        initialization,
        `${own[0]!.pretrainingSeed ?? '–'}`,
        ...own.map(({ testMeanAuroc }) => testMeanAuroc!.toFixed(3)),
      ]),
    );
    expect(rows.map((row) => [row[0]!.text, row[1]!.text, ...row.slice(at, at + 3).map(({ text }) => text)])).toEqual(
      expected,
    );
    expect(trainingTable(one).columns.map(({ text }) => text)).not.toContain('Pretraining seed');
  });

  it('sums pretrainings up as mean, lowest and highest', () => {
    const [, supervised] = rowsOf(pretrainingTable(several));
    const values = several.initializations[2]!.pretrainings!.map(({ metric }) => metric!.value);
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(supervised![2]!.text).toBe(PRETRAINING_SEEDS.join(', '));
    expect(supervised!.at(-1)).toEqual({
      text: `accuracy on held-out natural images: ${mean.toFixed(3)}`,
      range: `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`,
    });
    expect(rowsOf(pretrainingTable(one))[1]!.at(-1)!.range).toBeUndefined();
  });

  it.each<[string, ExperimentResult, RegExp[]]>([
    [
      'several',
      several,
      [
        /once with each of the seeds 1, 2 and 3/,
        /fine-tuned with 3 seeds .* from each of its pretrainings.* with the first pretraining seed and the first fine-tuning seed\./,
        /with each model's pretraining seeds and, within each one drawn, its fine-tuning seeds redrawn as well/,
      ],
    ],
    [
      'one',
      one,
      [
        /images seen[);]/,
        /trained with 3 seeds \(0, 1, 2\)\. .* with the first seed\./,
        /with the training seeds redrawn as well/,
      ],
    ],
  ])('says in the methods how seeds were used: %s', (_, result, sentences) => {
    for (const [i, sentence] of sentences.entries()) expect(methods(result)[i]).toMatch(sentence);
  });

  it('draws a loss per seed, and no NaN anywhere', () => {
    expect(htmlReport(several)).not.toMatch(/NaN|undefined|Infinity|\u26a0/);
    expect(markdownReport(several)).not.toMatch(/NaN|undefined/);
    const [ssl] = pretrainingFigure(several).panels;
    expect(ssl!.svg.match(/stroke-width="1.2"/g)).toHaveLength(3);
  });
});
