/** What a teacher's features are worth in the middle of its training. Runs in the training thread. */
import type { Split } from '../datasets/index.js';
import { accuracy, nearestNeighbors, probeClasses, probedClasses, voteForClasses } from '../evaluation/index.js';
import { featureVectors } from '../features/index.js';
import { toThreeChannels, toUnit } from '../imaging/index.js';
import type { VisionTransformer } from '../models/index.js';
import { noGrad, scope, type Tensor, toFloat32Array } from '../torch/index.js';
import type { Batch } from '../training/index.js';

export interface Evaluation {
  /** Epochs from one evaluation to the next; the last epoch always has one. */
  every: number;
  /** Neighbours that vote. */
  k: number;
  /** Whether a linear probe is fitted too. */
  linear: boolean;
  classes: readonly string[];
  /** Of the images of the feed `evaluation`: those of train, then of validate, then of test. */
  labels: Record<Split, Int32Array>;
}

export interface Scores {
  /** Accuracies on the test split, 0 to 1. */
  knn: number;
  linear?: number;
}

/** The nearest training pictures of each test picture. */
export interface Nearest {
  /** `[tests, count]`, places in the training split, the nearest first. */
  rows: Int32Array;
  count: number;
}

/** Of class tokens in float32. Throws where the features are not finite. */
export async function evaluateTeacher(
  teacher: VisionTransformer,
  batches: AsyncIterable<Batch>,
  { k, linear, classes, labels }: Evaluation,
  device: string,
): Promise<{ scores: Scores; nearest: Nearest }> {
  const { dimensions, train, validate, test } = await splitFeatures(batches, labels, ({ images, shape }) =>
    featureVectors(teacher, toThreeChannels(toUnit(images, shape, device)), 'class'),
  );
  const nearest = nearestNeighbors({ dimensions, train, queries: test, ks: [k] });
  const [votes] = voteForClasses(nearest, labels.train, classes.length);
  const knn = accuracy(votes!, labels.test, classes.length);
  if (!linear) return { scores: { knn }, nearest };
  const probe = probeClasses({
    dimensions,
    classes: classes.length,
    train: { features: train, labels: labels.train },
    validation: { features: validate, labels: labels.validate },
  });
  const probed = accuracy(probedClasses(probe, test, dimensions), labels.test, classes.length);
  return { scores: { knn, linear: probed }, nearest };
}

/** Raw pixels are averaged to at most so many in height and in width. */
const PIXELS = 32;

/**
 * What the pixels themselves are worth, without any network: averaged to 32 x 32 per channel, less the mean of the training pictures,
 * compared as class tokens are.
 */
export async function evaluatePixels(
  batches: AsyncIterable<Batch>,
  { k, classes, labels }: Evaluation,
): Promise<Scores> {
  const { dimensions, train, test } = await splitFeatures(batches, labels, ({ images, shape }) => {
    const side = Math.min(PIXELS, shape[2]);
    return toUnit(images, shape).adaptiveAvgPool2d([side, side]).flatten(1);
  });
  center(train, test, dimensions);
  const nearest = nearestNeighbors({ dimensions, train, queries: test, ks: [k] });
  const [votes] = voteForClasses(nearest, labels.train, classes.length);
  return { knn: accuracy(votes!, labels.test, classes.length) };
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
  labels: Evaluation['labels'],
  featuresOf: (batch: Batch) => Tensor,
): Promise<Record<Split, Float32Array> & { dimensions: number }> {
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
    const part = features.subarray(from, from + labels[split].length * dimensions);
    from += part.length;
    return part;
  };
  return { dimensions, train: next('train'), validate: next('validate'), test: next('test') };
}
