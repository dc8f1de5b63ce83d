import { noGrad, scope, type Tensor } from '../../torch/index.js';

const EPSILON = 1e-8;

/**
 * Spreads features over the sphere: minus the mean logarithm of the distance to the nearest other one, of `[B, D]`
 * (Sablayrolles et al., 2019; dinov2/loss/koleo_loss.py). Outside autocast.
 */
export function koleoLoss(features: Tensor): Tensor {
  return scope(() => {
    const unit = features.div(features.vectorNorm(2, [1], true).clamp(EPSILON));
    const nearest = noGrad(() => unit.matmul(unit.transpose(0, 1)).fillDiagonal_(-1).argmax(1)); // [B]
    // The epsilon inside the norm is that of torch.nn.PairwiseDistance.
    const distances = unit.sub(unit.indexSelect(0, nearest)).add(EPSILON).vectorNorm(2, [1]);
    return distances.add(EPSILON).log().mean().neg();
  });
}
