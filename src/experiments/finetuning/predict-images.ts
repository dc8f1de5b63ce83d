/** A finished fine-tuning predicts images once more, as a part of the experiment. */
import { join } from 'node:path';
import { compiledUrl } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { ImageReader } from '../../imaging/index.js';
import { readModelCard } from '../../models/index.js';
import { type PredictionConfig, predictionFeed } from '../../training/index.js';
import type { ExperimentContext } from '../parts/context.js';
import type { Part } from '../parts/part.js';
import { writePredictions } from './predictions.js';

export interface PredictionJob {
  /** Id of the graph's node. */
  node: string;
  part: Part;
  /** For people. */
  title: string;
  /** Folder of the fine-tuning. */
  run: string;
  /** Those that it was trained on. */
  findings: readonly string[];
  images: ImageReader;
  /** Of the images, those to predict. */
  indices: Int32Array;
  /** What is written beside the predictions, in the order of `indices`; its labels are of `findings`. */
  rows: readonly Radiograph[];
}

const BATCH = 32;

/** Predicts, or finds it done. Returns the path of the `predictions.csv`. */
export async function predictImages(context: ExperimentContext, job: PredictionJob): Promise<string> {
  const { node, part, title, run, findings, images, indices, rows } = job;
  const { device, seed, finetuning } = context.config;
  const { threads } = finetuning;
  const predictions = join(part.folder, 'predictions.csv');
  await context.finish({
    node,
    part,
    demand: { threads: context.cores(threads) },
    work: async (running) => {
      const { model, precision, testFlip } = readModelCard(run);
      const weights = join(run, 'model.safetensors');
      const config: PredictionConfig = { model, weights, outputs: findings.length, precision, testFlip };
      const { result } = await context.train<Float32Array>(
        title,
        {
          taskModule: compiledUrl('../../training/prediction-task.js', import.meta.url).href,
          config,
          folder: part.folder,
          feeds: { train: predictionFeed(images, indices, BATCH) },
          epochs: 1,
          seed,
          device,
          threads,
        },
        running,
      );
      const F = findings.length;
      const written = rows.map((radiograph, row) => ({
        radiograph,
        probabilities: result.subarray(row * F, (row + 1) * F),
      }));
      writePredictions(predictions, findings, written);
      return { images: rows.length };
    },
  });
  return predictions;
}
