/**
 * Steps of a DINOv2 pretraining in a process of its own, so that its peak of resident memory is its own too: `node
 * dinov2-step.js SETTINGS` writes the start for its peer, then measures rounds (see RoundsProcess): `steps COUNT`, `memory`
 * (the largest resident memory so far, MiB), or `check COUNT PATH`, which does steps and writes their losses and the student to PATH.
 */
import { createInterface } from 'node:readline';
import { Random } from '../src/base/index.js';
import type { VisionTransformerOptions } from '../src/models/index.js';
import {
  type Dinov2Recipe,
  Dinov2Trainer,
  drawMasks,
  type HeadOptions,
  patchMasks,
  StudentTeacher,
} from '../src/ssl/index.js';
import {
  engineInfo,
  fromArray,
  manualSeed,
  type Precision,
  rand,
  scope,
  setThreads,
  writePytorch,
} from '../src/torch/index.js';

/** What both sides are told. */
export interface Dinov2Step {
  /** Of the original's names; its patches and images are square. */
  model: Pick<VisionTransformerOptions, 'imageSize' | 'patchSize' | 'dim' | 'depth' | 'heads' | 'layerScale'> & {
    dropPath: number[];
  };
  localSize: number;
  locals: number;
  batch: number;
  /** Of class tokens and patches alike. */
  head: HeadOptions;
  recipe: {
    learningRate: number;
    weightDecay: number;
    layerDecay: number;
    patchEmbedRate: number;
    teacherTemperature: number;
    momentum: number;
    clip: number;
  };
  precision: Precision;
  threads: number;
  seed: number;
  /** File that our side writes at its start: the student's weights and a batch. */
  start: string;
}

/** In the order of a row of losses. */
export const PARTS = ['dinoLocal', 'dinoGlobal', 'koleo', 'ibot'] as const;

function makeTraining(settings: Dinov2Step) {
  const { model, batch, locals, localSize, head, recipe, seed } = settings;
  setThreads(settings.threads);
  manualSeed(seed);
  const networks = new StudentTeacher(
    { architecture: 'vit', ...model, input: null },
    {
      head,
      ibotHead: null,
      weights: { dino: 1, ibot: 1, koleo: 0.1 },
      centering: 'sinkhorn-knopp',
      centerMomentum: 0.9,
      studentTemperature: 0.1,
      gram: null,
    },
    settings.precision,
    settings.threads,
  );
  const trainer = new Dinov2Trainer(networks, constantly(recipe), 1);
  const crops = scope(() => ({
    global: rand([2 * batch, 3, model.imageSize, model.imageSize]).keep(),
    local: rand([locals * batch, 3, localSize, localSize]).keep(),
  }));
  const side = model.imageSize / model.patchSize;
  const drawn = {
    grid: [side, side] as const,
    probability: 0.5,
    ratio: [0.1, 0.5] as const,
    maxPatches: (side * side) / 2,
  };
  const masks = patchMasks(drawMasks(2 * batch, drawn, new Random(seed)));
  const student = Object.entries(networks.student.stateDict()).map(([name, value]) => [`student.${name}`, value]);
  writePytorch(settings.start, { ...Object.fromEntries(student), ...crops, ...masks });
  manualSeed(seed); // as the peer, which draws no weights
  let step = 0;
  return { networks, step: () => trainer.step(crops, masks, step++) };
}

/** Schedules that stay where they are. */
const constantly = (recipe: Dinov2Step['recipe']): Dinov2Recipe => ({
  ...recipe,
  epochs: 1e6,
  learningRate: [recipe.learningRate, recipe.learningRate],
  warmupEpochs: 0,
  freezeLastLayerEpochs: 0,
  weightDecay: [recipe.weightDecay, recipe.weightDecay],
  momentum: [recipe.momentum, recipe.momentum],
  teacherTemperature: [recipe.teacherTemperature, recipe.teacherTemperature],
  teacherTemperatureEpochs: 0,
  betas: [0.9, 0.999],
});

async function main(settings: Dinov2Step): Promise<void> {
  const { networks, step } = makeTraining(settings);
  const { libtorch, blas } = engineInfo();
  process.stdout.write(`${JSON.stringify({ libtorch, blas })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [, what, count, path] = line.split(' ');
    if (what === 'memory') {
      process.stdout.write(`${process.resourceUsage().maxRSS / 1024}\n`);
      continue;
    }
    const from = performance.now();
    const losses = Array.from({ length: Number(count) }, () => {
      const metrics = step();
      return PARTS.map((part) => metrics[part]!);
    });
    const seconds = (performance.now() - from) / 1000;
    if (path) {
      scope(() =>
        writePytorch(path, {
          losses: fromArray(losses.flat(), [losses.length, PARTS.length]),
          ...networks.student.stateDict(),
        }),
      );
    }
    process.stdout.write(`${seconds}\n`);
  }
}

await main(JSON.parse(process.argv[2]!) as Dinov2Step);
