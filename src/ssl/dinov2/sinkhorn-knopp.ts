import { noGrad, scope, type Tensor } from '../../torch/index.js';

/**
 * The teacher's scores `[n, K]` to targets `[n, K]` that give every prototype the same weight over the batch, as far as
 * three rounds of Sinkhorn and Knopp's algorithm bring it (Caron et al., 2020, SwAV; dinov2/loss/dino_clstoken_loss.py
 * and ibot_patch_loss.py, sinkhorn_knopp_teacher).
 */
export function sinkhornKnopp(scores: Tensor, temperature: number, iterations = 3): Tensor {
  return noGrad(() =>
    scope(() => {
      const [samples, prototypes] = [scores.size(0), scores.size(1)];
      const scaled = scores.div(temperature);
      // The largest score is taken off all: exp stays finite at low temperatures, and the first division cancels it.
      const weights = scaled.sub(scaled.amax([0, 1], true)).exp(); // [n, K]
      weights.div_(weights.sum());
      for (let i = 0; i < iterations; i++) {
        weights.div_(weights.sum([0], true)).div_(prototypes);
        weights.div_(weights.sum([1], true)).div_(samples);
      }
      return weights.mul_(samples);
    }),
  );
}
