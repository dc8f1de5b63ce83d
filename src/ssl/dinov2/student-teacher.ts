import { createBackbone, type ModelConfig, type VisionTransformer } from '../../models/index.js';
import {
  autocast,
  backward,
  cat,
  empty,
  fromArray,
  gradOf,
  Module,
  noGrad,
  type Precision,
  scope,
  type Tensor,
  withoutInitialization,
  withThreads,
} from '../../torch/index.js';
import { embeddingSpread } from '../contrastive-loss.js';
import { type AssignmentStatistics, assignmentStatistics } from './assignments.js';
import { Centering } from './centering.js';
import type { HeadOptions } from './dino-head.js';
import { type GramLossOptions, gramLoss } from './gram-loss.js';
import { koleoLoss } from './koleo-loss.js';
import type { PatchMasks } from './masks.js';
import { Dinov2Network } from './network.js';
import { sinkhornKnopp_ } from './sinkhorn-knopp.js';
import type { Lesson, Seen } from './step-part.js';
import { type Range, rowsOf, StepParts } from './step-parts.js';
import { becomeTeacher } from './teacher.js';

/** What the student learns from its teacher. */
export interface Objective {
  head: HeadOptions;
  /** A head of the patches' own; null where the head of the class tokens serves them too. */
  ibotHead: HeadOptions | null;
  /** Of the losses; 0 leaves one out (that of the class tokens must be there). */
  weights: { dino: number; ibot: number; koleo: number };
  /** How the teacher's scores become targets. */
  centering: 'centering' | 'sinkhorn-knopp';
  /** Of the moving centers: 0.9 in the original. */
  centerMomentum: number;
  /** Of the student's softmax: 0.1 in the original. */
  studentTemperature: number;
  /** DINOv3's Gram anchoring; null for none. */
  gram: GramAnchoring | null;
}

export interface GramAnchoring extends GramLossOptions {
  weight: number;
  /** The anchor is a copy of the teacher, made when so many epochs are done; the loss begins there. */
  start: number;
  /** Epochs after which it is copied again; null for never. */
  every: number | null;
}

/** Crops of B images, values 0..1: all first global crops, then all second ones; L local crops of each likewise. */
export interface Crops {
  /** `[2 B, 3, S, S]` */
  global: Tensor;
  /** `[L B, 3, s, s]`; null for none. */
  local: Tensor | null;
}

/** The names of the original's log, as they are shown there: KoLeo and iBOT per global crop. */
export type LossPart = 'dinoLocal' | 'dinoGlobal' | 'koleo' | 'ibot' | 'gram';

export interface Losses {
  /** What is minimized. */
  loss: number;
  parts: Partial<Record<LossPart, number>>;
  /** Of the teacher: its assignments, and the spread of its class tokens (1 uniform on the sphere, 0 collapsed). */
  indicators: AssignmentStatistics & { featureSpread: number };
}

interface Targets {
  /** `[2 B, K]`: what crop 1 is to predict, then what crop 2 is: each the other's. */
  classes: Tensor;
  /** `[M, K]`, of the masked patches; null where there are none. */
  patches: Tensor | null;
}

/** Losses that compare rows of the whole batch, and their gradients by its tokens. */
interface Comparisons {
  parts: Losses['parts'];
  /** Weighed. */
  loss: number;
  classes: Tensor | null;
  everyPatch: Tensor | null;
}

const GLOBAL_CROPS = 2;

/** Student, teacher and centers: one loss (dinov2/train/ssl_meta_arch.py, forward_backward). */
export class StudentTeacher extends Module {
  readonly student: Dinov2Network;
  readonly teacher: Dinov2Network;
  readonly dinoCentering: Centering | null;
  readonly ibotCentering: Centering | null;
  /** The teacher as it was some time ago, whose patches' similarities the student keeps; none before the first copy. */
  gramAnchor: VisionTransformer | null = null;
  private batch: StepParts | undefined;
  private patchScores: Tensor | undefined;

  /** `threads`: how many share the rows of a batch on the CPU, this one included. */
  constructor(
    private readonly model: ModelConfig,
    readonly objective: Objective,
    readonly precision: Precision = 'fp32',
    readonly threads = 1,
  ) {
    super();
    const { head, ibotHead, centering, centerMomentum } = objective;
    this.student = new Dinov2Network(model, head, ibotHead);
    this.teacher = withoutInitialization(() => new Dinov2Network(model, head, ibotHead));
    const center = ({ prototypes }: HeadOptions) =>
      centering === 'centering' ? new Centering(prototypes, centerMomentum) : null;
    this.dinoCentering = center(head);
    this.ibotCentering = center(ibotHead ?? head);
    becomeTeacher(this.teacher, this.student);
  }

  /** Keeps the teacher's backbone as it is now, for Gram anchoring. */
  copyGramAnchor(): void {
    this.gramAnchor ??= withoutInitialization(() => createBackbone(this.model) as VisionTransformer).to(
      this.teacher.backbone.cls_token.device,
    );
    becomeTeacher(this.gramAnchor, this.teacher.backbone);
  }

