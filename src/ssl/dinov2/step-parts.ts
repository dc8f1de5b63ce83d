import { compiledUrl } from '../../base/index.js';
import {
  cat,
  foreachAdd_,
  generatorState,
  gradOf,
  noGrad,
  scope,
  setGrad,
  shareTensor,
  type Tensor,
  takeTensor,
} from '../../torch/index.js';
import { Team } from '../../training/index.js';
import type { DinoHead } from './dino-head.js';
import type { Dinov2Network } from './network.js';
import { type StepMember, type StepReply, type StepRequest, shared, taken } from './step-member.js';
import {
  type HeadPrototypes,
  type Lesson,
  type LessonLosses,
  type LessonOptions,
  type Part,
  type Seen,
  StepPart,
} from './step-part.js';

export interface Range {
  first: number;
  count: number;
}

/** Which rows of the batch a part has: global crops, masked patches, all patches, local crops. */
export type Share = Record<'global' | 'patches' | 'everyPatch' | 'local', Range>;

/**
 * A whole batch, whose rows are shared out among threads that have the same parameters; this thread does a part too. All of it
 * is what one thread would do, stochastic depth included; the parts' gradients are summed in their order, so that the same number
 * of threads gives the same bits. One thread has one part. Operators of this thread
 * should keep to it meanwhile (`withThreads`).
 */
export class StepParts {
  private readonly own: StepPart;
  private readonly prototypes: { student: HeadPrototypes; teacher: HeadPrototypes };
  private team: Team<StepRequest, StepReply> | null = null;
  shares: Share[] = [];

  /** `member`: what networks of the same shape are made of. */
  constructor(
    private readonly student: Dinov2Network,
    private readonly teacher: Dinov2Network,
    private readonly member: Omit<StepMember, 'student' | 'teacher' | 'prototypes'>,
    private readonly threads: number,
  ) {
    this.prototypes = { student: spaceOf(student), teacher: spaceOf(teacher) };
    this.own = new StepPart(student, teacher, this.prototypes, member.precision);
  }

  /** What all parts saw, put together. */
  look(batch: Part, everyPatch: boolean): Seen {
    return scope(() => {
      for (const network of ['student', 'teacher'] as const) {
        eachHead(this[network], (head, name) => head.last_layer.weightInto(this.prototypes[network][name]));
      }
      this.shares = shareOut(batch, this.threads);
      const parts = this.shares.map((share) => partOf(batch, share));
      const places = this.shares.map(({ global, local }) => ({
        global: { first: global.first, whole: batch.global.size(0) },
        local: { first: local.first, whole: batch.local?.size(0) ?? 0 },
        everyPatch,
      }));
      const requests = parts.slice(1).map((part, i): StepRequest => {
        return { type: 'look', part: shared(part), place: places[i + 1]!, generator: shareTensor(generatorState()) };
      });
      const { own, replies } = this.together(requests, () => this.own.look(parts[0]!, places[0]!));
      const all = [own, ...replies.map((reply) => taken<Seen>(reply.seen!))];
      const joined = (name: keyof Seen): Tensor | null => {
        const tensors = all.map((each) => each[name]).filter((each) => each !== null);
        return tensors.length > 1 ? cat(tensors) : (tensors[0] ?? null);
      };
      return {
        teacherClasses: joined('teacherClasses')!,
        classes: joined('classes')!,
        everyPatch: joined('everyPatch'),
      };
    });
  }

  /** Losses of the whole batch; adds to the gradients of the student's parameters. `lessons`: one for each of the shares. */
  learn(lessons: readonly Lesson[], options: LessonOptions): LessonLosses {
    return scope(() => {
      const requests = lessons
        .slice(1)
        .map((lesson): StepRequest => ({ type: 'learn', lesson: shared(lesson), options }));
      const { own, replies } = this.together(requests, () => this.own.learn(lessons[0]!, options));
      const learnt = replies.map((reply) => reply.learnt!);
      const ofPrototypes = this.own.prototypeGradients;
      for (const { gradients, prototypes } of learnt) {
        this.add(gradients);
        const theirs = taken<HeadPrototypes>(prototypes);
        noGrad(() => eachHead(this.student, (_, name) => ofPrototypes[name].add_(theirs[name])));
      }
      eachHead(this.student, (head, name) => head.last_layer.learn(this.prototypes.student[name], ofPrototypes[name]));
      const sum = (name: keyof LessonLosses) => learnt.reduce((total, { losses }) => total + losses[name], own[name]);
      return { local: sum('local'), global: sum('global'), patches: sum('patches') };
    });
  }

