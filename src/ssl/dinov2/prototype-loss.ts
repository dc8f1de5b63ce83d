import { empty, noGrad, scope, type Tensor, zeros } from '../../torch/index.js';

/** Scores are computed in pieces of so many elements: many prototypes make more of them than memory should hold at once. */
const SCORES_AT_ONCE = 2 ** 22;

/**
 * Cross-entropy between a teacher's targets and the softmax of a student's scores, which are the products of unit vectors and
 * prototypes: the loss of class tokens and that of masked patches (dinov2/loss/dino_clstoken_loss.py, ibot_patch_loss.py).
 * The gradients are written out, since all that the softmax needs then fits a buffer of some rows.
 */
export class PrototypeLoss {
  /** Of the losses since `begin`, by the prototypes, `[K, D]`. */
  readonly gradient: Tensor;
  private scores: Tensor | null = null;

  /** `prototypes` `[K, D]` may change between the losses. */
  constructor(private readonly prototypes: Tensor) {
    this.gradient = zeros(prototypes.shape, 'float32', prototypes.device).keep();
  }

  begin(): void {
    this.gradient.zero_();
  }

  /**
   * Unit vectors `[n, D]`, targets `[n, K]` and weights of the rows `[n]`: the weighted sum of the rows' losses, and the gradient
   * `[n, D]` of `scale` times this sum by the unit vectors. Adds that by the prototypes to `gradient`.
   */
  add(unit: Tensor, targets: Tensor, weights: Tensor | null, how: { scale: number; temperature: number }) {
    return noGrad(() =>
      scope(() => {
        const gradient = empty(unit.shape, 'float32', unit.device);
        const count = unit.size(0);
        const atOnce = Math.max(1, Math.floor(SCORES_AT_ONCE / this.prototypes.size(0)));
        let loss = 0;
        for (let first = 0; first < count; first += atOnce) {
          const rows = Math.min(atOnce, count - first);
          const of = (tensor: Tensor) => tensor.narrow(0, first, rows);
          loss += this.piece(of(unit), of(targets), weights && of(weights), how, of(gradient));
        }
        return { loss, gradient };
      }),
    );
  }

  private piece(
    unit: Tensor,
    targets: Tensor,
    weights: Tensor | null,
    { scale, temperature }: { scale: number; temperature: number },
    gradient: Tensor,
  ): number {
    return scope(() => {
      const rows = unit.size(0);
      const scores = this.buffer(rows).addmm_(unit, this.prototypes.transpose(0, 1), 0, 1 / temperature); // [n, K]
      const largest = scores.amax([1], true);
      scores.sub_(largest);
      const meant = targets.unsqueeze(1).bmm(scores.unsqueeze(2)).reshape([rows, 1]); // sum of targets * scores
      const mass = targets.sum([1], true);
      const sum = scores.exp_().sum([1], true);
      const losses = mass.mul(sum.log()).sub(meant); // [n, 1]
      const factor = weights ? weights.unsqueeze(1) : largest.onesLike();
      const share = factor.mul(scale / temperature);
      scores.mul_(mass.div(sum).mul(share)).addcmul_(targets, share, -1); // by the products
      gradient.addmm_(scores, this.prototypes, 0);
      this.gradient.addmm_(scores.transpose(0, 1), unit);
      return losses.mul(factor).sum().item();
    });
  }

  private buffer(rows: number): Tensor {
    if (!this.scores || this.scores.size(0) < rows) {
      this.scores?.free();
      this.scores = empty([rows, this.prototypes.size(0)], 'float32', this.prototypes.device).keep();
    }
    return this.scores.narrow(0, 0, rows);
  }

  free(): void {
    this.gradient.free();
    this.scores?.free();
    this.scores = null;
  }
}
