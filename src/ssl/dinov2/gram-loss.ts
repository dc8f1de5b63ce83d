import { scope, type Tensor } from '../../torch/index.js';

export interface GramLossOptions {
  /** Compares the patches of one image with each other, or those of the whole batch. */
  level: 'image' | 'batch';
  /** Features are brought to length 1 first. */
  normalize: boolean;
  /** Whose negative similarities count as 0. */
  clip: 'none' | 'teacher' | 'both';
}

/**
 * Gram anchoring (Simeoni et al., 2025, DINOv3; dinov3/loss/gram_loss.py): the mean square difference between the
 * similarities of the student's patches among themselves and those of a teacher's, both `[B, N, D]`. Keeps dense features
 * from fading in long trainings. Outside autocast.
 */
export function gramLoss(student: Tensor, teacher: Tensor, { level, normalize, clip }: GramLossOptions): Tensor {
  return scope(() => {
    const similarities = (features: Tensor) => {
      const lengths = () => features.vectorNorm(2, [-1], true).clamp(1e-12);
      const unit = normalize ? features.div(lengths()) : features;
      const compared = level === 'image' ? unit : unit.flatten(0, 1); // [B, N, D] or [B * N, D]
      return compared.matmul(compared.transpose(-2, -1));
    };
    const [ours, theirs] = [similarities(student), similarities(teacher)];
    return (clip === 'both' ? ours.relu() : ours).mseLoss(clip === 'none' ? theirs : theirs.relu());
  });
}
