import { noGrad, ones, scope, type Tensor } from '../../torch/index.js';

/**
 * The teacher's scores `[n, K]`, which are overwritten, to targets `[n, K]` that give every prototype the same weight over the batch, as far as
 * three rounds of Sinkhorn and Knopp's algorithm bring it (Caron et al., 2020, SwAV; dinov2/loss/dino_clstoken_loss.py
 * and ibot_patch_loss.py, sinkhorn_knopp_teacher). Factors of rows and columns are found first and applied once.
 */
export function sinkhornKnopp_(scores: Tensor, temperature: number, iterations = 3): Tensor {
  return noGrad(() =>
    scope(() => {
      const [samples, prototypes] = [scores.size(0), scores.size(1)];
      const weights = scores.div_(temperature);
      // The largest score is taken off all: exp stays finite at low temperatures, and the first division cancels it.
      weights.sub_(weights.amax([0, 1], true)).exp_(); // [n, K]
      let ofSamples = ones([samples, 1], 'float32', scores.device);
      let ofPrototypes = ofSamples;
      for (let i = 0; i < iterations; i++) {
        ofPrototypes = ones([1, prototypes], 'float32', scores.device).div(ofSamples.transpose(0, 1).matmul(weights));
        ofSamples = ones([samples, 1], 'float32', scores.device).div(weights.matmul(ofPrototypes.transpose(0, 1)));
      }
      weights.mul_(ofPrototypes).mul_(ofSamples);
      return scores;
    }),
  );
}
