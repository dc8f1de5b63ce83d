import { HilumError } from '../../base/index.js';
import { AdamW, clipGradNorm, scope, withThreads } from '../../torch/index.js';
import type { Metrics } from '../../training/index.js';
import type { PatchMasks } from './masks.js';
import { type GroupOptions, parameterGroups, type ScheduledGroup } from './parameter-groups.js';
import { type ScheduleOptions, type Schedules, schedules } from './schedules.js';
import type { Crops, StudentTeacher } from './student-teacher.js';
import { moveTeacher } from './teacher.js';

/** How the student is optimized. */
export interface Dinov2Recipe extends ScheduleOptions, GroupOptions {
  betas: readonly [number, number];
  /** Largest norm of the gradients of the backbone, and of those of each head; null for no clipping (optim.clip_grad). */
  clip: number | null;
}

/** Trains a student and moves its teacher, step by step (dinov2/train/train.py, do_train). */
export class Dinov2Trainer {
  readonly optimizer: AdamW;
  private readonly groups: ScheduledGroup[];
  private readonly schedules: Schedules;

  /** The networks must stand on their device. */
  constructor(
    readonly networks: StudentTeacher,
    private readonly recipe: Dinov2Recipe,
    private readonly stepsPerEpoch: number,
  ) {
    this.groups = parameterGroups(networks.student, recipe);
    this.optimizer = new AdamW(this.groups, { learningRate: 1, betas: recipe.betas });
    this.schedules = schedules(recipe, stepsPerEpoch);
  }

  /**
   * `step` counts from 0. Returns `loss` and its parts, what shows a collapse, `gradientNorm` of the whole student before
   * clipping, and the schedules' values. Throws a HilumError, and changes no weight, where loss or gradients are not
   * finite.
   */
  step(crops: Crops, masks: PatchMasks, step: number): Metrics {
    // Threads that share the batch are the step's threads: an operator that waits for more of them would wait for these.
    return this.networks.threads > 1
      ? withThreads(1, () => this.alone(crops, masks, step))
      : this.alone(crops, masks, step);
  }

  private alone(crops: Crops, masks: PatchMasks, step: number): Metrics {
    const { networks, optimizer, recipe } = this;
    const scheduled = this.scheduledAt(step);
    this.anchor(step);
    const seen = scope(() => {
      const { loss, parts, indicators } = networks.learn(crops, masks, scheduled.teacherTemperature);
      return { loss, ...parts, ...indicators };
    });
    this.requireFinite(seen, step);
    const norms = networks.student.parts.map((part) =>
      clipGradNorm(part.parameters(), recipe.clip ?? Number.POSITIVE_INFINITY),
    );
    const gradientNorm = Math.hypot(...norms);
    this.requireFinite({ gradientNorm }, step);
    for (const [i, { rate, decay, lastLayer }] of this.groups.entries()) {
      const group = optimizer.groups[i]!;
      group.learningRateScale = rate * (lastLayer ? scheduled.lastLayerLearningRate : scheduled.learningRate);
      group.weightDecay = decay * scheduled.weightDecay;
    }
    optimizer.step();
    optimizer.zeroGrad();
    moveTeacher(networks.teacher, networks.student, scheduled.momentum);
    return { ...seen, gradientNorm, ...scheduled };
  }

  private scheduledAt(step: number): Record<keyof Schedules, number> {
    const values = Object.entries(this.schedules).map(([name, schedule]) => [name, schedule(step)]);
    return Object.fromEntries(values);
  }

  /** Copies the Gram anchor where its time has come. */
  private anchor(step: number): void {
    const { gram } = this.networks.objective;
    if (!gram) return;
    const since = step - Math.round(gram.start * this.stepsPerEpoch);
    const every =
      gram.every === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.round(gram.every * this.stepsPerEpoch));
    if (since >= 0 && since % every === 0) this.networks.copyGramAnchor();
  }

  private requireFinite(values: Record<string, number>, step: number): void {
    if (Object.values(values).every(Number.isFinite)) return;
    this.optimizer.zeroGrad();
    const listed = Object.entries(values).map(([name, value]) => `${name} ${value}`);
    throw new HilumError(
      `pretraining: step ${step + 1}: found ${listed.join(', ')}; expected finite numbers. No weight was changed by this ` +
        'step; a checkpoint that was written before is whole. Lower learningRate, clip gradients, or use precision fp32.',
    );
  }
}
