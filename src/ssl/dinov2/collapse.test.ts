import { describe, expect, it } from 'vitest';
import { eye, full, scope, zeros } from '../../torch/index.js';
import { assignmentStatistics } from './assignments.js';
import { CollapseWatch } from './collapse.js';

describe('statistics of assignments', () => {
  it('of samples that go to a prototype each: sharp, spread, informative', () => {
    scope(() => {
      const statistics = assignmentStatistics(eye(8));
      expect(statistics.assignmentEntropy).toBeCloseTo(0, 6);
      expect(statistics.prototypeEntropy).toBeCloseTo(1, 6);
      expect(statistics.assignmentInformation).toBeCloseTo(Math.log(8), 5);
      expect(statistics.prototypesUsed).toBe(1);
    });
  });

  it('of samples that all go to one prototype, and to all alike: no information', () => {
    scope(() => {
      const one = zeros([6, 8]);
      one.select(1, 3).fill_(1);
      const [single, uniform] = [assignmentStatistics(one), assignmentStatistics(full([6, 8], 1 / 8, 'float32'))];
      expect([single.assignmentEntropy, single.prototypeEntropy, single.prototypesUsed]).toEqual([0, 0, 1 / 6]);
      expect(uniform.assignmentEntropy).toBeCloseTo(1, 6);
      expect(uniform.prototypeEntropy).toBeCloseTo(1, 6);
      for (const { assignmentInformation } of [single, uniform]) expect(assignmentInformation).toBeCloseTo(0, 6);
    });
  });
});

describe('the watch', () => {
  const healthy = { featureSpread: 0.5, assignmentInformation: 2 };
  const watched = (metrics: Record<string, number>, steps: number, watch = new CollapseWatch()) => {
    for (let step = 0; step < steps; step++) watch.see(metrics, step, 1000);
    return watch;
  };

  it.each([
    [
      { ...healthy, featureSpread: 0.001 },
      /at step 101, and for 101 steps on end, the teacher's features .* alike .*0\.001/,
    ],
    [
      { ...healthy, assignmentInformation: 0 },
      /step 101, .* say nothing of the image .*expected .* Lower learningRate/,
    ],
  ])('stops where nothing is told apart for a tenth of all steps: %o', (metrics, message) => {
    expect(() => watched(metrics, 101)).toThrow(message);
  });

  it('lets a flat start pass, and counts anew after it', () => {
    const watch = watched({ ...healthy, featureSpread: 0.001 }, 100);
    watched(healthy, 1, watch);
    expect(() => watched({ ...healthy, featureSpread: 0.001 }, 100, watch)).not.toThrow();
    expect(watch.memory).toEqual({ alike: 100, mute: 0 });
  });

  it('goes on from what it remembers', () => {
    const second = new CollapseWatch();
    second.memory = JSON.parse(JSON.stringify(watched({ ...healthy, assignmentInformation: 0 }, 100).memory));
    expect(() => watched({ ...healthy, assignmentInformation: 0 }, 1, second)).toThrow('collapsed');
  });
});
