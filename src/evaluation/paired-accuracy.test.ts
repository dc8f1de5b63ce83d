import { expect, it } from 'vitest';
import { pairedBootstrap } from './bootstrap.js';
import { pairedAccuracy } from './paired-accuracy.js';

const right = (name: string, wrong: (i: number) => boolean) => ({
  name,
  right: Uint8Array.from({ length: 100 }, (_, i) => (wrong(i) ? 0 : 1)),
});
const models = [
  right('good', (i) => i % 10 === 0),
  right('bad', (i) => i % 2 === 0),
  right('good too', (i) => i % 10 === 0),
];

it('gives accuracies with intervals, and differences of pairs of models', () => {
  const { models: estimates, comparisons, units } = pairedAccuracy({ models, seed: 1 });
  expect(units).toBe(100);
  const [good, bad] = estimates.map(({ accuracy }) => accuracy);
  expect([good!.estimate, bad!.estimate]).toEqual([0.9, 0.5]);
  // A share of n rows has the standard error sqrt(p (1 - p) / n).
  expect(good!.sd).toBeGreaterThan(0.8 * 0.03);
  expect(good!.sd).toBeLessThan(1.2 * 0.03);
  const between = (a: string, b: string) => comparisons.find((it) => it.first === a && it.second === b)!.accuracy;
  expect(between('good', 'bad')).toMatchObject({ pGreater: 1 / 1001 });
  expect(between('good', 'bad').estimate).toBeCloseTo(0.4, 12);
  expect(between('good', 'good too')).toMatchObject({ estimate: 0, low: 0, high: 0, pTwoSided: 1 });
});

it('redraws whole groups, as the bootstrap of AUROC does', () => {
  const groups = Int32Array.from({ length: 100 }, (_, i) => Math.floor(i / 10));
  const labels = Float32Array.from({ length: 100 }, (_, i) => i % 2);
  const scores = [{ name: 'x', seeds: [labels] }];
  const { units } = pairedAccuracy({ models, groups, seed: 1 });
  expect(units).toBe(pairedBootstrap({ labels, findings: 1, models: scores, groups, seed: 1 }).units);
  // Each group has the same share of hits, so that only rounding is left to vary.
  expect(pairedAccuracy({ models, groups, seed: 1 }).models[0]!.accuracy.sd).toBeLessThan(1e-12);
});

it('refuses rows that differ', () => {
  expect(() => pairedAccuracy({ models: [models[0]!, { name: 'x', right: new Uint8Array(3) }], seed: 1 })).toThrow(
    'rows differ',
  );
});
