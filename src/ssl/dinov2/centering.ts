import { Module, ModuleBuffer, noGrad, scope, type Tensor, zeros } from '../../torch/index.js';

/**
 * Keeps one prototype from taking all samples: a moving mean of the teacher's scores is taken off them before softmax
 * (Caron et al., 2021; dinov2/loss/dino_clstoken_loss.py and ibot_patch_loss.py, softmax_center_teacher).
 */
export class Centering extends Module {
  readonly center: ModuleBuffer; // [1, K]

  constructor(
    prototypes: number,
    readonly momentum: number,
  ) {
    super();
    this.center = ModuleBuffer.of(zeros([1, prototypes], 'float32'));
  }

  /** The teacher's scores `[n, K]` to targets `[n, K]`; then the center, which these did not see, moves towards them. */
  targets(scores: Tensor, temperature: number): Tensor {
    return noGrad(() =>
      scope(() => {
        const targets = scores.sub(this.center).div(temperature).softmax(-1);
        this.center.mul_(this.momentum).add_(scores.mean([0], true), 1 - this.momentum);
        return targets;
      }),
    );
  }
}
