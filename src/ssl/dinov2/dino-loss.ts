import { scope, type Tensor } from '../../torch/index.js';
import { crossEntropy } from './cross-entropy.js';

/**
 * The class-token loss: every crop of the student must predict every crop of the teacher. Student scores `[S, B, K]`,
 * teacher targets `[T, B, K]`; the sum over the S * T pairs of their mean cross-entropy (Caron et al., 2021;
 * dinov2/loss/dino_clstoken_loss.py).
 */
export function dinoLoss(scores: Tensor, targets: Tensor, temperature: number): Tensor {
  return scope(() =>
    crossEntropy(scores, targets.sum([0]), temperature)
      .mean([1])
      .sum(),
  );
}
