import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { entriesOf } from '../../../test/original.js';
import { expectClose } from '../../../test/reference.js';
import { Random } from '../../base/index.js';
import type { ModelConfig } from '../../models/index.js';
import {
  cat,
  full,
  liveTensors,
  type Module,
  manualSeed,
  rand,
  randperm,
  readSafetensors,
  scope,
  setGrad,
  setThreads,
  type Tensor,
  toBytes,
} from '../../torch/index.js';
import { type Dinov2Recipe, Dinov2Trainer } from './dinov2-step.js';
import { blockMask, patchMasks } from './masks.js';
import { type Objective, StudentTeacher } from './student-teacher.js';
import { becomeTeacher } from './teacher.js';

setThreads(1);
const IMAGES = 4;
const BLOCKS = { grid: [4, 4], maxPatches: 8 } as const;

/** What make-step.py gave the original. */
interface Run {
  dim: number;
  depth: number;
  registers: number;
  dropPath: number;
  globalSize: number;
  localCrops: number;
  separateHead: boolean;
  dinoWeight: number;
  koleoWeight: number;
  ibotWeight: number;
  centering: 'centering' | 'sinkhorn_knopp';
  clip: number | null;
  epochLength: number;
  epochs: number;
  warmup: number;
  freeze: number;
  temperatureEpochs: number;
  steps: number;
}

const model = (run: Run): ModelConfig => ({
  architecture: 'vit',
  imageSize: run.globalSize,
  patchSize: 4,
  dim: run.dim,
  depth: run.depth,
  heads: 2,
  hidden: 2 * run.dim,
  registers: run.registers,
  layerScale: 0.5,
  dropPath: Array<number>(run.depth).fill(run.dropPath),
  interpolation: { offset: 0.1, antialias: false },
});

const objective = (run: Run): Objective => ({
  head: { prototypes: 24, hidden: 20, bottleneck: 12, layers: 3 },
  ibotHead: run.separateHead ? { prototypes: 18, hidden: 20, bottleneck: 12, layers: 3 } : null,
  weights: { dino: run.dinoWeight, ibot: run.ibotWeight, koleo: run.koleoWeight },
  centering: run.centering === 'centering' ? 'centering' : 'sinkhorn-knopp',
  centerMomentum: 0.9,
  studentTemperature: 0.1,
  gram: null,
});

const recipe = (run: Run): Dinov2Recipe => ({
  epochs: run.epochs,
  learningRate: [1e-3, 1e-5],
  warmupEpochs: run.warmup,
  freezeLastLayerEpochs: run.freeze,
  weightDecay: [0.04, 0.4],
  momentum: [0.9, 1],
  teacherTemperature: [0.1, 0.2],
  teacherTemperatureEpochs: run.temperatureEpochs,
  layerDecay: 0.9,
  patchEmbedRate: 0.2,
  betas: [0.9, 0.999],
  clip: run.clip,
});

/** Names of the original's log. */
const SAID = {
  dinoLocal: 'dino_local_crops_loss',
  dinoGlobal: 'dino_global_crops_loss',
  koleo: 'koleo_loss',
  ibot: 'ibot_loss',
  learningRate: 'lr',
  lastLayerLearningRate: 'last_layer_lr',
  weightDecay: 'wd',
  momentum: 'mom',
} as const;

const made: StudentTeacher[] = [];
afterEach(() => {
  for (const networks of made.splice(0)) networks.free();
});

/** Networks with the original's weights. */
function started(run: Run, tensors: Record<string, Tensor>, threads = 1): StudentTeacher {
  const networks = new StudentTeacher(model(run), objective(run), 'fp32', threads);
  made.push(networks);
  networks.student.loadStateDict(entriesOf(tensors, 'start'), 'the original');
  becomeTeacher(networks.teacher, networks.student);
  return networks;
}

/** Whether libtorch draws the permutations that dropped the samples of the original. */
function drawsAlike(run: Run, tensors: Record<string, Tensor>): boolean {
  if (run.dropPath === 0) return true;
  return scope(() => {
    manualSeed(100);
    const counts = [2 * IMAGES, run.localCrops * IMAGES].flatMap((count) => Array<number>(2 * run.depth).fill(count));
    const drawn = cat(counts.map((count) => randperm(count)));
    return String(toBytes(drawn)) === String(toBytes(tensors['0/permutations']!));
  });
}

/**
 * The gradient of a key's bias is zero, since softmax does not see it: what there is of it is rounding, by which Adam
 * divides. Elsewhere 1e-5, there no more than the steps that Adam can make.
 */
function expectWeights(name: string, found: Tensor, expected: Tensor, steps: number): void {
  if (!name.endsWith('attn.qkv.bias')) {
    expectClose(name, found, expected, 1e-5);
    return;
  }
  const [ours, theirs] = [found, expected].map((bias) => bias.chunk(3));
  for (const part of [0, 2]) expectClose(`${name}, part ${part}`, ours![part]!, theirs![part], 1e-5);
  expect(ours![1]!.sub(theirs![1]!).abs().amax().item(), `${name}, keys`).toBeLessThan(steps * 1e-3);
}