  private add(gradients: readonly (number | null)[]): void {
    noGrad(() => {
      const [ours, theirs]: [Tensor[], Tensor[]] = [[], []];
      for (const [i, parameter] of this.student.parameters().entries()) {
        const ticket = gradients[i]!;
        if (ticket === null) continue;
        const gradient = takeTensor(ticket);
        const own = gradOf(parameter);
        if (!own) setGrad(parameter, gradient);
        else {
          ours.push(own);
          theirs.push(gradient);
        }
      }
      if (ours.length > 0) foreachAdd_(ours, theirs, 1);
    });
  }

  private together<T>(requests: StepRequest[], own: () => T): { own: T; replies: StepReply[] } {
    if (requests.length === 0) return { own: own(), replies: [] };
    this.team ??= this.gather();
    return this.team.together(requests, own);
  }

  private gather(): Team<StepRequest, StepReply> {
    const config = (): StepMember => ({
      ...this.member,
      student: this.student.parameters().map(shareTensor),
      teacher: this.teacher.parameters().map(shareTensor),
      prototypes: { student: shared(this.prototypes.student), teacher: shared(this.prototypes.teacher) },
    });
    return new Team(compiledUrl('./step-member.js', import.meta.url).href, config, this.threads - 1);
  }

  /** Ends the other threads. */
  free(): void {
    this.own.free();
    for (const { classes, patches } of Object.values(this.prototypes)) {
      classes.free();
      patches.free();
    }
    this.team?.close();
    this.team = null;
  }
}

/** Memory for the prototypes of a network's heads; for those of the patches that of the class tokens where they are the same. */
function spaceOf(network: Dinov2Network): HeadPrototypes {
  const space = (head: DinoHead) => head.last_layer.weight_v.zerosLike().keep();
  const classes = space(network.dino_head);
  return { classes, patches: network.ibot_head ? space(network.ibot_head) : classes };
}

function eachHead(network: Dinov2Network, work: (head: DinoHead, name: keyof HeadPrototypes) => void): void {
  work(network.dino_head, 'classes');
  if (network.ibot_head) work(network.ibot_head, 'patches');
}

/** As many parts as there are threads, or rows of each kind, as even as whole rows are. */
function shareOut({ global, local, masks, patches }: Part, threads: number): Share[] {
  const parts = Math.min(threads, global.size(0), local?.size(0) ?? threads);
  const even = (rows: number, part: number): Range => {
    const first = Math.floor((rows * part) / parts);
    return { first, count: Math.floor((rows * (part + 1)) / parts) - first };
  };
  const all = { first: 0, count: patches?.size(0) ?? 0 };
  return Array.from({ length: parts }, (_, part) => {
    const crops = even(global.size(0), part);
    return {
      global: crops,
      patches: patches && parts > 1 ? patchesOf(patches, masks.size(1), crops) : all,
      everyPatch: { first: crops.first * masks.size(1), count: crops.count * masks.size(1) },
      local: even(local?.size(0) ?? 0, part),
    };
  });
}

/** Which of the patches, numbered over all crops in order, are of these crops. */
function patchesOf(patches: Tensor, perCrop: number, { first, count }: Range): Range {
  const before = (crop: number) =>
    patches
      .lt(crop * perCrop)
      .sum()
      .item();
  const start = before(first);
  return { first: start, count: before(first + count) - start };
}

function partOf({ global, masks, patches, local, classScores, patchScores }: Part, share: Share): Part {
  return {
    global: rowsOf(global, share.global),
    masks: rowsOf(masks, share.global),
    patches: patches && rowsOf(patches, share.patches).sub(share.global.first * masks.size(1)),
    local: local && rowsOf(local, share.local),
    classScores: rowsOf(classScores, share.global),
    patchScores: patchScores && rowsOf(patchScores, share.patches),
  };
}

export const rowsOf = (tensor: Tensor, { first, count }: Range): Tensor => tensor.narrow(0, first, count);
