import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/reference.js';
import { readJson } from '../../base/index.js';
import { liveTensors } from '../../torch/index.js';
import { nearestNeighbors, scoreFindings, voteForClasses } from './nearest-neighbors.js';

const reference = readJson<{
  dimensions: number;
  classes: number;
  ks: number[];
  train: number[];
  queries: number[];
  labels: number[];
  /** Per k `[m, classes]`. */
  votes: number[][];
}>(join(import.meta.dirname, 'fixtures/neighbors.json'));
const { dimensions, classes, ks } = reference;
const train = Float32Array.from(reference.train);
const queries = Float32Array.from(reference.queries);

describe('nearest neighbours', () => {
  it("vote as DINOv2's module does", () => {
    const before = liveTensors();
    const neighbors = nearestNeighbors({ dimensions, train, queries, ks });
    expect(liveTensors()).toBe(before);
    const votes = voteForClasses(neighbors, Int32Array.from(reference.labels), classes);
    for (const [i, expected] of reference.votes.entries()) {
      expect(relativeError(votes[i]!, Float32Array.from(expected))).toBeLessThan(1e-5);
    }
  });

  it('score findings by the known labels of neighbours, each by its weight', () => {
    const neighbors = {
      ks: [1, 3],
      count: 3,
      rows: Int32Array.of(2, 0, 1),
      weights: Float32Array.of(0.5, 0.3, 0.2),
    };
    const labels = Float32Array.of(1, 0, NaN, NaN, NaN, NaN, 0, 1, NaN); // [3, 3]
    const [first, all] = scoreFindings(neighbors, labels, 3);
    expect([...first!]).toEqual([0, 1, NaN]);
    expect(all![0]).toBeCloseTo(0.3 / 0.8, 6);
    expect(all![1]).toBeCloseTo(0.5 / 0.8, 6);
    const [unknown] = scoreFindings({ ...neighbors, ks: [1], rows: Int32Array.of(1, 0, 2) }, labels, 3);
    expect(unknown![0]).toBeCloseTo(0.5, 6); // one of the two known ones is positive
  });

  it('are the same in one block or in many', () => {
    const wide = Float32Array.from({ length: 3000 * 4 }, (_, i) => Math.sin(i * i));
    const few = nearestNeighbors({ dimensions: 4, train: wide, queries: wide.subarray(0, 40), ks: [2] });
    const many = nearestNeighbors({ dimensions: 4, train: wide, queries: wide, ks: [2] });
    expect([...many.rows.subarray(0, 20)]).toEqual([...few.rows]);
    for (let row = 0; row < 3000; row++) expect(many.rows[2 * row]).toBe(row);
  });

  it('refuse more neighbours than there are rows', () => {
    expect(() => nearestNeighbors({ dimensions, train, queries, ks: [10, 100] })).toThrow(
      'k: found 100; expected 1 to 60, the number of training rows.',
    );
  });
});
