import { type Rows, type VisionTransformer, withRows } from '../../models/index.js';
import { autocast, backward, noGrad, type Precision, scope, type Tensor } from '../../torch/index.js';

/** Some rows of a batch of crops. */
export interface Part {
  /** `[n, 3, S, S]` */
  global: Tensor;
  /** `[n, N]`, bool: the patches that the student sees masked. */
  masks: Tensor;
  /** `[m]`, int64: the patches among these n * N that are looked at; null for none. */
  patches: Tensor | null;
  /** `[k, 3, s, s]` */
  local: Tensor | null;
}

/** Where its global and its local crops stand in the batch. */
export interface PartRows {
  global: Rows;
  local: Rows;
}

/** What the losses look at, without history. */
export interface Tokens {
  /** Class tokens `[n, D]` and patch tokens `[m, D]` of the global crops, which the teacher sees unmasked. */
  teacherClasses: Tensor;
  teacherPatches: Tensor | null;
  classes: Tensor;
  patches: Tensor | null;
  /** Class tokens of the local crops, `[k, D]`. */
  local: Tensor | null;
}

/** Gradients of a loss by the student's tokens; null where it does not depend on them. */
export type TokenGradients = Record<'classes' | 'patches' | 'local', Tensor | null>;

/**
 * The backbones of student and teacher on a part of a batch: forward to the tokens that the losses look at, and backward
 * from these tokens' gradients, once the losses of the whole batch are known.
 */
export class BackbonePart {
  private seen: TokenGradients = { classes: null, patches: null, local: null };

  constructor(
    private readonly student: VisionTransformer,
    private readonly teacher: VisionTransformer,
    private readonly precision: Precision,
  ) {}

  look({ global, masks, patches, local }: Part, rows: PartRows): Tokens {
    this.forget();
    return scope(() => {
      const cast = <T>(work: () => T) => autocast(global.device, this.precision, work);
      const theirs = noGrad(() => cast(() => this.teacher.tokensAt(global, patches)));
      const ours = cast(() => withRows(rows.global, () => this.student.tokensAt(global, patches, masks)));
      const ofLocal = local && cast(() => withRows(rows.local, () => this.student.tokensAt(local, null)));
      this.seen = { classes: ours.classTokens, patches: ours.patchTokens, local: ofLocal?.classTokens ?? null };
      for (const tokens of Object.values(this.seen)) tokens?.keep();
      return {
        teacherClasses: theirs.classTokens,
        teacherPatches: theirs.patchTokens,
        classes: ours.classTokens.detach(),
        patches: ours.patchTokens?.detach() ?? null,
        local: ofLocal?.classTokens.detach() ?? null,
      };
    });
  }

  /** Adds to the gradients of the student's parameters what comes of those of the tokens seen last, and forgets these. */
  learn(gradients: TokenGradients): void {
    scope(() => {
      const terms = Object.entries(this.seen).map(([name, tokens]) => {
        const gradient = gradients[name as keyof TokenGradients];
        return tokens && gradient && tokens.mul(gradient).sum(); // its derivative by the tokens is the gradient
      });
      const sums = terms.filter((term) => term !== null);
      if (sums.length > 0) backward(sums.reduce((sum, term) => sum.add(term)));
    });
    this.forget();
  }

  private forget(): void {
    for (const tokens of Object.values(this.seen)) tokens?.free();
    this.seen = { classes: null, patches: null, local: null };
  }
}
