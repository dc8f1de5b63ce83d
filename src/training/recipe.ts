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

/** Quality of an epoch on the validation split: the lowest loss, or the highest mean AUROC. */
export const SELECTIONS = ['loss', 'auroc'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** What a supervised training may do besides. Left out, each is the study's choice: 1, 0, null, 'loss', null, false. */
export interface SupervisedRecipe extends Recipe {
  /**
   * How many batches of `batchSize` images make one step, at the memory of one. The feed gives them together: augmentation, mixup and the mean over
   * known labels are those of a batch so many times as large, and the gradients are too, but for batch normalization.
   */
  accumulate?: number;
  /** Alpha of mixup's Beta(alpha, alpha); 0 for none. */
  mixup?: number;
  /** Largest decay of the averaged weights that are validated, tested and saved; null for the weights themselves. */
  ema?: number | null;
  /** Which epoch's weights are kept. */
  select?: Selection;
  /** Epochs in a row without a better one after which the training ends; null for never. */
  patience?: number | null;
  /** Whether validation and test take the mean logit of an image and its mirror image. */
  testFlip?: boolean;
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
