import { toThreeChannels, toUnit } from '../imaging/index.js';
import type { Classifier } from '../models/index.js';
import { autocast, noGrad, type Precision, scope, type Tensor, toFloat32Array } from '../torch/index.js';
import type { Objective } from './objective.js';
import type { Batch } from './task.js';

/** What a prediction is computed with. */
export interface PredictOptions {
  device: string;
  precision: Precision;
  /** Whether each logit is the mean of those of the image and of its mirror image. Off unless said. */
  testFlip?: boolean;
}

/**
 * Logits `[B, F]` of a batch, float32, without augmentation. With `testFlip` logits are averaged, not probabilities, so that loss and
 * probability come from one number (as timm's `tta`).
 */
export function predictLogits(
  model: Classifier,
  { images, shape }: Pick<Batch, 'images' | 'shape'>,
  { device, precision, testFlip = false }: PredictOptions,
): Tensor {
  return scope(() => {
    const x = toThreeChannels(toUnit(images, shape, device));
    const logits = (input: Tensor) => autocast(device, precision, () => model.forward(input)).to('float32');
    return testFlip
      ? logits(x)
          .add(logits(x.flip(3)))
          .mul(0.5)
      : logits(x);
  });
}

/** What a model gives for a feed, in its order. */
export interface FeedPredictions {
  indices: Int32Array;
  /** `[N * F]`. */
  probabilities: Float32Array;
  /** Mean over the images. */
  loss: number;
}

/** Predicts all images of a feed; puts the model into evaluation mode. */
export async function predictFeed(
  model: Classifier,
  feed: AsyncIterable<Batch>,
  objective: Objective,
  options: PredictOptions,
): Promise<FeedPredictions> {
  model.eval();
  const parts: Float32Array[] = [];
  const indices: number[] = [];
  let lossSum = 0;
  for await (const batch of feed) {
    const part = scope(() =>
      noGrad(() => {
        const logits = predictLogits(model, batch, options);
        lossSum += objective.loss(logits, { indices: batch.indices }).item() * batch.indices.length;
        return toFloat32Array(objective.probabilities(logits));
      }),
    );
    parts.push(part);
    indices.push(...batch.indices);
  }
  return { indices: Int32Array.from(indices), probabilities: concatenated(parts), loss: lossSum / indices.length };
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
