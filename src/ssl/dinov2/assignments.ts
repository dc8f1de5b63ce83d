import { noGrad, scope, type Tensor, toFloat32Array } from '../../torch/index.js';

/** How the teacher assigns a batch to prototypes: what shows a collapse. */
export interface AssignmentStatistics {
  /** Mean entropy of one sample's assignment, over log K, 0 to 1: 1 where the teacher says nothing of any sample. */
  assignmentEntropy: number;
  /** Entropy of the mean assignment, over log K, 0 to 1: near 0 where all samples go to one prototype. */
  prototypeEntropy: number;
  /** Mutual information of sample and prototype, nats: near 0 in both. */
  assignmentInformation: number;
  /** Prototypes that are some sample's first choice, over as many as the batch could reach, 0 to 1. */
  prototypesUsed: number;
}

/** Of targets `[n, K]`, each row a distribution. */
export function assignmentStatistics(targets: Tensor): AssignmentStatistics {
  return noGrad(() =>
    scope(() => {
      const [samples, prototypes] = [targets.size(0), targets.size(1)];
      const entropy = (p: Tensor) => p.mul(p.clamp(1e-30).log()).sum([-1]).neg().mean().item();
      const [ofEach, ofMean] = [entropy(targets), entropy(targets.mean([0]))];
      const choices = new Set(toFloat32Array(targets.argmax(1))).size; // exact: K is far below 2^24
      return {
        assignmentEntropy: ofEach / Math.log(prototypes),
        prototypeEntropy: ofMean / Math.log(prototypes),
        assignmentInformation: ofMean - ofEach,
        prototypesUsed: choices / Math.min(samples, prototypes),
      };
    }),
  );
}
