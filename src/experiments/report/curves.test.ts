import { describe, expect, it } from 'vitest';
import type { Run } from '../result/index.js';
import { learningFigures, meanOfRuns } from './curves.js';
import { exampleResult } from './fixtures/result.js';
import { thinned } from './grids.js';

function run(losses: number[]): Run {
  const [first] = exampleResult().cells[0]!.runs;
  const curve = losses.map((validationLoss, i) => ({
    epoch: i + 1,
    trainLoss: 1,
    validationLoss,
    validationAuroc: null,
  }));
  return { ...first!, curve };
}

describe('meanOfRuns', () => {
  it('ends where the first seed stops', () => {
    expect(meanOfRuns([run([1, 2, 3]), run([3, 4])], 'validationLoss')).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  it('has no points where a quantity was not estimable', () => {
    expect(meanOfRuns([run([1, 2])], 'validationAuroc')).toEqual([]);
    expect(meanOfRuns([], 'validationLoss')).toEqual([]);
  });
});

describe('learningFigures', () => {
  it.each([1, 2, 3, 5, 8])('has every tick at a whole epoch of %d, once', (epochs) => {
    const result = exampleResult();
    for (const cell of result.cells) cell.runs = [run(Array.from({ length: epochs }, (_, i) => i))];
    const [{ panels }] = learningFigures(result) as [ReturnType<typeof learningFigures>[0]];
    const ticks = [...panels[0]!.svg.matchAll(/y="0.71em">(\d+)</g)].map(([, text]) => Number(text));
    expect(ticks.length).toBeGreaterThan(0);
    expect(new Set(ticks).size).toBe(ticks.length);
    if (epochs <= 7) expect(ticks).toEqual(Array.from({ length: epochs }, (_, i) => i + 1));
  });
});

describe('thinned', () => {
  it('keeps the ends and every step, and drops what lies within a pixel', () => {
    const points = Array.from({ length: 10_001 }, (_, i): [number, number] => [i / 10_000, i < 10 ? 0 : 1]);
    const kept = thinned(points);
    expect(kept.length).toBeLessThan(250);
    expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
    expect(kept).toContainEqual([10 / 10_000, 1]);
    for (const [x] of points) expect(kept.some(([near]) => Math.abs(near - x) <= 0.006)).toBe(true);
  });
});
