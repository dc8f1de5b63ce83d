/** Fine-tunings that train less than everything: what stays, what learns, what comes out, and that a kill costs nothing. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Classifier, createBackbone, type ModelConfig, openWeights } from '../models/index.js';
import {
  type Module,
  noGrad,
  rand,
  readSafetensors,
  scope,
  setThreads,
  toBytes,
  toFloat32Array,
} from '../torch/index.js';
import { BATCHES, NETWORKS, position, SIDE, STEPS, supervised, TinyTraining } from './fixtures/tiny-training.js';
import { predictLogits } from './predict.js';
import type { SupervisedConfig } from './supervised-task.js';
import { applyTuning, TRAIN_EVERYTHING, type Tuning } from './tuning.js';

setThreads(1);
const training = new TinyTraining();
const made: Module[] = [];
const keep = <M extends Module>(module: M): M => {
  made.push(module);
  return module;
};
afterEach(() => {
  training.clear();
  for (const module of made.splice(0)) module.free();
});

const tuned = (change: Partial<Tuning>): Tuning => ({ ...TRAIN_EVERYTHING, ...change });
const ADAPTERS = { rank: 2, alpha: 4, targets: ['qkv'] };
const ARCHITECTURES = Object.entries(NETWORKS) as [keyof typeof NETWORKS, ModelConfig][];
/** What no classification trains, frozen or not: masked patches' token, a constant. */
const unused = (name: string) => /mask_token$|bias_mask$/.test(name);

/** Whether a parameter or buffer of a classifier lies in a layer that does not train. */
function frozenBy(config: ModelConfig, freeze: Tuning['freeze']) {
  const backbone = keep(createBackbone(config));
  const last = freeze === 'backbone' ? backbone.depth + 1 : freeze;
  return (name: string) => name.startsWith('backbone.') && backbone.layerOf(name.slice('backbone.'.length)) <= last;
}

/** The parameters and buffers before the first step. */
const startOf = (config: SupervisedConfig): [string, Uint8Array][] =>
  Object.entries(training.task(config).state()).map(([name, it]) => [name.slice('model.'.length), toBytes(it)]);

/** The losses of a few steps. */
function losses(config: SupervisedConfig, steps = 5): number[] {
  const task = training.task(config);
  return Array.from({ length: steps }, (_, step) => task.step(BATCHES[step % STEPS]!, position(step)).loss!);
}

it('a tuning that trains everything has the bits of a training without one', async () => {
  await training.train(supervised(NETWORKS.vit));
  const files = training.written();
  training.clear();
  await training.train(supervised(NETWORKS.vit, { tuning: TRAIN_EVERYTHING }));
  expect(training.written()).toEqual(files);
});

it.each<[string, ModelConfig, Partial<Tuning>, Partial<SupervisedConfig>?]>([
  ['layer-wise decay', NETWORKS.vit, { layerDecay: 0.7 }],
  ['frozen blocks', { ...NETWORKS.vit, dropPath: 0.3 }, { freeze: 1 }],
  ['frozen blocks and batch normalization', { ...NETWORKS.resnet, dropPath: 0.3 }, { freeze: 2, layerDecay: 0.8 }],
  ['a frozen network', NETWORKS['dinov3-vit'], { freeze: 'backbone' }],
  ['adapters', { ...NETWORKS.vit, dropPath: 0.3 }, { lora: ADAPTERS }],
  ['adapters after a frozen block, with decay', NETWORKS['dinov3-vit'], { lora: ADAPTERS, freeze: 1, layerDecay: 0.5 }],
  ['adapters in bfloat16', NETWORKS.vit, { lora: ADAPTERS }, { precision: 'bf16' }],
])('%s: a killed training goes on to the same bits', async (_, model, change, more) => {
  const run = supervised(model, { tuning: tuned(change), ...more });
  const undisturbed = await training.train(run);
  const files = training.written();
  training.clear();
  for (const death of [2, 3]) await expect(training.train(run, death)).rejects.toThrow('died');
  expect(await training.train(run)).toEqual(undisturbed);
  expect(training.written()).toEqual(files);
});

