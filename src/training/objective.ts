import { auroc, findingColumn } from '../evaluation/index.js';
import { fromArray, noGrad, scope, type Tensor, where, zeros } from '../torch/index.js';
import type { Metrics } from './task.js';

/** What a supervised training learns from its labels. */
export interface Objective {
  readonly outputs: number;
  /** Mean loss of a batch, a scalar. `logits` `[B, F]`; `indices` number the images. */
  loss(logits: Tensor, indices: Int32Array): Tensor;
  /** Logits to probabilities. */
  probabilities(logits: Tensor): Tensor;
  /** Quality of probabilities `[N * F]` for the images, fractions 0..1. */
  quality(probabilities: Float32Array, indices: Int32Array): Metrics;
}

/**
 * Several findings at once: binary cross-entropy with `posWeight` `[F]` (negatives / positives of the training rows).
 * `labels` `[images * F]` hold 1, 0, and NaN for unknown, which takes no part.
 */
export function multiLabel(labels: Float32Array, posWeight: Float32Array, device: string): Objective {
  const outputs = posWeight.length;
  const weights = fromArray(posWeight, [outputs], device).keep();
  const rows = (indices: Int32Array) => {
    const target = new Float32Array(indices.length * outputs);
    indices.forEach((image, row) => {
      target.set(labels.subarray(image * outputs, (image + 1) * outputs), row * outputs);
    });
    return target;
  };
  return {
    outputs,
    loss: (logits, indices) =>
      scope(() => {
        const target = fromArray(rows(indices), [indices.length, outputs], device);
        const known = noGrad(() => target.eq(target)); // false where NaN
        const filled = noGrad(() => where(known, target, zeros([1], 'float32', device)));
        const weight = known.to('float32');
        const count = noGrad(() => weight.sum().clamp(1));
        const sum = logits.to('float32').binaryCrossEntropyWithLogits(filled, weight, weights, 2);
        return sum.div(count);
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
  return {
    outputs,
    loss: (logits, indices) =>
      scope(() => {
        const target = fromArray(
          BigInt64Array.from(indices, (image) => BigInt(classes[image]!)),
          undefined,
          device,
        );
        return logits.to('float32').crossEntropyLoss(target);
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
