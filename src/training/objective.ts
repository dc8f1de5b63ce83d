import { auroc, findingColumn } from '../evaluation/index.js';
import { fromArray, full, noGrad, scope, type Tensor, where, zeros } from '../torch/index.js';
import { type MultiLabelLoss, STUDY_LOSS, summedLoss } from './losses.js';
import type { Metrics } from './task.js';

/** Rows of a batch. */
export interface Examples {
  /** Numbers of the images, `[B]`. */
  indices: Int32Array;
  /** What each is mixed with: other images' numbers `[B]`; `share` is the part of the image itself. */
  mixed?: { indices: Int32Array; share: number };
}

/** What a supervised training learns from its labels. */
export interface Objective {
  readonly outputs: number;
  /** How many labels a mean loss is taken over. */
  count(examples: Examples): number;
  /**
   * Mean loss, a scalar: the sum of the examples' losses divided by `count`. `logits` `[B, F]`. Parts of a batch, each with the count of
   * all, have losses and gradients that add up to those of the batch.
   */
  loss(logits: Tensor, examples: Examples, count?: number): Tensor;
  /** Logits to probabilities. */
  probabilities(logits: Tensor): Tensor;
  /** Quality of probabilities `[N * F]` for the images, fractions 0..1. */
  quality(probabilities: Float32Array, indices: Int32Array): Metrics;
}

/**
 * Several findings at once. `labels` `[images * F]` hold 1, 0, and NaN for unknown, which takes no part, nor does what is mixed with it.
 * `posWeight` `[F]`: negatives / positives of the training rows.
 */
export function multiLabel(
  labels: Float32Array,
  posWeight: Float32Array,
  device: string,
  loss: MultiLabelLoss = STUDY_LOSS,
): Objective {
  const outputs = posWeight.length;
  const weights = fromArray(posWeight, [outputs], device).keep();
  const rows = (indices: Int32Array) => {
    const target = new Float32Array(indices.length * outputs);
    indices.forEach((image, row) => {
      target.set(labels.subarray(image * outputs, (image + 1) * outputs), row * outputs);
    });
    return target;
  };
  const targets = ({ indices, mixed }: Examples) => {
    const own = rows(indices);
    if (!mixed) return own;
    const others = rows(mixed.indices);
    return own.map((label, i) => mixed.share * label + (1 - mixed.share) * others[i]!);
  };
  const knownOf = (values: Float32Array) =>
    values.reduce((count, label) => (Number.isNaN(label) ? count : count + 1), 0);
  return {
    outputs,
    count: (examples) => knownOf(targets(examples)),
    loss: (logits, examples, count) =>
      scope(() => {
        const values = targets(examples);
        const target = fromArray(values, [examples.indices.length, outputs], device);
        const known = noGrad(() => target.eq(target)); // false where NaN
        const filled = noGrad(() => where(known, target, zeros([1], 'float32', device)));
        const sum = summedLoss(loss, logits.to('float32'), filled, known.to('float32'), weights);
        return sum.div(full([], Math.max(1, count ?? knownOf(values)), 'float32', device));
      }),
    probabilities: (logits) => logits.sigmoid(),
    quality: (probabilities, indices) => {
      const target = rows(indices);
      const scores = Array.from({ length: outputs }, (_, f) => {
        return auroc(findingColumn(probabilities, outputs, f), findingColumn(target, outputs, f)).auroc;
      }).filter((value) => !Number.isNaN(value));
      const quality: Metrics = {};
      if (scores.length > 0) quality.auroc = scores.reduce((sum, value) => sum + value, 0) / scores.length;
      return quality;
    },
  };
}

/** One of several classes: cross-entropy. `classes` `[images]` hold the class numbers. */
export function singleLabel(classes: Int32Array, outputs: number, device: string): Objective {
  const crossEntropy = (logits: Tensor, indices: Int32Array) => {
    const target = BigInt64Array.from(indices, (image) => BigInt(classes[image]!));
    return logits.crossEntropyLoss(fromArray(target, undefined, device));
  };
  return {
    outputs,
    count: ({ indices }) => indices.length,
    loss: (logits, { indices, mixed }, count = indices.length) =>
      scope(() => {
        const values = logits.to('float32');
        const own = crossEntropy(values, indices);
        const loss = mixed ? own.mul(mixed.share).add(crossEntropy(values, mixed.indices).mul(1 - mixed.share)) : own;
        return count === indices.length ? loss : loss.mul(indices.length / count);
      }),
    probabilities: (logits) => logits.softmax(-1),
    quality: (probabilities, indices) => {
      let right = 0;
      indices.forEach((image, row) => {
        const scores = probabilities.subarray(row * outputs, (row + 1) * outputs);
        if (scores.indexOf(Math.max(...scores)) === classes[image]) right++;
      });
      return { accuracy: right / indices.length };
    },
  };
}
