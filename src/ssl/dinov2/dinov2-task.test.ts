import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { python } from '../../../test/reference.js';
import { compiledUrl } from '../../base/index.js';
import { loadWeights } from '../../models/index.js';
import {
  generatorState,
  manualSeed,
  readSafetensors,
  type StateDict,
  scope,
  setGeneratorState,
  setThreads,
  toBytes,
  writeSafetensors,
} from '../../torch/index.js';
import { type Batch, type Metrics, type Position, startTraining, type TrainingTask } from '../../training/index.js';
import { createTask, type Dinov2Config, type Dinov2Result } from './dinov2-task.js';
import { BATCH, EPOCHS, IMAGES, tinyCrops, tinyPretraining } from './fixtures/tiny-pretraining.js';

setThreads(1);
const STEPS = IMAGES / BATCH;
const TOTAL = EPOCHS * STEPS;

let folder: string;
let batches: Batch[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-dinov2-'));
  batches = [];
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for await (const batch of tinyCrops.read(epoch, 0)) batches.push(batch);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

function task(config: Dinov2Config = tinyPretraining()): TrainingTask {
  manualSeed(11);
  return createTask(config, {
    folder,
    device: 'cpu',
    totalSteps: TOTAL,
    stepsPerEpoch: STEPS,
    throwIfStopped: () => {},
  });
}

function train(training: TrainingTask, from: number, to: number): Metrics[] {
  return batches.slice(from, to).map((batch, i) => {
    const step = from + i;
    const at: Position = {
      epoch: Math.floor(step / STEPS),
      stepOfEpoch: step % STEPS,
      step,
      stepsPerEpoch: STEPS,
      totalSteps: TOTAL,
    };
    return training.step(batch, at);
  });
}

const bits = (state: StateDict) =>
  Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [name, Buffer.from(toBytes(tensor)).toString('hex')]),
  );

