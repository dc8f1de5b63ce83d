/** What a supervised training may do beside the study's recipe: that it does it, and that a kill costs nothing. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../test/reference.js';
import { Classifier, createBackbone } from '../models/index.js';
import { readSafetensors, scope, setThreads, toBytes, toFloat32Array } from '../torch/index.js';
import { BATCHES, NETWORKS, position, SIDE, supervised, TinyTraining } from './fixtures/tiny-training.js';
import { predictLogits } from './predict.js';
import type { SupervisedRecipe } from './recipe.js';
import type { SupervisedConfig } from './supervised-task.js';
import type { Batch } from './task.js';

setThreads(1);
const training = new TinyTraining();
afterEach(() => training.clear());

/** Two findings, of which some images have one known and some none. */
const LABELS = Float32Array.from({ length: 2 * 24 }, (_, i) =>
  i % 5 < 2 || i < 5 ? Number.NaN : Math.floor(i / 2) % 2,
);
const target = { labels: LABELS, posWeight: Float32Array.of(1, 3) };

const changed = (recipe: Partial<SupervisedRecipe>, change: Partial<SupervisedConfig> = {}): SupervisedConfig => {
  const base = supervised(NETWORKS.vit, { target, ...change });
  return { ...base, recipe: { ...base.recipe, ...recipe } };
};

const everything = changed(
  { batchSize: 3, accumulate: 2, mixup: 0.8, ema: 0.9, select: 'auroc', patience: 1, testFlip: true, epochs: 3 },
  {
    target: { ...target, loss: { type: 'focal', gamma: 2, alpha: 0.25 } },
    tuning: { layerDecay: 0.7, freeze: 1, lora: { rank: 2, alpha: 4, targets: ['qkv'] } },
  },
);

it('a killed training with every recipe goes on to the same bits', async () => {
  const undisturbed = await training.train(everything);
  const files = training.written();
  training.clear();
  for (const death of [2, 3]) await expect(training.train(everything, death)).rejects.toThrow('died');
  expect(await training.train(everything)).toEqual(undisturbed);
  expect(training.written()).toEqual(files);
});

describe('accumulation', () => {
  /** Loss and gradients (the first moment after one step) of one batch of six. */
  function firstStep(recipe: Partial<SupervisedRecipe>) {
    const task = training.task(changed({ clip: null, warmup: 0, ...recipe }));
    const { loss } = task.step(BATCHES[1]!, position(0));
    const moments = Object.entries(task.state()).filter(([name]) => name.startsWith('optimizer.exp_avg.'));
    return { loss: loss!, gradients: Float32Array.from(moments.flatMap(([, it]) => [...toFloat32Array(it)])) };
  }

  it.each([
    [{ batchSize: 3, accumulate: 2 }, {}],
    [{ batchSize: 1, accumulate: 6 }, {}],
    [{ batchSize: 4, accumulate: 2 }, { mixup: 0.8 }],
  ])('%j gives the loss and the gradients of the whole batch, %j', (parts, more) => {
    const whole = firstStep(more);
    const sum = firstStep({ ...parts, ...more });
    expect(whole.gradients.some((value) => value !== 0)).toBe(true);
    expect(Math.abs(sum.loss / whole.loss - 1)).toBeLessThan(1e-6);
    expect(relativeError(sum.gradients, whole.gradients)).toBeLessThan(1e-6);
  });
});

it('averaged weights are what is tested and saved, and the mirror image counts as much as the image', async () => {
  const { predictions } = await training.train(changed({ ema: 0.9, testFlip: true, epochs: 1 }));
  const checkpoint = training.checkpoint();
  const path = join(training.folder, 'model.safetensors');
  const model = new Classifier(createBackbone(NETWORKS.vit), 2);
  scope(() => {
    const { tensors } = readSafetensors(path);
    for (const [name, tensor] of Object.entries(tensors)) {
      expect(Buffer.compare(toBytes(tensor), checkpoint[`task.average.${name}`]!), name).toBe(0);
    }
    expect(Buffer.compare(toBytes(tensors['head.weight']!), checkpoint['task.model.head.weight']!)).not.toBe(0);
    model.loadStateDict(tensors, path);
    const logits = (batch: Batch) =>
      toFloat32Array(predictLogits(model.eval(), batch, { device: 'cpu', precision: 'fp32' }));
    const expected = BATCHES.flatMap((batch) => {
      const other = logits(mirrored(batch));
      return [...logits(batch)].map((logit, i) => 1 / (1 + Math.exp(-(logit + other[i]!) / 2)));
    });
    expect(relativeError(predictions.test!, Float32Array.from(expected))).toBeLessThan(1e-6);
  });
  model.free();
});

/** The same images, read from right to left. */
const mirrored = (batch: Batch): Batch => ({
  ...batch,
  images: batch.images.map((_, at) => batch.images[at - (at % SIDE) + SIDE - 1 - (at % SIDE)]!),
});

describe('the end of a training', () => {
  it.each([
    [1, 2],
    [2, 3],
    [null, 4],
  ])('comes after a patience of %s epochs without a better one', async (patience, epochs) => {
    const recipe = { learningRate: 1e-30, patience, epochs: 4 };
    const { curve, bestEpoch } = await training.train(changed(recipe, { augmentation: { flip: 0, rotation: 0 } }));
    expect({ epochs: curve.length, bestEpoch }).toEqual({ epochs, bestEpoch: 1 });
  });

  it.each(['loss', 'auroc'] as const)('leaves the weights of the best epoch by %s', async (select) => {
    const { curve, bestEpoch } = await training.train(changed({ select, learningRate: 0.02, epochs: 4 }));
    const values = curve.map(({ validationLoss, quality }) => (select === 'loss' ? -validationLoss : quality.auroc!));
    expect(bestEpoch).toBe(values.indexOf(Math.max(...values)) + 1);
    expect(curve).toHaveLength(4);
  });

  it('is an error where no AUROC can be estimated to select by', async () => {
    const labels = new Float32Array(24).fill(1);
    const config = changed({ select: 'auroc' }, { target: { labels, posWeight: Float32Array.of(1) } });
    await expect(training.train(config)).rejects.toThrow(
      /select: auroc: found no finding with positives and negatives/,
    );
  });
});