describe.each(ARCHITECTURES)('a frozen %s', (architecture, config) => {
  const dropPath = architecture === 'densenet' ? 0 : 0.5;

  it.each([1, 2, 'backbone'] as const)('freeze %s: no bit of it changes, all else learns', async (freeze) => {
    const run = supervised({ ...config, dropPath }, { tuning: tuned({ freeze }) });
    const start = startOf(run);
    await training.train(run);
    const end = training.checkpoint();
    const frozen = frozenBy(config, freeze);
    expect(start.filter(([name]) => frozen(name)).length).toBeGreaterThan(3);
    for (const [name, bytes] of start) {
      if (unused(name)) continue;
      expect(Buffer.compare(bytes, end[`task.model.${name}`]!) === 0, name).toBe(frozen(name));
    }
    const model = keep(new Classifier(createBackbone(config), 1));
    const learning = [...model.namedParameters()].filter(([name]) => !frozen(name) && !unused(name));
    expect(Object.keys(end).filter((name) => name.includes('exp_avg_sq'))).toHaveLength(learning.length);
  });

  it('is not recorded for gradients, and drops no branch', () => {
    const tuning = tuned({ freeze: 'backbone' });
    expect(losses(supervised({ ...config, dropPath }, { tuning }))).toEqual(losses(supervised(config, { tuning })));
    const backbone = keep(createBackbone(config));
    applyTuning(backbone, tuning);
    scope(() => expect(backbone.forward(rand([2, 3, SIDE, SIDE])).requiresGrad).toBe(false));
  });
});

describe('stochastic depth', () => {
  it.each(ARCHITECTURES.filter(([name]) => name !== 'densenet'))(
    '%s: drops branches in training alone',
    async (_, config) => {
      const [none, half] = [supervised(config), supervised({ ...config, dropPath: 0.5 })];
      expect(losses(half)).not.toEqual(losses(none));
      expect(losses(half)).toEqual(losses(half));
      const [plain, dropping] = [none, half].map(({ model }) => keep(createBackbone(model)).eval());
      scope(() =>
        noGrad(() => {
          for (const parameter of plain!.parameters()) parameter.add_(0.1); // a ResNet's branches start at zero
          dropping!.loadStateDict(plain!.stateDict());
          const x = rand([4, 3, SIDE, SIDE]);
          expect(toFloat32Array(dropping!.forward(x))).toEqual(toFloat32Array(plain!.forward(x)));
          const drawn = () => toFloat32Array(dropping!.train().forward(x));
          expect(drawn()).not.toEqual(drawn());
        }),
      );
    },
  );

  it('densenet: has no branch to drop, and says so', () => {
    expect(() => training.task(supervised({ ...NETWORKS.densenet, dropPath: 0.5 }))).toThrow(/dropPath: found 0\.5/);
  });
});

describe('a training of adapters', () => {
  const run = supervised(NETWORKS.vit, { tuning: tuned({ lora: ADAPTERS }) });

  it('writes plain weights in which the adapted layers alone have moved', async () => {
    const start = new Map(startOf(run));
    const result = await training.train(run);
    const path = join(training.folder, 'model.safetensors');
    const model = keep(new Classifier(createBackbone(NETWORKS.vit), 1));
    scope(() => {
      const { tensors } = readSafetensors(path);
      expect(Object.keys(tensors).sort()).toEqual(Object.keys(model.stateDict()).sort());
      for (const [name, tensor] of Object.entries(tensors)) {
        const before = start.get(name) ?? start.get(name.replace('qkv.', 'qkv.base.'))!;
        const learns = name.startsWith('head.') || name.endsWith('qkv.weight');
        expect(Buffer.compare(before, toBytes(tensor)) !== 0, name).toBe(learns);
      }
      model.loadStateDict(tensors, path);
      expect(openWeights(join(training.folder, 'backbone.safetensors')).config).toMatchObject({ architecture: 'vit' });
      const logits = BATCHES.map((batch) =>
        toFloat32Array(predictLogits(model.eval(), batch, { device: 'cpu', precision: 'fp32' }).sigmoid()),
      );
      expect(Float32Array.from(logits.flatMap((part) => [...part]))).toEqual(result.predictions.test);
    });
  });

  it.each(['fp32', 'bf16'] as const)('learns what it is shown, in %s', (precision) => {
    const recipe = { ...run.recipe, schedule: 'constant' as const, warmup: 0, learningRate: 0.03 };
    const all = losses({ ...run, recipe, precision }, 40);
    expect(all[0]).toBeCloseTo(Math.log(2), 2);
    expect(Math.max(...all.slice(-4))).toBeLessThan(0.3);
  });
});
