import {
  empty,
  gradOf,
  initialize,
  initialized,
  Linear,
  Module,
  noGrad,
  ones,
  Parameter,
  scope,
  setGrad,
  type Tensor,
  truncatedNormal_,
} from '../../torch/index.js';

export interface HeadOptions {
  /** Distributions are over so many prototypes, K. */
  prototypes: number;
  /** Width of the hidden layers. */
  hidden: number;
  /** Width of the unit vectors that are compared with the prototypes. */
  bottleneck: number;
  /** Linear layers before the prototypes. */
  layers: number;
}

/** GELU as a layer without parameters, so that the layers around it are numbered as in the original. */
class Gelu extends Module {
  forward(x: Tensor): Tensor {
    return x.gelu();
  }
}

/** Linear without bias, its rows `weight_g * weight_v / |weight_v|` (torch.nn.utils.weight_norm of Linear). */
class WeightNormedLinear extends Module {
  readonly weight_g: Parameter; // [K, 1]
  readonly weight_v: Parameter; // [K, D]

  constructor(inFeatures: number, outFeatures: number) {
    super();
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight_g = Parameter.of(ones([outFeatures, 1], 'float32'));
    this.weight_v = Parameter.of(
      initialized(empty([outFeatures, inFeatures], 'float32'), (weight) => weight.uniform_(-bound, bound)),
    );
  }

  /** `[K, D]` */
  get weight(): Tensor {
    return scope(() => this.weight_v.mul(this.weight_g.div(this.lengths())));
  }

  /** Writes the weight into `space` `[K, D]`, without history. */
  weightInto(space: Tensor): void {
    noGrad(() => scope(() => space.copy_(this.weight_v).mul_(this.weight_g.div(this.lengths()))));
  }

  /**
   * Adds to the gradients of `weight_g` and `weight_v` what comes of the gradient by the weight; `gradient` is overwritten, and
   * kept as that of `weight_v` where there was none. `weight` is what `weightInto` wrote.
   */
  learn(weight: Tensor, gradient: Tensor): void {
    noGrad(() =>
      scope(() => {
        // weight = g v / |v|, so dg = weight . d / g and dv = (d - weight (weight . d) / g^2) g / |v|, row by row.
        const along = weight.unsqueeze(1).bmm(gradient.unsqueeze(2)).reshape(this.weight_g.shape).div(this.weight_g);
        gradient.addcmul_(weight, along.div(this.weight_g), -1).mul_(this.weight_g.div(this.lengths()));
        addGradient(this.weight_g, along);
        addGradient(this.weight_v, gradient);
      }),
    );
  }

  private lengths(): Tensor {
    return this.weight_v.vectorNorm(2, [1], true); // [K, 1]
  }
}

function addGradient(parameter: Parameter, gradient: Tensor): void {
  const before = gradOf(parameter);
  if (before) before.add_(gradient);
  else setGrad(parameter, gradient);
}

/** Tokens to scores for prototypes, `[n, D]` to `[n, K]` (dinov2/layers/dino_head.py). */
export class DinoHead extends Module {
  readonly mlp: Linear | (Linear | Gelu)[];
  readonly last_layer: WeightNormedLinear;

  constructor(dim: number, { prototypes, hidden, bottleneck, layers }: HeadOptions) {
    super();
    const widths = [dim, ...Array<number>(Math.max(0, layers - 1)).fill(hidden), bottleneck];
    const linear = widths.slice(1).map((width, i) => new Linear(widths[i]!, width));
    this.mlp =
      linear.length === 1 ? linear[0]! : linear.flatMap((layer, i) => (i === 0 ? [layer] : [new Gelu(), layer]));
    this.last_layer = new WeightNormedLinear(bottleneck, prototypes);
    initialize(() => {
      for (const { weight, bias } of linear) {
        truncatedNormal_(weight, 0.02);
        bias?.zero_();
      }
    });
  }

  /** Under autocast the lengths stay float32; the scores are float32 always. */
  forward(x: Tensor): Tensor {
    return scope(() => this.unit(x).linear(this.last_layer.weight).to('float32'));
  }

  /** Tokens to unit vectors, `[n, D]` to `[n, bottleneck]`, float32. */
  unit(x: Tensor): Tensor {
    return scope(() => {
      const layers = this.mlp instanceof Linear ? [this.mlp] : this.mlp;
      const narrow = layers.reduce((value, layer) => layer.forward(value), x).to('float32');
      return narrow.div(narrow.vectorNorm(2, [1], true).clamp(1e-12));
    });
  }
}
