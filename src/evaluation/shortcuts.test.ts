import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.js';
import { fixture } from './fixtures/load.js';
import { findingColumn } from './scores.js';
import { type ShortcutOptions, shortcutAurocs } from './shortcuts.js';

interface ShortcutCase {
  dimensions: number;
  findings: number;
  train: number[];
  test: number[];
  trainLabels: number[];
  testLabels: number[];
  aurocs: number[];
}

const reference = fixture<ShortcutCase>('shortcuts');
const set = {
  name: 'age and sex',
  train: Float32Array.from(reference.train),
  test: Float32Array.from(reference.test),
  dimensions: reference.dimensions,
};
const options: ShortcutOptions = {
  features: [set],
  trainLabels: Float32Array.from(reference.trainLabels),
  testLabels: Float32Array.from(reference.testLabels),
  findings: reference.findings,
  redraws: 50,
  seed: 1,
};

describe('shortcutAurocs', () => {
  it("equals scikit-learn's imputer with indicator, scaler and regression", () => {
    const [result] = shortcutAurocs(options);
    expect(result).toMatchObject({ name: 'age and sex', columns: 3 });
    for (const [f, expected] of reference.aurocs.entries()) {
      expect(Math.abs(result!.findings[f]!.auroc.estimate - expected)).toBeLessThan(1e-12);
      expect(result!.findings[f]).toMatchObject({ estimable: true, converged: true });
    }
    const mean = (reference.aurocs[0]! + reference.aurocs[1]!) / 2;
    expect(result!.meanAuroc.estimate).toBeCloseTo(mean, 12);
  });

  it('says why a finding with one class in training is not estimable, and leaves it out of the mean', () => {
    const [result] = shortcutAurocs(options);
    const finding = result!.findings[2]!;
    expect(finding).toMatchObject({
      estimable: false,
      reason: '0 positives and 160 negatives among the training rows',
    });
    expect(finding.test.positives).toBeGreaterThan(0);
    expect(finding.auroc.estimate).toBeNaN();
    expect(findingColumn(result!.probabilities, 3, 2).every(Number.isNaN)).toBe(true);
  });

  it('says why a finding with one class in test is not estimable', () => {
    const testLabels = options.testLabels.map((label, i) => (i % 3 === 0 ? 0 : label));
    const [result] = shortcutAurocs({ ...options, testLabels });
    expect(result!.findings[0]).toMatchObject({ reason: '0 positives and 120 negatives among the test rows' });
    expect(result!.meanAuroc.estimate).toBeCloseTo(reference.aurocs[1]!, 12);
  });

  it('says nothing where the feature is unknown in every training row', () => {
    const unknown = { ...set, name: 'unknown', train: set.train.map(() => NaN) };
    const [result] = shortcutAurocs({ ...options, features: [unknown] });
    expect(result!.columns).toBe(2);
    expect(result!.findings[0]!.auroc.estimate).toBe(0.5);
  });

  it('gives the probabilities that it tested', () => {
    const [result] = shortcutAurocs(options);
    const column = findingColumn(result!.probabilities, 3, 0);
    const { auroc: expected } = auroc(column, findingColumn(options.testLabels, 3, 0));
    expect(result!.findings[0]!.auroc.estimate).toBe(expected);
  });

  it('refuses infinite features and a wrong number of test rows', () => {
    const infinite = { ...set, train: set.train.map((value, i) => (i === 3 ? Infinity : value)) };
    expect(() => shortcutAurocs({ ...options, features: [infinite] })).toThrow(
      'shortcut age and sex, row 1, column 1: found Infinity; expected a number, or NaN (unknown).',
    );
    const short = { ...set, test: set.test.slice(2) };
    expect(() => shortcutAurocs({ ...options, features: [short] })).toThrow('shortcut age and sex: 119 test rows');
  });
});
