import { HilumError } from '../../base/index.js';
import type { Metrics } from '../../training/index.js';

/** What a watch remembers between steps; plain JSON. */
export interface CollapseMemory {
  /** Steps on end at which an indicator stood beyond its limit. */
  alike: number;
  mute: number;
}

/** Teacher features of a spread below this are the same for all images (1 is uniform on the sphere). */
const ALIKE = 0.02;
/**
 * What an assignment tells of its image, in nats, below which it tells nothing: all to one prototype, or to all alike.
 * Small trainings on CIFAR-10 that went well had 0.04 to 0.12 at their start and 0.25 to 0.65 after 160 steps, those that
 * collapsed had less than 0.001 throughout.
 */
const MUTE = 0.02;
/** Share of all steps, and least number of steps, that an indicator may stand beyond its limit: a start may be flat. */
const PATIENCE = 0.1;
const LEAST_STEPS = 50;

/** Notices that the teacher tells images apart no more, which no loss shows. */
export class CollapseWatch {
  memory: CollapseMemory = { alike: 0, mute: 0 };

  /** Throws a HilumError with advice once an indicator has been beyond its limit for long. */
  see(metrics: Metrics, step: number, totalSteps: number): void {
    const { memory } = this;
    const { featureSpread = 1, assignmentInformation = 1 } = metrics;
    memory.alike = featureSpread < ALIKE ? memory.alike + 1 : 0;
    memory.mute = assignmentInformation < MUTE ? memory.mute + 1 : 0;
    const patience = Math.max(LEAST_STEPS, PATIENCE * totalSteps);
    if (Math.max(memory.alike, memory.mute) <= patience) return;
    const [steps, found] =
      memory.alike > patience
        ? [memory.alike, `the teacher's features of all images are alike (spread ${featureSpread.toFixed(3)})`]
        : [
            memory.mute,
            `the teacher's assignments say nothing of the image (${assignmentInformation.toFixed(3)} nats)`,
          ];
    throw new HilumError(
      `pretraining: collapsed: at step ${step + 1}, and for ${steps} steps on end, ${found}; expected features that tell ` +
        'images apart. Lower learningRate or the end of teacherTemperature, raise momentum, use fewer prototypes, a ' +
        'larger batch, or centering: sinkhorn-knopp.',
    );
  }
}
