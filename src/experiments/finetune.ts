import { join } from 'node:path';
import { compiledUrl } from '../base/index.js';
import { writeModelCard } from '../models/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../training/index.js';
import type { ExperimentContext } from './context.js';
import { finishPart, openPart } from './part.js';
import { writePredictions } from './predictions.js';
import { type PreparedDataset, splitIndices, trainingWeights } from './prepare.js';
import type { Start } from './start.js';

/** A finished fine-tuning; its folder holds `predictions.csv`, `model.safetensors` and `model.json`. */
export interface FinetuneResult {
  folder: string;
  learningRate: number;
  seed: number;
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
  runs: FinetuneResult[];
}

/**
 * Fine-tunes one initialization on one data set: every learning rate with the first seed, the best of them by
 * validation AUROC with the other seeds. Parts run side by side as cores are free.
 */
export async function finetuneCell(
  context: ExperimentContext,
  dataset: PreparedDataset,
  start: Start,
): Promise<CellRuns> {
  const { seeds, learningRate } = context.config.finetuning;
  const candidates = Array.isArray(learningRate) ? learningRate : [learningRate];
  const [firstSeed, ...otherSeeds] = seeds as [number, ...number[]];
  const trials = await context.all(candidates.map((rate) => finetune(context, dataset, start, rate, firstSeed)));
  const quality = (run: FinetuneResult) => run.curve[run.bestEpoch - 1]?.quality.auroc ?? null;
  const best = trials.reduce((a, b) => ((quality(b) ?? -1) > (quality(a) ?? -1) ? b : a));
  const others = await context.all(
    otherSeeds.map((seed) => finetune(context, dataset, start, best.learningRate, seed)),
  );
  const search = trials.map((run) => ({ learningRate: run.learningRate, validationAuroc: quality(run) }));
  return {
    dataset,
    start,
    learningRate: best.learningRate,
    search: candidates.length > 1 ? search : [],
    runs: [best, ...others],
  };
}

async function finetune(
  context: ExperimentContext,
  dataset: PreparedDataset,
  start: Start,
  learningRate: number,
  seed: number,
): Promise<FinetuneResult> {
  const { finetuning, precision, device, preprocessing } = context.config;
  const { seeds: _, learningRate: __, augmentation, dropPath: ___, threads, ...settings } = finetuning;
  const { layerDecay, freeze, lora, ...rest } = settings;
  const recipe = { ...rest, learningRate };
  const tuning = { layerDecay, freeze, lora };
  const name = `${dataset.name} ${start.summary.name} lr ${learningRate} seed ${seed}`;
  const model = start.network;
  const inputs = { model, recipe, tuning, augmentation, threads, seed, precision, device };
  const part = openPart(context.folder, name, { ...inputs, data: dataset.fingerprint, start: start.key });
  const feed = (split: 'train' | 'validate' | 'test') => ({
    store: dataset.store,
    indices: splitIndices(dataset, split),
    batchSize: recipe.batchSize,
  });
  const feeds = { train: feed('train'), validate: feed('validate'), test: feed('test') };
  const config: SupervisedConfig = {
    model,
    weights: start.weights,
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
  return { ...stored, folder: part.folder };
}
