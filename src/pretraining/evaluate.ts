/** What a teacher's features are worth in the middle of its training, and raw pixels beside them. Runs in the training thread. */
import type { Split } from '../datasets/index.js';
import { type Neighbors, nearestNeighbors } from '../evaluation/index.js';
import { featureVectors } from '../features/index.js';
import { toThreeChannels, toUnit } from '../imaging/index.js';
import type { VisionTransformer } from '../models/index.js';
import { noGrad, scope, type Tensor, toFloat32Array } from '../torch/index.js';
import type { Batch, TaskContext } from '../training/index.js';
import { type Labels, rowsOf, type SplitFeatures, scoreLinear, scoreNeighbors } from './labels.js';

export interface Evaluation {
  /** Neighbours that vote. */
  k: number;
  /** Whether a linear probe is fitted too. */
  linear: boolean;
  /** Of the images of the feed `evaluation`: those of train, then of validate, then of test. */
  labels: Labels;
}

/** Of the test split, 0 to 1: accuracy for classes, mean AUROC for findings. */
export interface Scores {
  knn: number;
  linear?: number;
}

type Place = Pick<TaskContext, 'device' | 'throwIfStopped'>;

/**
 * Of class tokens in float32. `nearest`: training pictures of each test picture. Throws where the features are not finite, and
 * Interrupted soon after the run is asked to stop.
 */
export async function evaluateTeacher(
  teacher: VisionTransformer,
  batches: AsyncIterable<Batch>,
  { k, linear, labels }: Evaluation,
  { device, throwIfStopped }: Place,
): Promise<{ scores: Scores; nearest: Neighbors }> {
  const features = await splitFeatures(batches, labels, ({ images, shape }) =>
    featureVectors(teacher, toThreeChannels(toUnit(images, shape, device)), 'class'),
  );
  const { dimensions, train, test } = features;
  const nearest = nearestNeighbors({ dimensions, train, queries: test, ks: [k], onWork: throwIfStopped });
  const knn = scoreNeighbors(labels, nearest);
  const scores = linear ? { knn, linear: scoreLinear(labels, features, throwIfStopped) } : { knn };
  return { scores, nearest };
}

/** Raw pixels are averaged to at most so many in height and in width. */
const PIXELS = 32;

/**
 * What the pixels themselves are worth, without any network: averaged to 32 x 32 per channel, less the mean of the training pictures,
 * compared as class tokens are.
 */
export async function evaluatePixels(
  batches: AsyncIterable<Batch>,
  { k, labels }: Evaluation,
  { throwIfStopped }: Pick<Place, 'throwIfStopped'>,
): Promise<Scores> {
  const { dimensions, train, test } = await splitFeatures(batches, labels, ({ images, shape }) => {
    const side = Math.min(PIXELS, shape[2]);
    return toUnit(images, shape).adaptiveAvgPool2d([side, side]).flatten(1);
  });
  center(train, test, dimensions);
  const nearest = nearestNeighbors({ dimensions, train, queries: test, ks: [k], onWork: throwIfStopped });
  return { knn: scoreNeighbors(labels, nearest) };
}

/** Takes the mean of the first rows from both, in place. */
function center(train: Float32Array, others: Float32Array, dimensions: number): void {
  const mean = new Float64Array(dimensions);
  for (const [i, value] of train.entries()) mean[i % dimensions]! += value;
  for (const part of [train, others]) {
    for (const [i, value] of part.entries()) {
      part[i] = value - mean[i % dimensions]! / (train.length / dimensions);
    }
  }
}

/** Features `[n, d]` of each split, of batches that hold one split after the other. */
async function splitFeatures(
  batches: AsyncIterable<Batch>,
  labels: Labels,
  featuresOf: (batch: Batch) => Tensor,
): Promise<SplitFeatures> {
  const parts: Float32Array[] = [];
  let dimensions = 0;
  for await (const batch of batches) {
    const vectors = scope(() => noGrad(() => toFloat32Array(featuresOf(batch))));
    dimensions = vectors.length / batch.shape[0];
    parts.push(vectors);
  }
  const features = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    features.set(part, at);
    at += part.length;
  }
  let from = 0;
  const next = (split: Split) => {
    const part = features.subarray(from, from + rowsOf(labels, split) * dimensions);
    from += part.length;
    return part;
  };
  return { dimensions, train: next('train'), validate: next('validate'), test: next('test') };
}
