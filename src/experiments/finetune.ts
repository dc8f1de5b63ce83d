import { join } from 'node:path';
import { compiledUrl } from '../base/index.js';
import { writeModelCard } from '../models/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../training/index.js';
import type { ExperimentContext } from './context.js';
import { finishPart, openPart, startTitle } from './part.js';
import { writePredictions } from './predictions.js';
import { type PreparedDataset, splitIndices, trainingWeights } from './prepare.js';
import type { Start, StartVariant } from './start.js';

/** A finished fine-tuning; its folder holds `predictions.csv`, `model.safetensors` and `model.json`. */
export interface FinetuneResult {
  folder: string;
  learningRate: number;
  seed: number;
  /** Of the weights that it started from, where they were pretrained here. */
  pretrainingSeed?: number;
  bestEpoch: number;
  seconds: number;
  imagesPerSecond: number;
  curve: EpochRecord[];
}

/** All runs of one data set and initialization. */
export interface CellRuns {
  dataset: PreparedDataset;
  start: Start;
  learningRate: number;
  search: { learningRate: number; validationAuroc: number | null }[];
  /** One per pretraining seed and fine-tuning seed; those of one pretraining seed stand together. */
  runs: FinetuneResult[];
}

/**
 * Fine-tunes one initialization on one data set: every learning rate with the first pretraining seed and the first
 * fine-tuning seed, the best of them by validation AUROC with every other pair of seeds. Parts run side by side as cores
 * are free.
 */
export async function finetuneCell(
  context: ExperimentContext,
  dataset: PreparedDataset,
  start: Start,
): Promise<CellRuns> {
  const { seeds, learningRate } = context.config.finetuning;
  const candidates = Array.isArray(learningRate) ? learningRate : [learningRate];
  const [first, ...others] = start.variants.flatMap((variant) => seeds.map((seed) => ({ variant, seed })));
  const trials = await context.all(
    candidates.map((learningRate) => finetune(context, dataset, start, { ...first!, learningRate })),
  );
  const quality = (run: FinetuneResult) => run.curve[run.bestEpoch - 1]?.quality.auroc ?? null;
  const best = trials.reduce((a, b) => ((quality(b) ?? -1) > (quality(a) ?? -1) ? b : a));
  const more = await context.all(
    others.map((run) => finetune(context, dataset, start, { ...run, learningRate: best.learningRate })),
  );
  const search = trials.map((run) => ({ learningRate: run.learningRate, validationAuroc: quality(run) }));
  return {
    dataset,
    start,
    learningRate: best.learningRate,
    search: candidates.length > 1 ? search : [],
    runs: [best, ...more],
  };
}

async function finetune(
  context: ExperimentContext,
  dataset: PreparedDataset,
  start: Start,
  { variant, seed, learningRate }: { variant: StartVariant; seed: number; learningRate: number },
): Promise<FinetuneResult> {
  const { finetuning, precision, device, preprocessing } = context.config;
  const { weights, key, pretrainingSeed } = variant;
  const { seeds: _, learningRate: __, augmentation, dropPath: ___, threads, ...settings } = finetuning;
  const { layerDecay, freeze, lora, ...rest } = settings;
  const recipe = { ...rest, learningRate };
  const tuning = { layerDecay, freeze, lora };
  const title = startTitle(context.config, start.summary.name, pretrainingSeed);
  const name = `${dataset.name} ${title} lr ${learningRate} seed ${seed}`;
  const model = start.network;
  const inputs = { model, recipe, tuning, augmentation, threads, seed, precision, device };
  const part = openPart(context.folder, name, { ...inputs, data: dataset.fingerprint, start: key });
  const feed = (split: 'train' | 'validate' | 'test') => ({
    store: dataset.store,
    indices: splitIndices(dataset, split),
    batchSize: recipe.batchSize,
  });
  const feeds = { train: feed('train'), validate: feed('validate'), test: feed('test') };
  const config: SupervisedConfig = {
    model,
    weights,
    target: { labels: dataset.labels, posWeight: trainingWeights(dataset) },
    recipe,
    tuning,
    augmentation,
    precision,
    seed,
    predict: ['validate', 'test'],
  };
  const stored = await finishPart(part, async () => {
    const { result, seconds } = await context.train<SupervisedResult>(name, {
      taskModule: compiledUrl('../training/supervised-task.js', import.meta.url).href,
      config,
      folder: part.folder,
      feeds,
      epochs: recipe.epochs,
      seed,
      device,
      threads,
    });
    const F = dataset.findings.length;
    const rows = (['validate', 'test'] as const).flatMap((split) =>
      Array.from(feeds[split].indices, (index, row) => ({
        radiograph: dataset.radiographs[index]!,
        probabilities: result.predictions[split]!.subarray(row * F, (row + 1) * F),
      })),
    );
    writePredictions(join(part.folder, 'predictions.csv'), dataset.findings, rows);
    writeModelCard(part.folder, { model, findings: dataset.findings, preprocessing, precision });
    const images = recipe.epochs * stepsPerEpoch(feeds.train) * recipe.batchSize;
    const { bestEpoch, curve } = result;
    return { learningRate, seed, bestEpoch, seconds, imagesPerSecond: images / seconds, curve };
  });
  return { ...stored, pretrainingSeed, folder: part.folder };
}
