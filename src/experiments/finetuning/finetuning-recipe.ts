import { inputError } from '../../base/index.js';
import { type Feed, type SupervisedRecipe, samplingWeights, type Tuning } from '../../training/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import type { FinetuningSettings } from '../config/recipe-schema.js';
import { tablesWithLabels } from '../data/label-fraction.js';
import { type PreparedDataset, requireOneBatch, splitIndices, trainingWeights } from '../data/prepare.js';

/** A fine-tuning as the training takes it: what the experiment's settings say, at one of its learning rates. */
export function recipeOf(settings: FinetuningSettings, learningRate: number): SupervisedRecipe {
  const { epochs, batchSize, accumulate, schedule, warmup, weightDecay, beta2, clip } = settings;
  const { mixup, ema, select, patience, testFlip } = settings;
  const optimization = { epochs, batchSize, accumulate, learningRate, schedule, warmup, weightDecay, beta2, clip };
  return { ...optimization, mixup, ema, select, patience, testFlip };
}

export const tuningOf = ({ layerDecay, freeze, lora }: FinetuningSettings): Tuning => ({ layerDecay, freeze, lora });

/** Images of one optimizer step. */
export const imagesPerStep = ({ batchSize, accumulate }: FinetuningSettings): number => batchSize * accumulate;

/** The training radiographs, in batches of one optimizer step, as often as the sampling shows them. */
export function trainingFeed(dataset: PreparedDataset, settings: FinetuningSettings): Feed {
  const F = dataset.findings.length;
  const indices = splitIndices(dataset, 'train');
  const labels = new Float32Array(indices.length * F);
  for (const [row, i] of indices.entries()) labels.set(dataset.labels.subarray(i * F, (i + 1) * F), row * F);
  const weights = samplingWeights(labels, F, settings.sampling);
  return { store: dataset.store, indices, batchSize: imagesPerStep(settings), weights };
}

/**
 * Throws an InputError where the radiographs whose labels are used do not fill one step or lack a finding's positives or negatives, or
 * where the validation split gives no AUROC that an epoch could be selected by.
 */
export function requireTrainable(dataset: DatasetTables, settings: FinetuningSettings): void {
  const { name, findings, labels } = dataset;
  const { seeds, labelFraction } = settings;
  const field = settings.accumulate === 1 ? 'finetuning.batchSize' : 'finetuning.batchSize x accumulate';
  for (const seed of labelFraction === 1 ? seeds.slice(0, 1) : seeds) {
    const used = tablesWithLabels(dataset, labelFraction, seed);
    const of = labelFraction === 1 ? name : `${name} with ${100 * labelFraction} % of the labels`;
    requireOneBatch(field, imagesPerStep(settings), splitIndices(used, 'train').length, of);
    trainingWeights({ ...used, name: of });
  }
  if (settings.select !== 'auroc') return;
  const validation = splitIndices(dataset, 'validate');
  const has = (f: number, label: number) => validation.some((i) => labels[i * findings.length + f] === label);
  if (findings.some((_, f) => has(f, 1) && has(f, 0))) return;
  throw inputError({
    what: `${name}: finetuning.select: auroc`,
    found: 'no finding with positives and negatives in the validation split',
    expected: 'at least one',
    fix: 'Enlarge validationFraction, or select by the loss.',
  });
}
