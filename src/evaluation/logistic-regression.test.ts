import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { fixture } from './fixtures/load.js';
import { LogisticRegression } from './logistic-regression.js';

interface LogisticCase {
  name: string;
  dimensions: number;
  features: number[];
  labels: number[];
  c: number;
  coefficients: number[];
  intercept: number;
  probabilities: number[];
}

describe('LogisticRegression', () => {
  it.each(fixture<LogisticCase[]>('logistic-regression'))('equals scikit-learn: $name', (reference) => {
    const features = Float32Array.from(reference.features);
    const regression = new LogisticRegression(features, reference.dimensions);
    const fit = regression.fit(Float32Array.from(reference.labels), { c: reference.c });
    expect(fit.converged).toBe(true);
    expect(Math.abs(fit.intercept - reference.intercept)).toBeLessThan(1e-5);
    for (const [j, expected] of reference.coefficients.entries()) {
      expect(Math.abs(fit.coefficients[j]! - expected)).toBeLessThan(1e-5);
    }
    for (const [row, p] of regression.predict(fit, features).entries()) {
      expect(Math.abs(p - reference.probabilities[row]!)).toBeLessThan(1e-5);
    }
  });

  it('leaves out rows with unknown label', () => {
    const { dimensions, features, labels } = fixture<LogisticCase[]>('logistic-regression')[0]!;
    const regression = new LogisticRegression(Float32Array.from(features), dimensions);
    const known = regression.fit(Float32Array.from(labels));
    const twice = new LogisticRegression(Float32Array.from([...features, ...features]), dimensions);
    const unknown = twice.fit(Float32Array.from([...labels, ...labels.map(() => NaN)]));
    for (const [j, expected] of known.coefficients.entries()) expect(unknown.coefficients[j]).toBeCloseTo(expected, 6);
  });

  it('fits several columns of labels to the bits of each alone', () => {
    const random = new Random(3);
    const [rows, dimensions] = [300, 5];
    const features = Float32Array.from({ length: rows * dimensions }, () => random.normal());
    const columns = [0.5, 0.02, 0.2, 0.9, 0.3, 0.5].map((prevalence, k) =>
      Float32Array.from({ length: rows }, (_, row) => {
        if (k === 2 && row % 3 === 0) return NaN;
        return random.uniform() < prevalence + k * 0.05 * features[row * dimensions + (k % dimensions)]! ? 1 : 0;
      }),
    );
    const regression = new LogisticRegression(features, dimensions);
    const together = regression.fitAll(columns, { c: 2 });
    expect(together).toEqual(columns.map((column) => regression.fit(column, { c: 2 })));
    expect(new Set(together.map(({ iterations }) => iterations)).size).toBeGreaterThan(1);
    expect(together.every(({ converged }) => converged)).toBe(true);
  });

  it('refuses one class, other lengths and values that are not finite', () => {
    const regression = new LogisticRegression(Float32Array.of(1, 2, 3), 1);
    expect(() => regression.fit(Float32Array.of(0, 0, NaN))).toThrow(
      'logistic regression: found 0 positives and 2 negatives; expected at least one of each.',
    );
    expect(() => regression.fit(Float32Array.of(0, 1))).toThrow('2 labels for 3 rows');
    expect(() => new LogisticRegression(Float32Array.of(1, 2, 3), 2)).toThrow('3 features for 2 columns');
    expect(() => new LogisticRegression(Float32Array.of(1, NaN), 1)).toThrow('column 0 has values that are not finite');
  });
});
