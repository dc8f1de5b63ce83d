import { BatchNorm2d, Conv2d, cat, Module, scope, type Tensor } from '../../torch/index.js';

/** Norm, ReLU and 1 x 1 convolution, then norm, ReLU and 3 x 3: `[B, C, H, W]` to `[B, growth, H, W]`. */
export class DenseLayer extends Module {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(channels: number, growth: number, bottleneck: number) {
    super();
    const inner = bottleneck * growth;
    this.norm1 = new BatchNorm2d(channels);
    this.conv1 = new Conv2d(channels, inner, 1, { bias: false });
    this.norm2 = new BatchNorm2d(inner);
    this.conv2 = new Conv2d(inner, growth, 3, { padding: 1, bias: false });
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const inner = normReluConv(x, this.norm1, this.conv1);
      return normReluConv(inner, this.norm2, this.conv2);
    });
  }
}

/** Dense layers, each of which sees the input and what all before it gave (torchvision/models/densenet.py). */
export class DenseBlock extends Module {
  readonly #layers: readonly DenseLayer[]; // as well under PyTorch's names: denselayer1, denselayer2, ...

  constructor(count: number, channels: number, growth: number, bottleneck: number) {
    super();
    this.#layers = Array.from({ length: count }, (_, i) => new DenseLayer(channels + i * growth, growth, bottleneck));
    Object.assign(this, Object.fromEntries(this.#layers.map((layer, i) => [`denselayer${i + 1}`, layer])));
  }

  /** `[B, C, H, W]` to `[B, C + i * growth, H, W]` after each layer; the map before is freed when the next is asked for. */
  *forward(x: Tensor): Generator<Tensor> {
    let map = x;
    for (const layer of this.#layers) {
      const next = scope(() => cat([map, layer.forward(map)], 1));
      map.free();
      map = next;
      yield map;
    }
  }
}

/** Halves the channels by a 1 x 1 convolution, and height and width by an average. */
export class Transition extends Module {
  readonly norm: BatchNorm2d;
  readonly conv: Conv2d;

  constructor(channels: number) {
    super();
    this.norm = new BatchNorm2d(channels);
    this.conv = new Conv2d(channels, Math.floor(channels / 2), 1, { bias: false });
  }

  forward(x: Tensor): Tensor {
    return scope(() => normReluConv(x, this.norm, this.conv).avgPool2d(2, 2));
  }
}

const normReluConv = (x: Tensor, norm: BatchNorm2d, conv: Conv2d): Tensor =>
  scope(() => conv.forward(norm.forward(x).relu_()));
