/** Self-supervised pretraining with DINOv2 (Oquab et al., 2024): a student learns to see what its own average sees. */
import { inputError, Random } from '../../base/index.js';
import { toThreeChannels, toUnit } from '../../imaging/index.js';
import { loadBackbone, type ModelConfig, type VisionTransformer } from '../../models/index.js';
import { type Precision, type StateDict, scope, type Tensor, threads } from '../../torch/index.js';
import {
  type Batch,
  concatenatedState,
  type Metrics,
  ownState,
  type Position,
  type TaskContext,
  type TrainingTask,
} from '../../training/index.js';
import { CollapseWatch } from './collapse.js';
import { type Dinov2Recipe, Dinov2Trainer } from './dinov2-step.js';
import { drawMasks, type PatchMasks, patchMasks } from './masks.js';
import { type Crops, type Objective, StudentTeacher } from './student-teacher.js';
import { becomeTeacher } from './teacher.js';
import { writeWeights } from './weights.js';

export interface Dinov2Config {
  /** A vision transformer; its image size is that of the global crops. */
  model: ModelConfig;
  /** Weights file to go on from, and the names that it may lack or have too many; null for a random start. */
  weights: { path: string; allow: readonly string[] } | null;
  objective: Objective;
  /** Share of the global crops that are masked, and range of the masked share of their patches, 0 to 1. */
  masks: { probability: number; ratio: readonly [number, number] };
  recipe: Dinov2Recipe;
  precision: Precision;
  seed: number;
}

export interface Dinov2Result {
  /** What each step said, as means between two points. Steps count from 1. */
  curve: { step: number; metrics: Metrics }[];
}

const CURVE_POINTS = 100;

/** Takes batches of crops: `images` are both global crops of all images, `extra` the local ones (see `Batch`). */
export class Dinov2Task implements TrainingTask {
  private readonly networks: StudentTeacher;
  private readonly trainer: Dinov2Trainer;
  private readonly watch = new CollapseWatch();
  private curve: Dinov2Result['curve'] = [];
  private recent: { steps: number; sums: Metrics } = { steps: 0, sums: {} };

  constructor(
    private readonly config: Dinov2Config,
    private readonly context: TaskContext,
  ) {
    this.networks = new StudentTeacher(config.model, config.objective, config.precision, threads());
    const { student, teacher } = this.networks;
    if (config.weights) {
      loadBackbone(student.backbone, config.weights.path, { allow: config.weights.allow });
      becomeTeacher(teacher, student);
    }
    this.networks.to(context.device);
    this.trainer = new Dinov2Trainer(this.networks, config.recipe, context.stepsPerEpoch);
  }

  /** Which is the result: it does not train, and has no stochastic depth. */
  get teacher(): VisionTransformer {
    return this.networks.teacher.backbone;
  }

  state(): StateDict {
    const { networks, trainer } = this;
    return concatenatedState({ networks: networks.stateDict(), optimizer: trainer.optimizer.stateDict() });
  }

  loadState(state: StateDict): void {
    const { networks, trainer } = this;
    const own = ownState('networks', state);
    if (Object.keys(own).some((name) => name.startsWith('gramAnchor.'))) networks.copyGramAnchor();
    networks.loadStateDict(own, 'checkpoint');
    trainer.optimizer.loadStateDict(ownState('optimizer', state), trainer.optimizer.steps);
  }

  memory() {
    const { curve, recent } = this;
    return { optimizerSteps: this.trainer.optimizer.steps, collapse: this.watch.memory, curve, recent };
  }

  loadMemory(memory: ReturnType<Dinov2Task['memory']>): void {
    this.trainer.optimizer.steps = memory.optimizerSteps;
    this.watch.memory = memory.collapse;
    this.curve = memory.curve;
    this.recent = memory.recent;
  }

  step(batch: Batch, at: Position): Metrics {
    const metrics = scope(() => {
      const crops = this.cropsOf(batch);
      return this.trainer.step(crops, this.masksFor(crops.global, at), at.step);
    });
    this.record(metrics, at);
    this.watch.see(metrics, at.step, at.totalSteps);
    return metrics;
  }

  private cropsOf({ images, shape, extra, indices }: Batch): Crops {
    const { head } = this.config.objective;
    const B = indices.length;
    if (shape[0] !== 2 * B || (extra && extra.shape[0] % B !== 0)) {
      throw new RangeError(`a batch of ${B} images with ${shape[0]} global and ${extra?.shape[0] ?? 0} local crops`);
    }
    if (head.prototypes < B) {
      throw inputError({
        what: 'head.prototypes',
        found: `${head.prototypes}`,
        expected: `at least one for each of the ${B} images of a batch`,
        fix: 'Raise prototypes or lower batchSize.',
      });
    }
    const unit = (pixels: Uint8Array, of: Batch['shape']) => toThreeChannels(toUnit(pixels, of, this.context.device));
    const local = extra && extra.shape[0] > 0 ? unit(extra.images, extra.shape) : null;
    return { global: unit(images, shape), local };
  }

  /** The masks of a step depend on the seed and its position alone. */
  private masksFor(global: Tensor, { epoch, stepOfEpoch }: Position): PatchMasks {
    const { patchSize } = this.networks.student.backbone.options;
    const [height, width] = [global.size(2) / patchSize, global.size(3) / patchSize];
    const maxPatches = Math.floor(height / 2) * width; // dinov2/train/train.py, do_train
    const random = Random.of(this.config.seed, 'masks', epoch, stepOfEpoch);
    const options = { ...this.config.masks, grid: [height, width] as const, maxPatches };
    return patchMasks(drawMasks(global.size(0), options, random), this.context.device);
  }

  private record(metrics: Metrics, { step, totalSteps }: Position): void {
    const { recent } = this;
    for (const [name, value] of Object.entries(metrics)) recent.sums[name] = (recent.sums[name] ?? 0) + value;
    recent.steps++;
    if (recent.steps < totalSteps / CURVE_POINTS && step + 1 < totalSteps) return;
    const means = Object.entries(recent.sums).map(([name, sum]) => [name, sum / recent.steps]);
    this.curve.push({ step: step + 1, metrics: Object.fromEntries(means) });
    this.recent = { steps: 0, sums: {} };
  }

  /** Writes student and teacher as they are now into the run's folder (see `weights.ts`). */
  writeWeights(): void {
    writeWeights(this.context.folder, this.networks);
  }

  async finish(): Promise<Dinov2Result> {
    this.writeWeights();
    return { curve: this.curve };
  }
}

export const createTask = (config: Dinov2Config, context: TaskContext): TrainingTask => new Dinov2Task(config, context);
