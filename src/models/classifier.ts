import { Linear, Module, scope, type Tensor } from '../torch/index.js';
import type { Backbone } from './backbone.js';

/** A backbone and one linear layer on its class token: one logit per finding (protocol of the study). */
export class Classifier<B extends Backbone = Backbone> extends Module {
  readonly head: Linear;

  /** The head starts at zero, so that every start gives the same first predictions. */
  constructor(
    readonly backbone: B,
    outputs: number,
  ) {
    super();
    this.head = new Linear(backbone.dim, outputs).zero();
  }

  /** `[B, C, H, W]` to logits `[B, F]`. */
  forward(x: Tensor): Tensor {
    return scope(() => this.head.forward(this.backbone.forward(x)));
  }
}
