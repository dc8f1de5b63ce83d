import type { Preprocessing, RadiographAugmentation } from '../../imaging/index.js';
import type { InputStatistics } from '../../models/index.js';
import { inputStatistics } from './network.js';
import type { ExperimentConfig } from './schema.js';

/** How radiographs reach the model of an experiment. */
export interface NetworkInput {
  preprocessing: Preprocessing;
  /** Of fine-tuning. */
  augmentation: RadiographAugmentation;
  /** What the model subtracts and divides by, per channel; null: values stay 0..1. */
  statistics: InputStatistics | null;
}

export function networkInput({ preprocessing, model, finetuning }: ExperimentConfig): NetworkInput {
  return {
    preprocessing: { ...preprocessing, size: model.imageSize, channels: 1 },
    augmentation: finetuning.augmentation,
    statistics: inputStatistics(model.input) ?? null,
  };
}
