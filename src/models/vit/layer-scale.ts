import { full, Module, Parameter, type Tensor } from '../../torch/index.js';

/** A learned factor per channel (Touvron et al., 2021; dinov2/layers/layer_scale.py). */
export class LayerScale extends Module {
  readonly gamma: Parameter; // [D]

  constructor(dim: number, initial: number) {
    super();
    this.gamma = Parameter.of(full([dim], initial, 'float32'));
  }

  forward(x: Tensor): Tensor {
    return x.mul(this.gamma);
  }
}
