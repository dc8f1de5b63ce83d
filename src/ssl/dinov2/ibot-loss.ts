import { scope, type Tensor } from '../../torch/index.js';
import { crossEntropy } from './cross-entropy.js';

/**
 * The masked-patch loss: the student, which sees a mask, must predict what the teacher sees there (Zhou et al., 2022;
 * dinov2/loss/ibot_patch_loss.py, forward_masked). Student scores and teacher targets `[M, K]` of the masked patches,
 * their `weights` `[M]` (1 / masked patches of the same image), and how many images there are, those without a mask too.
 */
export function ibotLoss(
  scores: Tensor,
  targets: Tensor,
  weights: Tensor,
  images: number,
  temperature: number,
): Tensor {
  return scope(() => crossEntropy(scores, targets, temperature).mul(weights).sum().div(images));
}
