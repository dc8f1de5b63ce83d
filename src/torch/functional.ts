/** Operators made of others, or that only newer libtorch has. */
import { native } from './binding.js';
import { Tensor } from './tensor.js';
import { adopt, scope } from './tensor-base.js';

let fusedAttention: number | undefined;

/**
 * softmax(q k^T / sqrt(D)) v of `[B, H, N, D]` (Vaswani et al., 2017): libtorch's fused operator where the dispatcher
 * has it, else composed.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  fusedAttention ??= native().findOperator('aten::scaled_dot_product_attention', '');
  if (fusedAttention >= 0) {
    return adopt(new Tensor(native().call(fusedAttention, q.handle, k.handle, v.handle) as number));
  }
  return scope(() => {
    const scale = q.size(-1) ** -0.5;
    const attention = q.mul(scale).matmul(k.transpose(-2, -1)).softmax(-1); // [B, H, N, N]
    return attention.matmul(v); // [B, H, N, D]
  });
}

/** Fills with a normal distribution cut at +-2 (as torch.nn.init.trunc_normal_, a = -2, b = 2). Returns the tensor. */
export function truncatedNormal_(tensor: Tensor, std: number): Tensor {
  const edge = erf(2 / std / Math.SQRT2);
  return tensor
    .uniform_(-edge, edge)
    .erfinv_()
    .mul_(std * Math.SQRT2)
    .clamp_(-2, 2);
}

/** Abramowitz and Stegun 7.1.26, |error| < 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 1 - poly * Math.exp(-x * x);
}
