import {
  AdamW,
  clipGradNorm,
  constant,
  type Optimizer,
  type ParameterGroup,
  type Schedule,
  warmupCosine,
} from '../torch/index.js';

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

/** AdamW with the recipe's settings; the learning rate is given at each step. */
export function recipeOptimizer(groups: ParameterGroup[], { learningRate, weightDecay, beta2 }: Recipe): AdamW {
  return new AdamW(groups, { learningRate, weightDecay, betas: [0.9, beta2] });
}

/** One step from the gradients that stand there, clipped together; then they are dropped. */
export function optimizerStep(optimizer: Optimizer, learningRate: number, clip: number | null): void {
  if (clip !== null) clipGradNorm(optimizer.parameters(), clip);
  optimizer.learningRate = learningRate;
  optimizer.step();
  optimizer.zeroGrad();
}
