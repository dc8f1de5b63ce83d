import { compiledUrl } from '../../base/index.js';
import type { VisionTransformer } from '../../models/index.js';
import {
  cat,
  foreachAdd_,
  generatorState,
  gradOf,
  noGrad,
  type Precision,
  scope,
  setGrad,
  setThreads,
  shareTensor,
  type Tensor,
  takeTensor,
  threads as threadsOfOperators,
} from '../../torch/index.js';
import { Team } from '../../training/index.js';
import { type BackboneMember, type BackboneReply, type BackboneRequest, shared, taken } from './backbone-member.js';
import { BackbonePart, type Part, type TokenGradients, type Tokens } from './backbone-part.js';

/** Rows `first` to `first + count` of the batch's tokens of each kind: what a part gave, and gets the gradients of. */
type Shares = Record<'global' | 'local' | 'patches', { first: number; count: number }>;

/**
 * The backbones of student and teacher on a whole batch, whose rows are shared out among threads that have the same
 * parameters; this thread does a part too. All of it is what one thread would do, stochastic depth included; the gradients of
 * the parts are summed in their order. On one thread, and on a GPU, there is one part.
 */
export class Backbones {
  private readonly own: BackbonePart;
  private team: Team<BackboneRequest, BackboneReply> | null = null;
  private shares: Shares[] = [];

  constructor(
    private readonly student: VisionTransformer,
    private readonly teacher: VisionTransformer,
    private readonly precision: Precision,
    private readonly threads: number,
  ) {
    this.own = new BackbonePart(student, teacher, precision);
  }

  /** Tokens of the whole batch; those of the student are leaves, whose gradients `learn` takes. */
  look(batch: Part): Tokens {
    return scope(() => {
      this.shares = shareOut(batch, this.threads);
      const parts = this.shares.map((share) => partOf(batch, share));
      const rows = this.shares.map(({ global, local }) => ({
        global: { first: global.first, whole: batch.global.size(0) },
        local: { first: local.first, whole: batch.local?.size(0) ?? 0 },
      }));
      const requests = parts.slice(1).map((part, i): BackboneRequest => {
        return { type: 'look', part: shared(part), rows: rows[i + 1]!, generator: shareTensor(generatorState()) };
      });
      const { own, replies } = this.together(requests, () => this.own.look(parts[0]!, rows[0]!));
      const all = [own, ...replies.map((reply) => taken<Tokens>((reply as { tokens: never }).tokens))];
      const joined = (name: keyof Tokens): Tensor | null => {
        const tokens = all.map((each) => each[name]).filter((each) => each !== null);
        return tokens.length > 1 ? cat(tokens) : (tokens[0] ?? null);
      };
      return {
        teacherClasses: joined('teacherClasses')!,
        teacherPatches: joined('teacherPatches'),
        classes: joined('classes')!.requiresGrad_(true),
        patches: joined('patches')?.requiresGrad_(true) ?? null,
        local: joined('local')?.requiresGrad_(true) ?? null,
      };
    });
  }

  /** Adds to the gradients of the student's parameters what comes of those of the tokens that `look` gave. */
  learn(tokens: Tokens): void {
    scope(() => {
      const gradients = this.shares.map((share): TokenGradients => {
        const of = (leaf: Tensor | null, { first, count }: Shares['global']) =>
          (leaf && gradOf(leaf)?.narrow(0, first, count)) ?? null;
        return {
          classes: of(tokens.classes, share.global),
          patches: of(tokens.patches, share.patches),
          local: of(tokens.local, share.local),
        };
      });
      const requests = gradients.slice(1).map((each): BackboneRequest => ({ type: 'learn', gradients: shared(each) }));
      const { replies } = this.together(requests, () => this.own.learn(gradients[0]!));
      for (const reply of replies) this.add((reply as { gradients: (number | null)[] }).gradients);
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

  /** While others are at work, an operator of this thread keeps to it. */
  private together<T>(requests: BackboneRequest[], own: () => T): { own: T; replies: BackboneReply[] } {
    if (requests.length === 0) return { own: own(), replies: [] };
    this.team ??= this.gather();
    const before = threadsOfOperators();
    setThreads(1);
    try {
      return this.team.together(requests, own);
    } finally {
      setThreads(before);
    }
  }

  private gather(): Team<BackboneRequest, BackboneReply> {
    const { student, teacher, precision } = this;
    const config = (): BackboneMember => ({
      model: student.config,
      precision,
      student: student.parameters().map(shareTensor),
      teacher: teacher.parameters().map(shareTensor),
    });
    return new Team(compiledUrl('./backbone-member.js', import.meta.url).href, config, this.threads - 1);
  }

  /** Ends the other threads. */
  free(): void {
    this.team?.close();
    this.team = null;
  }
}

/** As many parts as there are threads, or rows of each kind, as even as whole rows are. */
function shareOut({ global, local, masks, patches }: Part, threads: number): Shares[] {
  const parts = Math.min(threads, global.size(0), local?.size(0) ?? threads);
  const even = (rows: number, part: number) => {
    const first = Math.floor((rows * part) / parts);
    return { first, count: Math.floor((rows * (part + 1)) / parts) - first };
  };
  return Array.from({ length: parts }, (_, part) => {
    const ofGlobal = even(global.size(0), part);
    return {
      global: ofGlobal,
      local: even(local?.size(0) ?? 0, part),
      patches:
        patches && parts > 1 ? patchesOf(patches, masks.size(1), ofGlobal) : { first: 0, count: patches?.size(0) ?? 0 },
    };
  });
}

/** Which of the patches, numbered over all crops in order, are of these crops. */
function patchesOf(patches: Tensor, perCrop: number, { first, count }: Shares['global']): Shares['patches'] {
  const before = (crop: number) =>
    patches
      .lt(crop * perCrop)
      .sum()
      .item();
  const start = before(first);
  return { first: start, count: before(first + count) - start };
}

function partOf({ global, masks, patches, local }: Part, share: Shares): Part {
  const rows = (tensor: Tensor, { first, count }: Shares['global']) => tensor.narrow(0, first, count);
  return {
    global: rows(global, share.global),
    masks: rows(masks, share.global),
    patches: patches && rows(patches, share.patches).sub(share.global.first * masks.size(1)),
    local: local && rows(local, share.local),
  };
}
