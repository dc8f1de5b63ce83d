/** A convolutional network in the supervised training: its running statistics are part of a checkpoint. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import type { ModelConfig } from '../models/index.js';
import { liveTensors, manualSeed, readSafetensors, scope, setThreads, toFloat32Array } from '../torch/index.js';
import { checkpointPath } from './checkpoint.js';
import { type RunOutcome, runTask } from './runner.js';
import { createTask, type SupervisedConfig } from './supervised-task.js';
import type { Batch } from './task.js';

setThreads(1);
const [SIDE, BATCH, STEPS, IMAGES] = [32, 6, 4, 24];

const RESNET: ModelConfig = {
  architecture: 'resnet',
  size: 'resnet50d',
  stages: [1, 1, 1, 2],
  imageSize: SIDE,
  width: 4,
  stemWidth: 8,
  dropPath: 0.3,
};
const DENSENET: ModelConfig = { architecture: 'densenet', blocks: [2, 2], growth: 4, imageSize: SIDE };

const random = Random.of(5, 'noise');
const noise = Array.from({ length: 977 }, () => random.integer(60));

/** Images whose right half is brighter where the label is 1. */
function batchOf(indices: number[]): Batch {
  const images = Uint8Array.from({ length: indices.length * SIDE * SIDE }, (_, at) => {
    const image = indices[Math.floor(at / SIDE / SIDE)]!;
    const bright = image % 2 === 1 && at % SIDE >= SIDE / 2 ? 90 : 0;
    return 60 + bright + noise[at % noise.length]!;
  });
  return { indices: Int32Array.from(indices), images, shape: [indices.length, 1, SIDE, SIDE] };
}

const BATCHES = Array.from({ length: STEPS }, (_, step) =>
  batchOf(Array.from({ length: BATCH }, (_, i) => step * BATCH + i)),
);

async function* feed(start: number): AsyncGenerator<Batch> {
  yield* BATCHES.slice(start);
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-convolutional-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const supervised = (model: ModelConfig): SupervisedConfig => ({
  model,
  weights: null,
  target: { labels: Float32Array.from({ length: IMAGES }, (_, image) => image % 2), posWeight: Float32Array.of(1) },
  recipe: {
    epochs: 2,
    batchSize: BATCH,
    learningRate: 3e-3,
    schedule: 'constant',
    warmup: 0,
    weightDecay: 0.01,
    beta2: 0.999,
    clip: 1,
  },
  augmentation: { flip: 0, rotation: 5 },
  precision: 'fp32',
  seed: 3,
  predict: ['test'],
});

/** Trains two epochs, or dies after a number of steps; a checkpoint follows every step. */
async function train(model: ModelConfig, dieAfter?: number): Promise<RunOutcome> {
  manualSeed(11);
  const context = { folder, device: 'cpu', totalSteps: 2 * STEPS, stepsPerEpoch: STEPS };
  let steps = 0;
  return runTask(
    createTask(supervised(model), context),
    { folder, device: 'cpu', epochs: 2, stepsPerEpoch: STEPS, checkpointSeconds: 0, logEvery: 1 },
    { epoch: (_, start) => feed(start), read: () => feed(0) },
    {
      stopped: () => false,
      onProgress: () => {
        if (steps++ === dieAfter) throw new Error('died');
      },
    },
  );
}

const written = () => ['model.safetensors', 'backbone.safetensors'].map((file) => readFileSync(join(folder, file)));

it.each([
  ['ResNet', RESNET, [2, 5]],
  ['DenseNet', DENSENET, [3]],
] as const)('%s: a killed training goes on to the same bits', async (_, model, deaths) => {
  const undisturbed = await train(model);
  const files = written();
  rmSync(folder, { recursive: true });
  for (const death of deaths) await expect(train(model, death)).rejects.toThrow('died');
  expect(existsSync(checkpointPath(folder))).toBe(true);
  const { seconds: _seconds, ...resumed } = (await train(model)) as Extract<RunOutcome, { status: 'done' }>;
  expect(undisturbed).toMatchObject(resumed);
  expect(written()).toEqual(files);
});

it('keeps running statistics in the checkpoint and the best weights, and counts the batches', async () => {
  await train(RESNET);
  scope(() => {
    const { tensors } = readSafetensors(checkpointPath(folder));
    expect(tensors['task.model.backbone.bn1.num_batches_tracked']!.item()).toBe(2 * STEPS);
    expect(toFloat32Array(tensors['task.model.backbone.bn1.running_mean']!).some((mean) => mean !== 0)).toBe(true);
    expect(Object.keys(tensors).some((name) => /optimizer.*running/.test(name))).toBe(false);
    const best = readSafetensors(join(folder, 'backbone.safetensors')).tensors;
    expect(best['layer4.1.bn3.running_var']!.shape).toEqual([4 * 8 * 4]);
  });
});

it('learns: the loss falls, and no step leaves a tensor behind', async () => {
  manualSeed(1);
  const context = { folder, device: 'cpu', totalSteps: 40, stepsPerEpoch: 40 };
  const task = createTask(supervised({ ...RESNET, dropPath: 0 }), context);
  const counts: number[] = [];
  const losses = Array.from({ length: 40 }, (_, step) => {
    const at = { epoch: 0, stepOfEpoch: step, step, stepsPerEpoch: 40, totalSteps: 40 };
    const { loss } = task.step(BATCHES[step % STEPS]!, at);
    counts.push(liveTensors());
    return loss!;
  });
  expect(losses[0]).toBeCloseTo(Math.log(2), 5);
  expect(Math.max(...losses.slice(-4))).toBeLessThan(0.2);
  expect(new Set(counts.slice(1)).size).toBe(1);
});
