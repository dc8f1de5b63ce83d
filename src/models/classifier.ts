import { Linear, Module, scope, type Tensor } from '../torch/index.js';
import type { VisionTransformer } from './vit/vision-transformer.js';

/** A backbone and one linear layer on its class token: one logit per finding (protocol of the study). */
export class Classifier extends Module {
  readonly head: Linear;

  /** The head starts at zero, so that every start gives the same first predictions. */
  constructor(
    readonly backbone: VisionTransformer,
    outputs: number,
  ) {
    super();
    this.head = new Linear(backbone.options.dim, outputs).zero();
  }

  /** `[B, C, H, W]` to logits `[B, F]`. */
  forward(x: Tensor): Tensor {
    return scope(() => this.head.forward(this.backbone.forward(x)));
  }
}
