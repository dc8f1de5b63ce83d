import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../base/index.js';
import { type Schedules, scaledLearningRate, schedules } from './schedules.js';

interface Stored {
  recipe: { length: number; epochs: number; warmup: number; freeze: number; temperature: number };
  values: Record<keyof Schedules, number[]>;
}
const path = join(import.meta.dirname, 'fixtures', 'schedules.json');
const stored = readJson<{ schedules: Record<string, Stored> }>(path).schedules;

describe('schedules equal the original at every step', () => {
  it.each(Object.entries(stored))('%s', (_, { recipe, values }) => {
    const ours = schedules(
      {
        epochs: recipe.epochs,
        learningRate: [0.004, 1e-6],
        warmupEpochs: recipe.warmup,
        freezeLastLayerEpochs: recipe.freeze,
        weightDecay: [0.04, 0.4],
        momentum: [0.992, 1],
        teacherTemperature: [0.04, 0.07],
        teacherTemperatureEpochs: recipe.temperature,
      },
      recipe.length,
    );
    for (const [name, expected] of Object.entries(values)) {
      for (const [step, value] of expected.entries()) {
        const found = ours[name as keyof Schedules](step);
        expect(Math.abs(found - value), `${name} at step ${step}`).toBeLessThanOrEqual(1e-12);
      }
    }
  });
});

it('the learning rate grows with the root of the batch', () => {
  expect(scaledLearningRate(0.004, 1024)).toBe(0.004);
  expect(scaledLearningRate(0.004, 64)).toBeCloseTo(0.001, 12);
});
