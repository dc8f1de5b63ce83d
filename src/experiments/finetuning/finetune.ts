import { join } from 'node:path';
import { compiledUrl, Diverged } from '../../base/index.js';
import { writeModelCard } from '../../models/index.js';
import { type EpochRecord, type SupervisedConfig, type SupervisedResult, stepsPerEpoch } from '../../training/index.js';
import { type PreparedDataset, splitIndices, trainingWeights } from '../data/prepare.js';
import type { ExperimentContext } from '../parts/context.js';
import { trainingBytes } from '../parts/cost.js';
import { partOf, startTitle } from '../parts/part.js';
import type { Running } from '../parts/running.js';
import type { LearningRateTrial } from '../result/index.js';
import type { Start, StartWeights } from '../starts/start.js';
import { recipeOf, trainingFeed, tuningOf } from './finetuning-recipe.js';
import { writePredictions } from './predictions.js';

/** A finished fine-tuning; its folder holds `predictions.csv`, `model.safetensors` and `model.json`. */
export interface FinetuneResult {
  folder: string;
  learningRate: number;
  seed: number;
  /** Of the weights that it started from, where they were pretrained here. */
  pretrainingSeed?: number;
  /** Of a cross-validation: the one that it was tested on, from 1. */
  fold?: number;
  bestEpoch: number;
  seconds: number;
  imagesPerSecond: number;
  curve: EpochRecord[];
}

/** A fine-tuning that ended early: its loss was no finite number any more. */
export interface DivergedRun extends Pick<FinetuneResult, 'folder' | 'learningRate' | 'seed' | 'pretrainingSeed'> {
  /** In words: `a loss of NaN at step 12`. */
  diverged: string;
}

/** All runs of one data set and initialization. */
export interface CellRuns {
  dataset: PreparedDataset;
  start: Start;
  learningRate: number;
  search: LearningRateTrial[];
  /** One per pretraining seed and fine-tuning seed; those of one pretraining seed stand together. */
  runs: FinetuneResult[];
}

/** What a fine-tuning is made of. */
export interface FinetuneJob {
  /** Id of the graph's node. */
  node: string;
  dataset: PreparedDataset;
  start: StartWeights;
  seed: number;
  learningRate: number;
  /** Whether another learning rate may be taken: a divergence is then kept as the result. */
  isCandidate: boolean;
}

/** Fine-tunes, predicts and writes it all down, or finds it done. Throws Diverged for what is no candidate. */
export async function finetune(
  context: ExperimentContext,
  { node, dataset, start, seed, learningRate, isCandidate }: FinetuneJob,
): Promise<FinetuneResult | DivergedRun> {
  const { finetuning, precision, device, preprocessing } = context.config;
  const { weights, key, pretrainingSeed, network: model } = start;
  const { augmentation, loss, sampling, threads } = finetuning;
  const [recipe, tuning] = [recipeOf(finetuning, learningRate), tuningOf(finetuning)];
  const title = startTitle(context.config, start.name, pretrainingSeed);
  const name = `${dataset.name} ${title} lr ${learningRate} seed ${seed}`;
  const inputs = { model, recipe, tuning, loss, sampling, augmentation, threads, seed, precision, device };
  const part = partOf(context.folder, name, { ...inputs, data: dataset.fingerprint, start: key });
  const feed = (split: 'validate' | 'test') => ({
    store: dataset.store,
    indices: splitIndices(dataset, split),
    batchSize: recipe.batchSize,
  });
  const feeds = { train: trainingFeed(dataset, finetuning), validate: feed('validate'), test: feed('test') };
  const config: SupervisedConfig = {
    model,
    weights,
    target: { labels: dataset.labels, posWeight: trainingWeights(dataset), loss },
    recipe,
    tuning,
    augmentation,
    precision,
    seed,
    predict: ['validate', 'test'],
  };
  const train = async (running: Running): Promise<Stored> => {
    const { result, seconds } = await context.train<SupervisedResult>(
      name,
      {
        taskModule: compiledUrl('../../training/supervised-task.js', import.meta.url).href,
        config,
        folder: part.folder,
        feeds,
        epochs: recipe.epochs,
        seed,
        device,
        threads,
      },
      running,
    );
    const F = dataset.findings.length;
    const rows = (['validate', 'test'] as const).flatMap((split) =>
      Array.from(feeds[split].indices, (index, row) => ({
        radiograph: dataset.radiographs[index]!,
        probabilities: result.predictions[split]!.subarray(row * F, (row + 1) * F),
      })),
    );
    writePredictions(join(part.folder, 'predictions.csv'), dataset.findings, rows);
    const { testFlip } = recipe;
    writeModelCard(part.folder, { model, findings: dataset.findings, preprocessing, precision, testFlip });
    const { bestEpoch, curve } = result;
    const images = curve.length * stepsPerEpoch(feeds.train) * feeds.train.batchSize;
    return { learningRate, seed, bestEpoch, seconds, imagesPerSecond: images / seconds, curve };
  };
  const demand = context.demand(node, threads, () => trainingBytes(model, tuning, recipe.batchSize));
  const tryIt = async (running: Running): Promise<Stored> => {
    try {
      return await train(running);
    } catch (error) {
      if (!isCandidate || !(error instanceof Diverged)) throw error;
      context.progress.print(`${name}: ${error.at}; another learning rate is taken`);
      return { learningRate, seed, diverged: error.at };
    }
  };
  const stored = await context.finish({ node, part, demand, work: tryIt });
  // It was a candidate in an earlier form of the experiment.
  if ('diverged' in stored && !isCandidate)
    throw new Diverged(`${part.folder}: found ${stored.diverged}`, stored.diverged);
  return { ...stored, pretrainingSeed, folder: part.folder };
}

type Stored = Omit<FinetuneResult, 'folder' | 'pretrainingSeed'> | Omit<DivergedRun, 'folder' | 'pretrainingSeed'>;
