import { type Rows, withRows } from '../../models/index.js';
import { autocast, backward, cat, noGrad, type Precision, scope, type Tensor } from '../../torch/index.js';
import type { DinoHead } from './dino-head.js';
import type { Dinov2Network } from './network.js';
import { PrototypeLoss } from './prototype-loss.js';

/** Some rows of a batch of crops. */
export interface Part {
  /** `[n, 3, S, S]` */
  global: Tensor;
  /** `[n, N]`, bool: the patches that the student sees masked. */
  masks: Tensor;
  /** `[m]`, int64: which of these n * N are masked; null where no loss looks at them. */
  patches: Tensor | null;
  /** `[k, 3, s, s]` */
  local: Tensor | null;
  /** Filled with the teacher's scores: `[n, K]` of the class tokens, `[m, K]` of the masked patches. */
  classScores: Tensor;
  patchScores: Tensor | null;
}

/** Where its crops stand in the batch, and whether all patches are asked for, not only the masked ones. */
export interface PartPlace {
  global: Rows;
  local: Rows;
  everyPatch: boolean;
}

/** What a part must tell for the losses of the whole batch, without history. */
export interface Seen {
  /** Class tokens of the teacher, which sees the global crops unmasked, `[n, D]`. */
  teacherClasses: Tensor;
  /** Of the student: class tokens of the global crops `[n, D]`, and, where asked for, all their patch tokens `[n * N, D]`. */
  classes: Tensor;
  everyPatch: Tensor | null;
}

/** What the student is to learn from a part. */
export interface Lesson {
  /** `[n, K]`, of the other global crop of each image. */
  classTargets: Tensor;
  /** `[k, K]`, the sum over both global crops. */
  localTargets: Tensor | null;
  /** `[m, K]`, of the masked patches, and their weights `[m]`. */
  patchTargets: Tensor | null;
  patchWeights: Tensor | null;
  /** Gradients by the student's tokens of the losses that are not a part's own; null where there are none. */
  classGradients: Tensor | null;
  patchGradients: Tensor | null;
}

/**
 * Sums over a part's rows of cross-entropy: of the class tokens of local crops, of those of global crops, and of masked patches,
 * each of these times its weight.
 */
export type LessonLosses = Record<'local' | 'global' | 'patches', number>;

export interface LessonOptions {
  /** What each of the sums counts in the loss of the batch. */
  scales: LessonLosses;
  /** Of the student's softmax. */
  temperature: number;
}

/** Prototypes at their length, `[K, bottleneck]`, of each head: those of the class tokens, and those of the patches where they differ. */
export type HeadPrototypes = Record<'classes' | 'patches', Tensor>;

interface StudentTokens {
  classes: Tensor;
  patches: Tensor | null;
  local: Tensor | null;
  everyPatch: Tensor | null;
}

/**
 * Student and teacher on a part of a batch: forward to what the losses of the whole batch need, and then, with the targets
 * that come of the whole batch, the losses of the part's own rows and backward.
 */
export class StepPart {
  private tokens: StudentTokens | null = null;
  private readonly losses: Record<'classes' | 'patches', PrototypeLoss>;

  /** The prototypes are not computed here: who changes the weights changes them, for all parts. */
  constructor(
    private readonly student: Dinov2Network,
    private readonly teacher: Dinov2Network,
    private readonly prototypes: { student: HeadPrototypes; teacher: HeadPrototypes },
    private readonly precision: Precision,
  ) {
    const { classes, patches } = prototypes.student;
    const ofClasses = new PrototypeLoss(classes);
    this.losses = { classes: ofClasses, patches: student.ibot_head ? new PrototypeLoss(patches) : ofClasses };
  }

  /** Gradients by the student's prototypes of what `learn` learnt last. */
  get prototypeGradients(): Record<'classes' | 'patches', Tensor> {
    return { classes: this.losses.classes.gradient, patches: this.losses.patches.gradient };
  }

