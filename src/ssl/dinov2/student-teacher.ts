import { createBackbone, type ModelConfig, type VisionTransformer } from '../../models/index.js';
import {
  arange,
  autocast,
  backward,
  cat,
  Module,
  noGrad,
  type Precision,
  scope,
  type Tensor,
  withoutInitialization,
} from '../../torch/index.js';
import { embeddingSpread } from '../contrastive-loss.js';
import { type AssignmentStatistics, assignmentStatistics } from './assignments.js';
import type { Tokens } from './backbone-part.js';
import { Backbones } from './backbones.js';
import { Centering } from './centering.js';
import type { HeadOptions } from './dino-head.js';
import { dinoLoss } from './dino-loss.js';
import { type GramLossOptions, gramLoss } from './gram-loss.js';
import { ibotLoss } from './ibot-loss.js';
import { koleoLoss } from './koleo-loss.js';
import type { PatchMasks } from './masks.js';
import { Dinov2Network } from './network.js';
import { sinkhornKnopp } from './sinkhorn-knopp.js';
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
  total: Tensor;
  parts: Partial<Record<LossPart, Tensor>>;
  /** Of the teacher: its assignments, and the spread of its class tokens (1 uniform on the sphere, 0 collapsed). */
  indicators: AssignmentStatistics & { featureSpread: number };
  /** Where the losses look, and `total` goes backward to. */
  tokens: Tokens;
}

interface Targets {
  /** `[2, B, K]`: what crop 1 is to predict, then what crop 2 is: each the other's. */
  classes: Tensor;
  /** `[M, K]`, of the masked patches; null where there are none. */
  patches: Tensor | null;
  indicators: Losses['indicators'];
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
  private backbones: Backbones | undefined;

  /** `threads`: how many share the rows of a batch on the CPU, this one included. */
  constructor(
    private readonly model: ModelConfig,
    readonly objective: Objective,
    readonly precision: Precision = 'fp32',
    private readonly threads = 1,
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

  /** The losses of one batch, which go `backward`; moves the centers. */
  losses(crops: Crops, masks: PatchMasks, teacherTemperature: number): Losses {
    return scope(() => {
      const { weights, studentTemperature } = this.objective;
      const { device } = crops.global;
      const B = crops.global.size(0) / GLOBAL_CROPS;
      const L = crops.local ? crops.local.size(0) / B : 0;
      const cast = <T>(work: () => T) => autocast(device, this.precision, work);
      const tokens = this.look(crops, masks);
      const targets = noGrad(() => cast(() => this.targets(tokens, masks, teacherTemperature)));
      const K = targets.classes.size(2);

      const scores = cast(() => this.scores(tokens, masks));
      const [local, global] = [scores.classes.narrow(0, 0, L * B), scores.classes.narrow(0, L * B, GLOBAL_CROPS * B)];
      const pairs = GLOBAL_CROPS * L + GLOBAL_CROPS;
      const parts: Losses['parts'] = {};
      const terms: Tensor[] = [];
      if (L > 0) {
        parts.dinoLocal = dinoLoss(local.reshape([L, B, K]), targets.classes, studentTemperature).div(pairs);
        terms.push(parts.dinoLocal.mul(weights.dino));
      }
      const crossed = targets.classes.reshape([1, GLOBAL_CROPS * B, K]);
      parts.dinoGlobal = dinoLoss(global.unsqueeze(0), crossed, studentTemperature).mul(GLOBAL_CROPS / pairs);
      terms.push(parts.dinoGlobal.mul(weights.dino));
      if (weights.koleo > 0) {
        const [first, second] = tokens.classes.to('float32').chunk(GLOBAL_CROPS) as [Tensor, Tensor];
        const sum = koleoLoss(first).add(koleoLoss(second)).mul(weights.koleo);
        parts.koleo = sum.div(GLOBAL_CROPS);
        terms.push(sum);
      }
      if (scores.patches && targets.patches) {
        const loss = ibotLoss(scores.patches, targets.patches, masks.weights, GLOBAL_CROPS * B, studentTemperature);
        parts.ibot = loss.div(GLOBAL_CROPS);
        terms.push(loss.mul(weights.ibot));
      }
      if (this.gramAnchor && this.objective.gram) {
        const anchor = noGrad(() => cast(() => this.gramAnchor!.features(crops.global).patchTokens.to('float32')));
        const seen = tokens.patches!.to('float32').reshape(anchor.shape);
        parts.gram = gramLoss(seen, anchor, this.objective.gram);
        terms.push(parts.gram.mul(this.objective.gram.weight));
      }
      const total = terms.reduce((sum, term) => sum.add(term));
      return { total, parts, indicators: targets.indicators, tokens };
    });
  }

  /** Adds the gradients of the losses to those of the student. */
  backward({ total, tokens }: Losses): void {
    backward(total);
    this.backbones!.learn(tokens);
  }

  /** Class tokens and the patch tokens that the losses need: the masked ones, or all for Gram anchoring. */
  private look({ global, local }: Crops, { masks, indices }: PatchMasks): Tokens {
    const { student, teacher, precision } = this;
    const threads = global.device === 'cpu' ? this.threads : 1;
    this.backbones ??= new Backbones(student.backbone, teacher.backbone, precision, threads);
    const needed = this.masksInUse(indices) > 0 ? indices : null;
    const patches = this.gramAnchor ? arange(0, masks.size(0) * masks.size(1), 1, 'int64', global.device) : needed;
    return this.backbones.look({ global, masks, patches, local });
  }

  /** The teacher sees the global crops without masks. */
  private targets({ teacherClasses, teacherPatches }: Tokens, masks: PatchMasks, temperature: number): Targets {
    return scope(() => {
      const [first, second] = teacherClasses.chunk(GLOBAL_CROPS) as [Tensor, Tensor];
      const scores = this.teacher.scores(cat([second, first]), this.masked(teacherPatches, masks));
      const assign = (values: Tensor, centering: Centering | null) =>
        centering ? centering.targets(values, temperature) : sinkhornKnopp(values, temperature);
      const classes = assign(scores.classes, this.dinoCentering); // [2 B, K]
      const featureSpread = embeddingSpread(teacherClasses.to('float32'));
      return {
        classes: classes.reshape([GLOBAL_CROPS, -1, classes.size(1)]),
        patches: scores.patches && assign(scores.patches, this.ibotCentering),
        indicators: { ...assignmentStatistics(classes), featureSpread },
      };
    });
  }

  /** The student's, of local and global crops in this order, and of masked patches; float32. */
  private scores({ classes, patches, local }: Tokens, masks: PatchMasks) {
    return scope(() => this.student.scores(local ? cat([local, classes]) : classes, this.masked(patches, masks)));
  }

  /** The masked ones among the patch tokens looked at, `[M, D]`; null where the loss has no use for them. */
  private masked(patches: Tensor | null, { indices }: PatchMasks): Tensor | null {
    if (this.masksInUse(indices) === 0) return null;
    return this.gramAnchor ? patches!.indexSelect(0, indices) : patches;
  }

  private masksInUse(indices: Tensor): number {
    return this.objective.weights.ibot === 0 ? 0 : indices.size(0);
  }

  /** Ends the threads too. */
  override free(): void {
    this.backbones?.free();
    super.free();
  }
}
