import { expect, it } from 'vitest';
import { type Cell, type ExperimentResult, type Interval, LUNG_FREE, LUNG_ONLY } from '../result/index.js';
import { shortcutTable } from './comparison-tables.js';
import { bestShortcut, findingsReached } from './select.js';

const interval = (estimate: number): Interval =>
  ({ estimate, low: estimate - 0.05, high: estimate + 0.05, mean: estimate, undefinedRedraws: 0 }) as Interval;
const finding = 'Effusion';

/** A model of AUROC 0.8; both predictors of the lungs reach more. */
const cell = {
  dataset: 'set',
  initialization: 'random',
  meanAuroc: interval(0.8),
  meanOver: [finding],
  findings: [{ finding, auroc: interval(0.8) }],
} as unknown as Cell;
const shortcut = (predictor: string, estimate: number) => ({
  dataset: 'set',
  predictor,
  columns: 256,
  findings: [{ finding, auroc: interval(estimate) }],
  meanAuroc: interval(estimate),
  meanOver: [finding],
});
const result = (...shortcuts: object[]) =>
  ({ cells: [cell], datasets: [{ name: 'set' }, { name: 'other' }], shortcuts }) as unknown as ExperimentResult;

it('a predictor that sees the lungs alone is no shortcut; one that sees all but them is', () => {
  const only = result(shortcut(LUNG_ONLY, 0.9));
  expect(bestShortcut(only, cell)).toBeUndefined();
  expect(findingsReached(only, cell)).toEqual([]);
  const both = result(shortcut(LUNG_ONLY, 0.9), shortcut(LUNG_FREE, 0.82));
  expect(bestShortcut(both, cell)!.predictor).toBe(LUNG_FREE);
  expect(findingsReached(both, cell)).toEqual([finding]);
});

it('the table has both, marks the second alone, and says once why a data set has none', () => {
  const reason = 'the experiment names no masks of the lungs';
  const none = [LUNG_FREE, LUNG_ONLY].map((predictor) => {
    return { dataset: 'other', predictor, columns: 0, findings: [], meanAuroc: null, meanOver: [], reason };
  });
  const { columns, groups, notes } = shortcutTable(
    result(shortcut(LUNG_FREE, 0.82), shortcut(LUNG_ONLY, 0.9), ...none),
  );
  expect(columns.map(({ text }) => text)).toEqual(['Finding', LUNG_FREE, LUNG_ONLY, 'Best model']);
  expect(groups[0]!.rows[0]!.map(({ text }) => text)).toEqual(['Mean', '0.820 \u2020', '0.900', '0.800']);
  expect(notes!.at(-1)).toBe(`other: ${LUNG_FREE}, ${LUNG_ONLY}: ${reason}.`);
  const withoutMasks = shortcutTable(result(...none));
  expect(withoutMasks.columns.map(({ text }) => text)).toEqual(['Finding', 'Best model']);
});
