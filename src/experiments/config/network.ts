import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { inputError } from '../../base/index.js';
import { createBackbone, INPUT_STATISTICS, type InputStatistics, type ModelConfig } from '../../models/index.js';
import { withoutInitialization } from '../../torch/index.js';
import { checkTuning } from '../../training/index.js';
import type { ExperimentConfig, InputChoice } from './schema.js';

/** The network of an experiment's own starts: random ones, and those that it pretrains itself. */
export function ownNetwork({ model }: ExperimentConfig): ModelConfig {
  return { architecture: 'vit', ...model, input: inputStatistics(model.input) ?? null } as ModelConfig;
}

/** A network as it is fine-tuned. */
export const fineTuned = (network: ModelConfig, { finetuning }: ExperimentConfig): ModelConfig => ({
  ...network,
  dropPath: finetuning.dropPath,
});

/** Throws an InputError where the numbers of a network do not fit each other, or the fine-tuning does not fit it. */
export function requireNetwork(network: ModelConfig, { finetuning }: ExperimentConfig): void {
  const backbone = withoutInitialization(() => createBackbone(network));
  try {
    checkTuning(backbone, finetuning);
  } finally {
    backbone.free();
  }
}

/** Where weights are: beside the data, or else by a name that is published. */
export function weightsPath(dataRoot: string, file: string): string {
  const beside = resolve(dataRoot, file);
  return existsSync(beside) ? beside : file;
}

/** What a choice stands for: statistics, null for none, or undefined where it is left to the weights. */
export function inputStatistics(choice: InputChoice | undefined): InputStatistics | null | undefined {
  if (choice === undefined || choice === 'weights') return undefined;
  return typeof choice === 'string' ? INPUT_STATISTICS[choice] : choice;
}

/**
 * What the weights of `name` get as input: what the experiment says, else what they were trained with. Throws an
 * InputError where neither is known.
 */
export function weightsInput(
  name: string,
  choices: readonly (InputChoice | undefined)[],
  published: InputStatistics | null | undefined,
): InputStatistics | null {
  const chosen = choices.map(inputStatistics).find((statistics) => statistics !== undefined);
  const input = chosen === undefined ? published : chosen;
  if (input !== undefined) return input;
  throw inputError({
    what: `${name}: input`,
    found: 'weights that do not tell what their input was normalized with',
    expected: 'none (values 0..1, as the study), imagenet, half, or mean and std',
    fix: 'Say it as "input" of this initialization; the place that published the weights knows.',
  });
}