describe('a pretraining', () => {
  it('goes on after every step with the same bits, whatever was in memory', () => {
    const whole = task();
    const metrics = train(whole, 0, TOTAL);
    const expected = bits(whole.state());
    for (let stop = 1; stop < TOTAL; stop++) {
      const first = task();
      train(first, 0, stop);
      const path = join(folder, 'state.safetensors');
      scope(() => writeSafetensors(path, { ...first.state(), generator: generatorState() }));
      const memory = JSON.stringify(first.memory());
      const second = task();
      manualSeed(99);
      scope(() => {
        const { generator, ...state } = readSafetensors(path).tensors;
        second.loadState(state);
        second.loadMemory(JSON.parse(memory));
        setGeneratorState(generator!.clone());
      });
      expect(train(second, stop, TOTAL), `after ${stop} steps`).toEqual(metrics.slice(stop));
      expect(bits(second.state())).toEqual(expected);
      expect(second.memory()).toEqual(whole.memory());
    }
  });

  it('on several threads ends with the same bits too, broken off or not, near those of one thread', () => {
    const one = train(task(), 0, TOTAL);
    setThreads(3);
    try {
      const whole = task();
      const metrics = train(whole, 0, TOTAL);
      for (const [step, { loss }] of metrics.entries()) expect(loss).toBeCloseTo(one[step]!.loss!, 4);
      const stop = STEPS + 1;
      const first = task();
      expect(train(first, 0, stop)).toEqual(metrics.slice(0, stop));
      const path = join(folder, 'state.safetensors');
      scope(() => writeSafetensors(path, { ...first.state(), generator: generatorState() }));
      const second = task();
      scope(() => {
        const { generator, ...state } = readSafetensors(path).tensors;
        second.loadState(state);
        second.loadMemory(JSON.parse(JSON.stringify(first.memory())));
        setGeneratorState(generator!.clone());
      });
      expect(train(second, stop, TOTAL)).toEqual(metrics.slice(stop));
      expect(bits(second.state())).toEqual(bits(whole.state()));
    } finally {
      setThreads(1);
    }
  });

  it('says losses, schedules and what shows a collapse', () => {
    const metrics = train(task(), 0, TOTAL);
    for (const [step, values] of metrics.entries()) {
      const { assignmentEntropy, prototypeEntropy, assignmentInformation, prototypesUsed, featureSpread } = values;
      for (const share of [assignmentEntropy, prototypeEntropy, prototypesUsed, featureSpread]) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThan(1.5);
      }
      const information = (prototypeEntropy! - assignmentEntropy!) * Math.log(24);
      expect(assignmentInformation).toBeCloseTo(information, 5);
      expect(values.gram === undefined, `step ${step}`).toBe(step < STEPS / 2);
      expect(Object.keys(values)).toEqual(
        expect.arrayContaining(['loss', 'dinoLocal', 'dinoGlobal', 'koleo', 'ibot', 'gradientNorm', 'learningRate']),
      );
    }
    expect(metrics[0]!.lastLayerLearningRate).toBe(0);
    expect(metrics.at(-1)!.momentum).toBeGreaterThan(0.98);
  });

  it('writes teacher and student for hilum and for PyTorch', async () => {
    const training = task();
    train(training, 0, TOTAL);
    const result = (await training.finish(() => {
      throw new Error('no other feed');
    })) as Dinov2Result;
    expect(result.curve).toHaveLength(TOTAL);
    expect(result.curve.at(-1)!.step).toBe(TOTAL);
    scope(() => {
      const state = training.state();
      for (const [file, network] of Object.entries({
        'backbone.safetensors': 'teacher',
        'student.safetensors': 'student',
        'teacher_checkpoint.pth': 'teacher',
        'student_checkpoint.pth': 'student',
      })) {
        const hints = file.endsWith('.pth') ? { hints: { heads: 2 }, input: null } : {}; // safetensors bring theirs
        const { backbone } = loadWeights(join(folder, file), hints);
        for (const [name, value] of Object.entries(backbone.stateDict())) {
          expect(toBytes(value), `${file} ${name}`).toEqual(toBytes(state[`networks.${network}.backbone.${name}`]!));
        }
        backbone.free();
      }
    });
    const script = join(folder, 'load.py');
    writeFileSync(
      script,
      "import sys, torch\nfor name, value in torch.load(sys.argv[1])['teacher'].items(): print(name, tuple(value.shape))\n",
    );
    const names = python(script, join(folder, 'teacher_checkpoint.pth'));
    if (names === undefined) return;
    expect(names).toContain('backbone.blocks.1.ls2.gamma (16,)\n');
    expect(names).toContain('dino_head.last_layer.weight_v (24, 12)\n');
    expect(names).toContain('ibot_head.mlp.0.weight (20, 16)\n');
  });

  it('goes on from weights: student and teacher begin as the file', async () => {
    const first = task();
    train(first, 0, 2);
    await first.finish(() => {
      throw new Error('no other feed');
    });
    const path = join(folder, 'backbone.safetensors');
    const second = task(tinyPretraining({ weights: { path, allow: [] } }));
    const state = second.state();
    for (const [name, value] of Object.entries(readSafetensors(path).tensors)) {
      for (const network of ['student', 'teacher']) {
        expect(toBytes(state[`networks.${network}.backbone.${name}`]!), name).toEqual(toBytes(value));
      }
    }
    train(second, 0, 2); // the learning rate of the first step is 0
    expect(toBytes(second.state()['networks.student.backbone.norm.bias']!)).not.toEqual(
      toBytes(readSafetensors(path).tensors['norm.bias']!),
    );
  });

  it('runs in bf16, near to fp32', () => {
    const [full, half] = (['fp32', 'bf16'] as const).map((precision) =>
      train(task(tinyPretraining({ precision })), 0, 2),
    );
    for (const [step, values] of half!.entries()) {
      expect(Math.abs(values.loss! - full![step]!.loss!)).toBeLessThan(0.05 * full![step]!.loss!);
      expect(values.loss).not.toBe(full![step]!.loss);
    }
  });

  it('refuses fewer prototypes than images in a batch', () => {
    const { objective } = tinyPretraining();
    const few = tinyPretraining({ objective: { ...objective, head: { ...objective.head, prototypes: 3 } } });
    expect(() => train(task(few), 0, 1)).toThrow(
      'head.prototypes: found 3; expected at least one for each of the 4 images of a batch. Raise prototypes or lower batchSize.',
    );
  });
});

describe('in its thread', () => {
  const start = (onProgress?: Parameters<typeof startTraining>[1]) =>
    startTraining<Dinov2Result>(
      {
        taskModule: compiledUrl('./dinov2-task.js', import.meta.url).href,
        config: tinyPretraining(),
        folder,
        feeds: { train: tinyCrops },
        epochs: EPOCHS,
        seed: 5,
        device: 'cpu',
        threads: 1,
        checkpointSeconds: 0,
      },
      onProgress,
    );
  const written = () => readFileSync(join(folder, 'backbone.safetensors'));

  it('stopped, it goes on with the crops that come next, to the same bits', async () => {
    const whole = start();
    expect(await whole.outcome).toMatchObject({ status: 'done' });
    const expected = written();
    rmSync(folder, { recursive: true });
    let images = 0;
    const first = start(({ imagesDone }) => {
      images = imagesDone;
      first.stop();
    });
    expect(await first.outcome).toEqual({ status: 'interrupted' });
    expect(images % BATCH).toBe(0);
    expect(images).toBeLessThan(TOTAL * BATCH);
    expect(await start().outcome).toMatchObject({ status: 'done' });
    expect(written().equals(expected)).toBe(true);
  });
});
