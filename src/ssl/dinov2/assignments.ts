import { noGrad, scope, type Tensor } from '../../torch/index.js';

/** How the teacher assigns a batch to prototypes: what shows a collapse. All are shares, 0 to 1. */
export interface AssignmentStatistics {
  /** Mean entropy of one sample's assignment, over log K: 1 where the teacher says nothing of any sample. */
  assignmentEntropy: number;
  /** Entropy of the mean assignment, over log K: near 0 where all samples go to one prototype. */
  prototypeEntropy: number;
  /** Prototypes that are some sample's first choice, of those that the batch could reach. */
  prototypesUsed: number;
}

/** Of targets `[n, K]`, each row a distribution. */
export function assignmentStatistics(targets: Tensor): AssignmentStatistics {
  return noGrad(() =>
    scope(() => {
      const [samples, prototypes] = [targets.size(0), targets.size(1)];
      const entropy = (p: Tensor) => p.mul(p.clamp(1e-30).log()).sum([-1]).neg().mean().item() / Math.log(prototypes);
      const choices = targets.argmax(1).oneHot(prototypes).amax([0]).sum().item();
      return {
        assignmentEntropy: entropy(targets),
        prototypeEntropy: entropy(targets.mean([0])),
        prototypesUsed: choices / Math.min(samples, prototypes),
      };
    }),
  );
}
