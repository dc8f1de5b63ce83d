/** A convolutional network in the supervised training: its running statistics are part of a checkpoint. */
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { ModelConfig } from '../models/index.js';
import { liveTensors, readSafetensors, scope, setThreads, toFloat32Array } from '../torch/index.js';
import { checkpointPath } from './checkpoint.js';
import { BATCHES, EPOCHS, NETWORKS, position, STEPS, supervised, TinyTraining } from './fixtures/tiny-training.js';

setThreads(1);
const training = new TinyTraining();
afterEach(() => training.clear());

const RESNET: ModelConfig = { ...NETWORKS.resnet, dropPath: 0.3 };

it.each([
  ['ResNet', RESNET, [2, 3]],
  ['DenseNet', NETWORKS.densenet, [3]],
] as const)('%s: a killed training goes on to the same bits', async (_, model, deaths) => {
  const undisturbed = await training.train(supervised(model));
  const files = training.written();
  training.clear();
  for (const death of deaths) await expect(training.train(supervised(model), death)).rejects.toThrow('died');
  expect(await training.train(supervised(model))).toEqual(undisturbed);
  expect(training.written()).toEqual(files);
});

it('keeps running statistics in the checkpoint and the best weights, and counts the batches', async () => {
  await training.train(supervised(RESNET));
  scope(() => {
    const { tensors } = readSafetensors(checkpointPath(training.folder));
    expect(tensors['task.model.backbone.bn1.num_batches_tracked']!.item()).toBe(EPOCHS * STEPS);
    expect(toFloat32Array(tensors['task.model.backbone.bn1.running_mean']!).some((mean) => mean !== 0)).toBe(true);
    expect(Object.keys(tensors).some((name) => /optimizer.*running/.test(name))).toBe(false);
    const best = readSafetensors(join(training.folder, 'backbone.safetensors')).tensors;
    expect(best['layer4.1.bn3.running_var']!.shape).toEqual([4 * 8 * 4]);
  });
});

it('learns: the loss falls, and no step leaves a tensor behind', () => {
  const usual = supervised(NETWORKS.resnet);
  const recipe = { ...usual.recipe, schedule: 'constant' as const, warmup: 0 };
  const task = training.task({ ...usual, recipe });
  const counts: number[] = [];
  const losses = Array.from({ length: 40 }, (_, step) => {
    const { loss } = task.step(BATCHES[step % STEPS]!, position(step));
    counts.push(liveTensors());
    return loss!;
  });
  expect(losses[0]).toBeCloseTo(Math.log(2), 5);
  expect(Math.max(...losses.slice(-4))).toBeLessThan(0.2);
  expect(new Set(counts.slice(1)).size).toBe(1);
});
