import { type Schedule, warmupCosine } from '../../torch/index.js';

/** How the training moves; epochs may be fractions. The fields of the original's config stand behind each. */
export interface ScheduleOptions {
  epochs: number;
  /** Peak, reached after the warm-up, and end (optim.lr, optim.min_lr). */
  learningRate: readonly [peak: number, end: number];
  /** Epochs in which the learning rate grows from 0 (optim.warmup_epochs). */
  warmupEpochs: number;
  /** Epochs in which the prototypes stay as they are (optim.freeze_last_layer_epochs). */
  freezeLastLayerEpochs: number;
  /** Start and end (optim.weight_decay, optim.weight_decay_end). */
  weightDecay: readonly [start: number, end: number];
  /** Of the teacher, start and end (teacher.momentum_teacher, teacher.final_momentum_teacher). */
  momentum: readonly [start: number, end: number];
  /** Start and end (teacher.warmup_teacher_temp, teacher.teacher_temp). */
  teacherTemperature: readonly [start: number, end: number];
  /** Epochs in which the teacher's temperature goes from start to end (teacher.warmup_teacher_temp_epochs). */
  teacherTemperatureEpochs: number;
}

export interface Schedules {
  learningRate: Schedule;
  lastLayerLearningRate: Schedule;
  weightDecay: Schedule;
  momentum: Schedule;
  teacherTemperature: Schedule;
}

/** The schedules over steps (dinov2/train/train.py, build_schedulers). */
export function schedules(options: ScheduleOptions, stepsPerEpoch: number): Schedules {
  const steps = (epochs: number) => Math.round(epochs * stepsPerEpoch);
  const total = steps(options.epochs);
  const cosine = ([peak, end]: readonly [number, number], warmup = 0) => warmupCosine({ peak, end, total, warmup });
  const learningRate = cosine(options.learningRate, steps(options.warmupEpochs));
  const frozen = steps(options.freezeLastLayerEpochs);
  const [start, end] = options.teacherTemperature;
  const warmup = steps(options.teacherTemperatureEpochs);
  return {
    learningRate,
    lastLayerLearningRate: (step) => (step < frozen ? 0 : learningRate(step)),
    weightDecay: cosine(options.weightDecay),
    momentum: cosine(options.momentum),
    teacherTemperature: warmupCosine({ start, peak: end, end, total: warmup, warmup }),
  };
}

/** The original's learning rate for a batch: its base rate is meant for 1024 images (scaling_rule sqrt_wrt_1024). */
export const scaledLearningRate = (base: number, batchSize: number): number => base * Math.sqrt(batchSize / 1024);
