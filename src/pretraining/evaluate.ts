/** What a teacher's features are worth in the middle of its training. Runs in the training thread. */
import { SPLITS, type Split } from '../datasets/index.js';
import { accuracy, nearestNeighbors, probeClasses, probedClasses, voteForClasses } from '../evaluation/index.js';
import { featureVectors } from '../features/index.js';
import { toThreeChannels, toUnit } from '../imaging/index.js';
import type { VisionTransformer } from '../models/index.js';
import { noGrad, scope, toFloat32Array } from '../torch/index.js';
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
  const { dim } = teacher;
  const rows = SPLITS.reduce((sum, split) => sum + labels[split].length, 0);
  const features = new Float32Array(rows * dim);
  let done = 0;
  for await (const { images, shape } of batches) {
    const vectors = scope(() =>
      noGrad(() => toFloat32Array(featureVectors(teacher, toThreeChannels(toUnit(images, shape, device)), 'class'))),
    );
    features.set(vectors, done);
    done += vectors.length;
  }
  const { train, validate, test } = divide(features, dim, labels);
  const nearest = nearestNeighbors({ dimensions: dim, train, queries: test, ks: [k] });
  const [votes] = voteForClasses(nearest, labels.train, classes.length);
  const knn = accuracy(votes!, labels.test, classes.length);
  if (!linear) return { scores: { knn }, nearest };
  const probe = probeClasses({
    dimensions: dim,
    classes: classes.length,
    train: { features: train, labels: labels.train },
    validation: { features: validate, labels: labels.validate },
  });
  const probed = accuracy(probedClasses(probe, test, dim), labels.test, classes.length);
  return { scores: { knn, linear: probed }, nearest };
}

function divide(features: Float32Array, dim: number, labels: Evaluation['labels']): Record<Split, Float32Array> {
  let from = 0;
  const parts = SPLITS.map((split) => {
    const part = features.subarray(from, from + labels[split].length * dim);
    from += part.length;
    return [split, part] as const;
  });
  return Object.fromEntries(parts) as Record<Split, Float32Array>;
}
