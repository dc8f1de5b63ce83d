import { afterEach, expect, it } from 'vitest';
import type { ModelConfig } from '../models/index.js';
import { setThreads } from '../torch/index.js';
import { BATCHES, NETWORKS, position, STEPS, supervised, TinyTraining } from './fixtures/tiny-training.js';

setThreads(1);
const training = new TinyTraining();
afterEach(() => training.clear());

/** The losses of a few steps. */
function losses(model: ModelConfig, precision: 'fp32' | 'bf16'): number[] {
  const task = training.task(supervised(model, { precision }));
  return Array.from({ length: 4 }, (_, step) => task.step(BATCHES[step % STEPS]!, position(step)).loss!);
}

it.each(Object.entries(NETWORKS))('%s trains in bfloat16 as in float32, but for rounding', (_, model) => {
  const [half, full] = [losses(model, 'bf16'), losses(model, 'fp32')];
  expect(half).not.toEqual(full);
  for (const [step, loss] of half.entries()) expect(Math.abs(loss - full[step]!)).toBeLessThan(0.03);
});
