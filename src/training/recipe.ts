import { constant, type Schedule, warmupCosine } from '../torch/index.js';

/** How a supervised training optimizes. */
export interface Recipe {
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** 'constant' is the study's. */
  schedule: 'constant' | 'cosine';
  /** Share of all steps with a linearly growing learning rate. */
  warmup: number;
  weightDecay: number;
  /** AdamW's decay of the squared gradients: 0.999, or 0.95 where there are only hundreds of steps. */
  beta2: number;
  /** Largest norm of all gradients together; null for no clipping. */
  clip: number | null;
}

/** The learning rate at each step. */
export function learningRateSchedule(recipe: Recipe, totalSteps: number): Schedule {
  const { learningRate, schedule, warmup } = recipe;
  if (schedule === 'constant' && warmup === 0) return constant(learningRate);
  const warmSteps = Math.round(warmup * totalSteps);
  if (schedule === 'cosine') {
    const start = learningRate / Math.max(1, warmSteps);
    return warmupCosine({ peak: learningRate, end: 0, total: totalSteps, warmup: warmSteps, start });
  }
  return (step) => learningRate * Math.min(1, (step + 1) / warmSteps);
}