describe.each(['shared', 'separate', 'classTokens'])('steps as in DINOv2: %s', (name) => {
  const { tensors, metadata } = readSafetensors(join(import.meta.dirname, 'fixtures', `step-${name}.safetensors`));
  const run = JSON.parse(metadata.run!) as Run;
  const said = JSON.parse(metadata.said!) as Record<string, number>[];

  const title = 'losses and schedules at every step, student and teacher after the last, %i threads';
  it.skipIf(!drawsAlike(run, tensors)).each([1, 3])(title, (threads) => {
    const networks = started(run, tensors, threads);
    const trainer = new Dinov2Trainer(networks, recipe(run), run.epochLength);
    expect(run.steps).toBeGreaterThanOrEqual(3);
    for (let step = 0; step < run.steps; step++) {
      const metrics = scope(() => {
        const unit = (kind: string) => tensors[`${step}/${kind}`]!.to('float32').div(255);
        const masks = patchMasks(tensors[`${step}/masks`]!.unbind().map(toBytes));
        manualSeed(100 + step);
        return trainer.step({ global: unit('global'), local: unit('local') }, masks, step);
      });
      for (const [ours, theirs] of Object.entries(SAID)) {
        const [found, expected] = [metrics[ours], said[step]![theirs]];
        if (expected === undefined) expect(found, `${ours} at step ${step}`).toBeUndefined();
        else expect(Math.abs(found! - expected), `${ours} at step ${step}`).toBeLessThanOrEqual(1e-5 * expected);
      }
    }
    for (const part of ['student', 'teacher'] as const) {
      scope(() => {
        const expected = entriesOf(tensors, part);
        const state = networks[part].stateDict();
        expect(Object.keys(state)).toEqual(Object.keys(expected));
        for (const [key, value] of Object.entries(state)) {
          expectWeights(`${part} ${key}`, value, expected[key]!, run.steps);
        }
      });
    }
  });
});

describe('a step', () => {
  const { tensors, metadata } = readSafetensors(join(import.meta.dirname, 'fixtures', 'step-classTokens.safetensors'));
  const run = { ...(JSON.parse(metadata.run!) as Run), koleoWeight: 0.1, ibotWeight: 1 };
  const crops = () => ({ global: rand([2 * IMAGES, 3, 16, 16]), local: rand([2 * IMAGES, 3, 8, 8]) });
  const masks = () => patchMasks(Array.from({ length: 2 * IMAGES }, () => blockMask(5, BLOCKS, new Random(3))));
  const bytes = (networks: Module) =>
    Object.entries(networks.stateDict()).map(([name, tensor]) => `${name} ${toBytes(tensor)}`);

  it('stops at a loss that is no number, names it, and changes no weight', () => {
    const networks = started(run, tensors);
    const trainer = new Dinov2Trainer(networks, recipe(run), 1);
    scope(() => {
      trainer.step(crops(), masks(), 0);
      const before = bytes(networks);
      const { global, local } = crops();
      const broken = { global, local: local.mul(Number.NaN) };
      expect(() => trainer.step(broken, masks(), 1)).toThrow(
        /step 2: found loss NaN, dinoLocal NaN, dinoGlobal [0-9.]+,/,
      );
      // The centers move before the losses are known.
      expect(bytes(networks).filter((entry) => !entry.includes('entering'))).toEqual(
        before.filter((entry) => !entry.includes('entering')),
      );
    });
  });

  it('stops where gradients are not finite, though the loss is', () => {
    const networks = started(run, tensors);
    const trainer = new Dinov2Trainer(networks, { ...recipe(run), clip: null }, 1);
    scope(() => {
      setGrad(networks.student.dino_head.last_layer.weight_g, full([24, 1], Number.POSITIVE_INFINITY, 'float32'));
      const before = bytes(networks.student);
      expect(() => trainer.step(crops(), masks(), 0)).toThrow(/step 1: found gradientNorm (Infinity|NaN)/);
      expect(bytes(networks.student)).toEqual(before);
    });
  });

  it('runs without local crops, and where no patch is masked', () => {
    const networks = started(run, tensors);
    const trainer = new Dinov2Trainer(networks, recipe(run), 1);
    scope(() => {
      const none = patchMasks(Array.from({ length: 2 * IMAGES }, () => new Uint8Array(16)));
      const metrics = trainer.step({ global: crops().global, local: null }, none, 0);
      expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['dinoGlobal', 'koleo']));
      expect(metrics.dinoLocal).toBeUndefined();
      expect(metrics.ibot).toBeUndefined();
      expect(Number.isFinite(metrics.loss)).toBe(true);
    });
  });

  it('leaves no tensor behind', () => {
    const networks = started(run, tensors);
    const trainer = new Dinov2Trainer(networks, recipe(run), 1);
    const counts = [0, 1, 2].map((step) => {
      scope(() => trainer.step(crops(), masks(), step));
      return liveTensors();
    });
    expect(counts[2]).toBe(counts[1]);
    trainer.optimizer.free();
  });

  it('adds Gram anchoring from its epoch on, to a copy of the teacher that is renewed', () => {
    const gram = { weight: 3, level: 'image', normalize: true, clip: 'none', start: 1, every: 2 } as const;
    const networks = new StudentTeacher(model(run), { ...objective(run), gram });
    made.push(networks);
    networks.student.loadStateDict(entriesOf(tensors, 'start'), 'the original');
    becomeTeacher(networks.teacher, networks.student);
    const trainer = new Dinov2Trainer(networks, recipe(run), 1);
    scope(() => {
      const anchors = [0, 1, 2, 3].map((step) => {
        const teacher = String(toBytes(networks.teacher.backbone.pos_embed));
        const metrics = trainer.step(crops(), masks(), step);
        const { dinoLocal, dinoGlobal, koleo, ibot, gram: value } = metrics;
        const sum = dinoLocal! + dinoGlobal! + 2 * koleo! + 2 * ibot! + 3 * (value ?? 0);
        expect(metrics.loss).toBeCloseTo(sum, 4);
        const anchor = networks.gramAnchor && String(toBytes(networks.gramAnchor.pos_embed));
        return { value, fresh: anchor === teacher };
      });
      expect(anchors.map(({ fresh }) => fresh)).toEqual([false, true, false, true]);
      expect(anchors.map(({ value }) => value !== undefined && value > 0)).toEqual([false, true, true, true]);
    });
    trainer.optimizer.free();
  });
});
