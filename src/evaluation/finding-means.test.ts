import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.js';
import { averagePrecision } from './average-precision.js';
import { meansOverFindings } from './finding-means.js';
import { fixture, type MetricsReference } from './fixtures/load.js';
import type { Numbers } from './scores.js';

const { findings, estimable, ...reference } = fixture<MetricsReference>('metrics').means;
const scores = Float32Array.from(reference.scores);
const metrics = { auroc: (s: Numbers, l: Numbers) => auroc(s, l).auroc, averagePrecision };

describe('meansOverFindings', () => {
  it.each([
    ['known', [0, 1, 2, 3, 4]],
    ['gaps', estimable],
  ] as const)('equals scikit-learn, labels: %s', (which, expectedFindings) => {
    const labels = Float32Array.from(reference[which].labels);
    for (const name of ['auroc', 'averagePrecision'] as const) {
      const found = meansOverFindings(metrics[name], scores, labels, findings);
      expect(found.estimable).toEqual(expectedFindings);
      for (const kind of ['macro', 'micro', 'weighted'] as const) {
        expect(Math.abs(found[kind] - reference[which][name][kind])).toBeLessThan(1e-12);
      }
    }
  });

  it('leaves out what is not estimable; without any finding it is NaN', () => {
    expect(estimable).toHaveLength(findings - 1);
    const none = meansOverFindings(metrics.auroc, Float32Array.of(0.1, 0.2), Float32Array.of(1, NaN), 1);
    expect(none).toEqual({ macro: NaN, micro: NaN, weighted: NaN, estimable: [] });
  });

  it('refuses sizes that do not fit', () => {
    const three = Float32Array.of(1, 0, 1);
    expect(() => meansOverFindings(metrics.auroc, three, three, 2)).toThrow('3 scores, 3 labels, 2 findings');
  });
});
