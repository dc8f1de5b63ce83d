/** Exponential moving averages of weights, which are tested in place of the weights themselves. */
import { type Module, noGrad } from '../torch/index.js';

/**
 * The share of the old average that stays at a step, counted from 1: at most `most`, less in the beginning, so that a short training forgets where it
 * began: min(most, 1 - step^(-2/3)), with 0 at the first step (timm's ModelEmaV3 with `use_warmup`, gamma 1, power 2/3; it reaches
 * 0.99 after 1000 steps, 0.999 after 31,600).
 */
export function averageDecay(most: number, step: number): number {
  return step <= 1 ? 0 : Math.min(most, 1 - step ** (-2 / 3));
}

/**
 * average = decay * average + (1 - decay) * model, of parameters and buffers (timm/utils/model_ema.py, ModelEmaV3.apply_update_). What does not
 * train keeps its bits; counts are copied.
 */
export function moveAverage(average: Module, model: Module, decay: number): void {
  const state = model.stateDict();
  noGrad(() => {
    for (const [name, own] of Object.entries(average.stateDict())) {
      if (own.dtype === 'int64') own.copy_(state[name]!);
      else own.lerp_(state[name]!, 1 - decay);
    }
  });
}