  /** The losses of one batch; adds their gradients to those of the student, and moves the centers. */
  learn(crops: Crops, { masks, indices, weights: patchWeights }: PatchMasks, teacherTemperature: number): Losses {
    return scope(() => {
      const { weights, studentTemperature, gram } = this.objective;
      const { device } = crops.global;
      const B = crops.global.size(0) / GLOBAL_CROPS;
      const L = crops.local ? crops.local.size(0) / B : 0;
      const patches = weights.ibot > 0 && indices.size(0) > 0 ? indices : null;
      this.batch ??= this.share(device);
      const classScores = empty([GLOBAL_CROPS * B, this.objective.head.prototypes], 'float32', device);
      const patchScores = patches && this.patchScoreSpace(patches.size(0), device);
      const part = { ...crops, masks, patches, classScores, patchScores };
      const seen = this.batch.look(part, gram !== null && this.gramAnchor !== null);
      const targets = this.targets(classScores, patchScores, teacherTemperature);
      const compared = this.compare(seen, crops.global);

      const ofImages = targets.classes.reshape([GLOBAL_CROPS, B, -1]).sum([0]); // [B, K]
      const localTargets = ({ first, count }: Range) => {
        const images = Array.from({ length: count }, (_, row) => BigInt((first + row) % B));
        return ofImages.indexSelect(0, fromArray(BigInt64Array.from(images), [count], ofImages.device));
      };
      const lessons = this.batch.shares.map((share): Lesson => {
        return {
          classTargets: rowsOf(targets.classes, share.global),
          localTargets: L > 0 ? localTargets(share.local) : null,
          patchTargets: targets.patches && rowsOf(targets.patches, share.patches),
          patchWeights: targets.patches && rowsOf(patchWeights, share.patches),
          classGradients: compared.classes && rowsOf(compared.classes, share.global),
          patchGradients: compared.everyPatch && rowsOf(compared.everyPatch, share.everyPatch),
        };
      });
      const pairs = GLOBAL_CROPS * L + GLOBAL_CROPS;
      // Means over images: of local crops over B, of global ones, which two crops share, over 2 B for each of two.
      const shareOf = { local: 1 / (B * pairs), global: 1 / (B * pairs), patches: 1 / (GLOBAL_CROPS * B) };
      const scales = {
        local: weights.dino * shareOf.local,
        global: weights.dino * shareOf.global,
        patches: weights.ibot * shareOf.patches,
      };
      const learnt = this.batch.learn(lessons, { scales, temperature: studentTemperature });
      const parts: Losses['parts'] = {};
      if (L > 0) parts.dinoLocal = learnt.local * shareOf.local;
      parts.dinoGlobal = learnt.global * shareOf.global;
      if (compared.parts.koleo !== undefined) parts.koleo = compared.parts.koleo;
      if (targets.patches) parts.ibot = (learnt.patches * shareOf.patches) / GLOBAL_CROPS;
      if (compared.parts.gram !== undefined) parts.gram = compared.parts.gram;
      const own = learnt.local * scales.local + learnt.global * scales.global + learnt.patches * scales.patches;
      return { loss: own + compared.loss, parts, indicators: indicatorsOf(targets, seen) };
    });
  }

  private share(device: string): StepParts {
    const { model, precision, student, teacher } = this;
    const { head, ibotHead } = this.objective;
    return new StepParts(student, teacher, { model, head, ibotHead, precision }, device === 'cpu' ? this.threads : 1);
  }

  /** `[M, K]`. The memory stays from step to step: to get it anew, page by page, takes longer than to fill it. */
  private patchScoreSpace(patches: number, device: string): Tensor {
    const { head, ibotHead } = this.objective;
    if (!this.patchScores || this.patchScores.size(0) < patches) {
      this.patchScores?.free();
      this.patchScores = empty([patches, (ibotHead ?? head).prototypes], 'float32', device).keep();
    }
    return this.patchScores.narrow(0, 0, patches);
  }

  /** The scores of the patches are overwritten. */
  private targets(classScores: Tensor, patchScores: Tensor | null, temperature: number): Targets {
    return scope(() => {
      const [first, second] = classScores.chunk(GLOBAL_CROPS) as [Tensor, Tensor];
      const assign = (values: Tensor, centering: Centering | null) =>
        centering ? centering.targets(values, temperature) : sinkhornKnopp_(values, temperature);
      return {
        classes: assign(cat([second, first]), this.dinoCentering),
        patches: patchScores && assign(patchScores, this.ibotCentering),
      };
    });
  }

  /** KoLeo and Gram anchoring. */
  private compare(seen: Seen, global: Tensor): Comparisons {
    return scope(() => {
      const { weights, gram } = this.objective;
      const parts: Losses['parts'] = {};
      const terms: Tensor[] = [];
      const [classes, everyPatch] = [seen.classes, seen.everyPatch].map((leaf) => leaf?.requiresGrad_(true));
      if (weights.koleo > 0) {
        const [first, second] = classes!.to('float32').chunk(GLOBAL_CROPS) as [Tensor, Tensor];
        const sum = koleoLoss(first).add(koleoLoss(second)).mul(weights.koleo);
        parts.koleo = sum.item() / GLOBAL_CROPS;
        terms.push(sum);
      }
      if (everyPatch && gram) {
        const anchor = noGrad(() =>
          autocast(global.device, this.precision, () =>
            withThreads(this.threads, () => this.gramAnchor!.features(global).patchTokens.to('float32')),
          ),
        );
        const loss = gramLoss(everyPatch.to('float32').reshape(anchor.shape), anchor, gram);
        parts.gram = loss.item();
        terms.push(loss.mul(gram.weight));
      }
      if (terms.length === 0) return { parts, loss: 0, classes: null, everyPatch: null };
      const sum = terms.reduce((total, term) => total.add(term));
      backward(sum);
      return { parts, loss: sum.item(), classes: gradOf(classes!), everyPatch: everyPatch ? gradOf(everyPatch) : null };
    });
  }

  /** Ends the threads too. */
  override free(): void {
    this.batch?.free();
    this.patchScores?.free();
    super.free();
  }
}

const indicatorsOf = ({ classes }: Targets, { teacherClasses }: Seen): Losses['indicators'] => ({
  ...assignmentStatistics(classes),
  featureSpread: embeddingSpread(teacherClasses.to('float32')),
});
