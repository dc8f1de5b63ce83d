/** Losses of several findings at once, each a question of its own. */
import { noGrad, type Tensor } from '../torch/index.js';

export type MultiLabelLoss =
  /**
   * Binary cross-entropy. `posWeight`: positives count negatives / positives times (the study's). `smoothing` e: labels are (1 - e) y + e / 2
   * (Szegedy et al., 2016, section 7, of two classes; as `label_smoothing` of Keras' BinaryCrossentropy).
   */
  | { type: 'cross-entropy'; posWeight: boolean; smoothing: number }
  /**
   * Focal loss (Lin et al., 2017, equation 5): cross-entropy times (1 - p_t)^gamma, times `alpha` for positives and 1 - `alpha` for negatives;
   * null for neither. As torchvision.ops.sigmoid_focal_loss.
   */
  | { type: 'focal'; gamma: number; alpha: number | null }
  /**
   * Asymmetric loss (Ridnik et al., 2021, equations 4 to 6): a gamma each for positives and negatives, and the probability of a negative raised by
   * `clip`. As AsymmetricLossOptimized in src/loss_functions/losses.py of Alibaba-MIIL/ASL, gradients through the focusing too.
   */
  | { type: 'asymmetric'; gammaNegative: number; gammaPositive: number; clip: number };

export const STUDY_LOSS: MultiLabelLoss = { type: 'cross-entropy', posWeight: true, smoothing: 0 };

/** The original's: below it a probability counts as this. */
const LEAST_PROBABILITY = 1e-8;
/** Keeps the gradient of base^exponent finite at 0. */
const LEAST_BASE = 1e-30;
const REDUCE_BY_SUM = 2;

/**
 * Sum of the losses of float32 `logits` `[B, F]`. `labels` `[B, F]` are 0 to 1 (mixed ones lie between); `known` `[B, F]` is 1, or 0 where
 * the label takes no part. `posWeight` `[F]` serves the cross-entropy that asks for it.
 */
export function summedLoss(
  loss: MultiLabelLoss,
  logits: Tensor,
  labels: Tensor,
  known: Tensor,
  posWeight: Tensor,
): Tensor {
  switch (loss.type) {
    case 'cross-entropy': {
      const { smoothing } = loss;
      const smooth = smoothing === 0 ? labels : noGrad(() => labels.mul(1 - smoothing).add(smoothing / 2));
      const weights = loss.posWeight ? posWeight : null;
      return logits.binaryCrossEntropyWithLogits(smooth, known, weights, REDUCE_BY_SUM);
    }
    case 'focal':
      return focal(logits, labels, loss).mul(known).sum();
    case 'asymmetric':
      return asymmetric(logits, labels, loss).mul(known).sum();
  }
}

type Focal = Extract<MultiLabelLoss, { type: 'focal' }>;
type Asymmetric = Extract<MultiLabelLoss, { type: 'asymmetric' }>;

function focal(logits: Tensor, labels: Tensor, { gamma, alpha }: Focal): Tensor {
  const negatives = noGrad(() => complement(labels));
  const wrong = logits.sigmoid().mul(negatives).add(logits.neg().sigmoid().mul(labels)); // 1 - p_t
  const loss = logits.binaryCrossEntropyWithLogits(labels, null, null, 0).mul(power(wrong, gamma));
  return alpha === null ? loss : loss.mul(noGrad(() => labels.mul(alpha).add(negatives.mul(1 - alpha))));
}

function asymmetric(logits: Tensor, labels: Tensor, { gammaNegative, gammaPositive, clip }: Asymmetric): Tensor {
  const negatives = noGrad(() => complement(labels));
  const positive = logits.sigmoid();
  const negative = complement(positive).add(clip).clamp(null, 1);
  const logOf = (probability: Tensor) => probability.clamp(LEAST_PROBABILITY).log();
  const likelihood = labels.mul(logOf(positive)).add(negatives.mul(logOf(negative)));
  if (gammaNegative === 0 && gammaPositive === 0) return likelihood.neg();
  const right = positive.mul(labels).add(negative.mul(negatives)); // p_t
  const gamma = noGrad(() => labels.mul(gammaPositive).add(negatives.mul(gammaNegative)));
  return likelihood.mul(power(complement(right), gamma)).neg();
}

const complement = (x: Tensor): Tensor => x.neg().add(1);

/** base^exponent of a base from 0 to 1. */
const power = (base: Tensor, exponent: number | Tensor): Tensor => base.clamp(LEAST_BASE).log().mul(exponent).exp();
