import { expect, it } from 'vitest';
import { Random } from '../base/index.js';
import type { Batch } from '../training/index.js';
import { type Evaluation, evaluatePixels } from './evaluate.js';

const [SIDE, POOLED, TRAIN, TEST, CLASSES] = [64, 32, 40, 20, 3];

/** Bright noise with a weak stripe per class; the brightness of a picture has nothing to do with its class. */
function pictures(): { images: Uint8Array[]; labels: Int32Array } {
  const random = Random.of(1, 'pictures');
  const labels = Int32Array.from({ length: TRAIN + 1 + TEST }, (_, i) => i % CLASSES);
  const images = Array.from(labels, (label) => {
    const bright = 100 + 100 * random.uniform();
    return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
      const stripe = Math.floor(i / SIDE) % 12 < 4 * label ? 4 : 0;
      return bright + 50 * random.uniform() + stripe;
    });
  });
  return { images, labels };
}

async function* batches(images: readonly Uint8Array[]): AsyncIterable<Batch> {
  for (let from = 0; from < images.length; from += 7) {
    const part = images.slice(from, from + 7);
    const all = new Uint8Array(Buffer.concat(part));
    yield { indices: Int32Array.from(part, (_, i) => from + i), images: all, shape: [part.length, 1, SIDE, SIDE] };
  }
}

/** Means of blocks, less their mean over the training pictures, of length 1. */
function plain(images: readonly Uint8Array[]): number[][] {
  const block = SIDE / POOLED;
  const pooled = images.map((image) =>
    Array.from({ length: POOLED ** 2 }, (_, i) => {
      const [y, x] = [Math.floor(i / POOLED) * block, (i % POOLED) * block];
      return (
        (image[y * SIDE + x]! +
          image[y * SIDE + x + 1]! +
          image[(y + 1) * SIDE + x]! +
          image[(y + 1) * SIDE + x + 1]!) /
        4
      );
    }),
  );
  const mean = pooled[0]!.map((_, d) => pooled.slice(0, TRAIN).reduce((sum, row) => sum + row[d]!, 0) / TRAIN);
  return pooled.map((row) => {
    const centred = row.map((value, d) => value - mean[d]!);
    const length = Math.hypot(...centred);
    return centred.map((value) => value / length);
  });
}

it('raw pixels are judged as centred means of 32 x 32 blocks, by cosine', async () => {
  const { images, labels } = pictures();
  const evaluation: Evaluation = {
    k: 5,
    linear: false,
    labels: {
      kind: 'classes',
      names: ['a', 'b', 'c'],
      train: labels.slice(0, TRAIN),
      validate: labels.slice(TRAIN, TRAIN + 1),
      test: labels.slice(TRAIN + 1),
    },
  };
  const rows = plain(images);
  let right = 0;
  for (let test = TRAIN + 1; test < rows.length; test++) {
    const near = rows
      .slice(0, TRAIN)
      .map((row, i) => ({
        label: labels[i]!,
        similarity: row.reduce((sum, value, d) => sum + value * rows[test]![d]!, 0),
      }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, 5);
    const votes = Array<number>(CLASSES).fill(0);
    for (const { label, similarity } of near) votes[label]! += Math.exp(similarity / 0.07);
    if (votes.indexOf(Math.max(...votes)) === labels[test]) right++;
  }
  const { knn } = await evaluatePixels(batches(images), evaluation, { throwIfStopped: () => {} });
  expect(knn).toBeCloseTo(right / TEST, 6);
  expect(knn).toBeGreaterThan(0.2);
  expect(knn).toBeLessThan(1);
});