  look({ global, masks, patches, local, classScores, patchScores }: Part, place: PartPlace): Seen {
    this.forget();
    const { student, teacher } = this;
    const prototypes = this.prototypes.teacher;
    return scope(() =>
      this.cast(global.device, () => {
        const theirs = noGrad(() => {
          const { classTokens, patchTokens } = teacher.backbone.tokensAt(global, patches);
          score(teacher.dino_head, classTokens, prototypes.classes, classScores);
          if (patchTokens && patchScores) score(teacher.patchHead, patchTokens, prototypes.patches, patchScores);
          return classTokens;
        });
        const ours = withRows(place.global, () => this.studentTokens(global, masks, patches, place.everyPatch));
        const ofLocal = local && withRows(place.local, () => student.backbone.tokensAt(local, null));
        this.tokens = { ...ours, local: ofLocal?.classTokens ?? null };
        for (const tokens of Object.values(this.tokens)) tokens?.keep();
        return {
          teacherClasses: theirs,
          classes: ours.classes.detach(),
          everyPatch: ours.everyPatch?.detach() ?? null,
        };
      }),
    );
  }

  private studentTokens(global: Tensor, masks: Tensor, patches: Tensor | null, everyPatch: boolean) {
    const { backbone } = this.student;
    if (!everyPatch) {
      const { classTokens, patchTokens } = backbone.tokensAt(global, patches, masks);
      return { classes: classTokens, patches: patchTokens, everyPatch: null };
    }
    const { classToken, patchTokens } = backbone.features(global, masks);
    const all = patchTokens.flatten(0, 1);
    return { classes: classToken, patches: patches && all.indexSelect(0, patches), everyPatch: all };
  }

  /**
   * The part's losses; adds what comes of them to the gradients of the student's parameters but its prototypes, whose gradients
   * stand in `prototypeGradients` then. Forgets the part.
   */
  learn(lesson: Lesson, { scales, temperature }: LessonOptions): LessonLosses {
    const { tokens, student } = this;
    if (!tokens) throw new Error('learn: nothing was looked at');
    const losses = { local: 0, global: 0, patches: 0 };
    const { classes: ofClasses, patches: ofPatches } = this.losses;
    ofClasses.begin();
    if (ofPatches !== ofClasses) ofPatches.begin();
    scope(() => {
      const terms: Tensor[] = [];
      const { device } = tokens.classes;
      const unitOf = (head: DinoHead, values: Tensor) => this.cast(device, () => head.unit(values));

      const locals = tokens.local?.size(0) ?? 0;
      const unit = unitOf(student.dino_head, tokens.local ? cat([tokens.local, tokens.classes]) : tokens.classes);
      const parts: Tensor[] = [];
      for (const [name, targets, first] of [
        ['local', lesson.localTargets, 0],
        ['global', lesson.classTargets, locals],
      ] as const) {
        if (!targets) continue;
        const own = unit.narrow(0, first, targets.size(0));
        const { loss, gradient } = ofClasses.add(own, targets, null, { scale: scales[name], temperature });
        losses[name] = loss;
        parts.push(gradient);
      }
      terms.push(dot(unit, cat(parts)));

      const { patchTargets, patchWeights } = lesson;
      if (patchTargets && tokens.patches && tokens.patches.size(0) > 0) {
        const own = unitOf(student.patchHead, tokens.patches);
        const how = { scale: scales.patches, temperature };
        const { loss, gradient } = ofPatches.add(own, patchTargets, patchWeights, how);
        losses.patches = loss;
        terms.push(dot(own, gradient));
      }
      if (lesson.classGradients) terms.push(dot(tokens.classes, lesson.classGradients));
      if (lesson.patchGradients) terms.push(dot(tokens.everyPatch!, lesson.patchGradients));
      backward(terms.reduce((sum, term) => sum.add(term)));
    });
    this.forget();
    return losses;
  }

  private cast<T>(device: string, work: () => T): T {
    return autocast(device, this.precision, work);
  }

  private forget(): void {
    for (const tokens of Object.values(this.tokens ?? {})) tokens?.free();
    this.tokens = null;
  }

  free(): void {
    this.forget();
    for (const loss of Object.values(this.losses)) loss.free();
  }
}

function score(head: DinoHead, tokens: Tensor, prototypes: Tensor, space: Tensor): void {
  scope(() => space.addmm_(head.unit(tokens), prototypes.transpose(0, 1), 0));
}

/** Its gradient by `values` is `gradient`. */
const dot = (values: Tensor, gradient: Tensor): Tensor => scope(() => values.mul(gradient).sum());
