import { ones, type Tensor, zeros } from '../tensor.js';
import { Module, Parameter } from './module.js';

/** Layer normalization over the last dimension (Ba et al., 2016): `[..., D]` to `[..., D]`. */
export class LayerNorm extends Module {
  readonly weight: Parameter; // [D]
  readonly bias: Parameter; // [D]

  /** `eps` is 1e-6 in vision transformers, 1e-5 in torch.nn.LayerNorm. */
  constructor(
    readonly dim: number,
    readonly eps = 1e-5,
  ) {
    super();
    this.weight = Parameter.of(ones([dim], 'float32'));
    this.bias = Parameter.of(zeros([dim], 'float32'));
  }

  /** In the precision of the weights, as autocast does on CUDA: libtorch's CPU kernel takes no bfloat16 beside float32. */
  forward(x: Tensor): Tensor {
    const { weight, bias, dim, eps } = this;
    return (x.dtype === weight.dtype ? x : x.to(weight.dtype)).layerNorm([dim], weight, bias, eps);
  }
}
