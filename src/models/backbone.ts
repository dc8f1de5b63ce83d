import { fromArray, Module, scope, type Tensor } from '../torch/index.js';
import type { ModelConfig } from './config.js';
import type { InputStatistics } from './input-statistics.js';

/** What a network sees in images: one vector for each, and one for each place. */
export interface Features {
  /** `[B, D]`, normalized; the pooled vector in a convolutional network. */
  classToken: Tensor;
  /** `[B, R, D]`, normalized; R is 0 where there are none. */
  registerTokens: Tensor;
  /** `[B, N, D]`, normalized, row by row. */
  patchTokens: Tensor;
}

/** A network without a head. It normalizes its own input, so that every network takes images of values 0..1. */
export abstract class Backbone extends Module {
  /** Complete: `createBackbone` builds the same network from it. */
  abstract readonly config: ModelConfig;
  /** Length of a feature vector, D. */
  abstract readonly dim: number;
  /** Layers that `layers` can name and that layer-wise decay tells apart: the blocks. */
  abstract readonly depth: number;

  /** The layer of a parameter: 0 for the embedding, 1 to `depth` for the blocks, `depth + 1` for what follows. */
  abstract layerOf(parameterName: string): number;

  /** `[B, C, H, W]`, values 0..1, to the features after the last layer. */
  abstract features(x: Tensor): Features;

  /**
   * `[B, C, H, W]`, values 0..1, to the features after each of the layers `which` (1 to `depth`), the final norm
   * applied (dinov2/models/vision_transformer.py, get_intermediate_layers). Throws a RangeError for another layer.
   */
  abstract layers(x: Tensor, which: readonly number[]): Features[];

  /** `[B, C, H, W]`, values 0..1, to `[B, D]`: the class token. */
  forward(x: Tensor): Tensor {
    return scope(() => this.features(x).classToken);
  }

  protected requireLayers(which: readonly number[]): void {
    const wrong = which.find((layer) => !Number.isInteger(layer) || layer < 1 || layer > this.depth);
    if (wrong !== undefined) throw new RangeError(`layer ${wrong}; the network has layers 1 to ${this.depth}`);
  }
}

/** `[B, C, H, W]` brought to a network's statistics; null leaves the values 0..1 as they are (the study's choice). */
export function normalizeInput(x: Tensor, input: InputStatistics | null): Tensor {
  if (!input) return x;
  return scope(() => {
    const [mean, std] = [input.mean, input.std].map((values) =>
      fromArray([...values], [1, values.length, 1, 1], x.device),
    );
    return x.sub(mean!).div(std!);
  });
}
