import type { Backbone, Features } from '../models/index.js';
import { cat, scope, type Tensor } from '../torch/index.js';

/**
 * - `class`: the class token, in a convolutional network the pooled vector
 * - `patch-mean`: the mean of the patch tokens
 * - `class+patch-mean`: both
 */
export const FEATURE_OUTPUTS = ['class', 'patch-mean', 'class+patch-mean'] as const;
export type FeatureOutput = (typeof FEATURE_OUTPUTS)[number];

/**
 * `[B, C, H, W]`, values 0..1, to one vector per image, `[B, D]`, float32. Of several layers the vectors stand one after the other, in
 * the order given; with both outputs the class tokens of all layers come first, then the patch mean of the last one given, as in the
 * linear evaluation of DINOv2 (dinov2/eval/linear.py, create_linear_input). Throws a RangeError for another layer.
 */
export function featureVectors(
  backbone: Backbone,
  x: Tensor,
  output: FeatureOutput,
  layers?: readonly number[],
): Tensor {
  return scope(() => {
    const of = layers ? backbone.layers(x, layers) : [backbone.features(x)];
    const classTokens = of.map(({ classToken }) => classToken);
    const parts = {
      class: () => classTokens,
      'patch-mean': () => of.map(patchMean),
      'class+patch-mean': () => [...classTokens, patchMean(of.at(-1)!)],
    }[output]();
    return cat(
      parts.map((part) => part.to('float32')),
      1,
    );
  });
}

const patchMean = ({ patchTokens }: Features): Tensor => patchTokens.to('float32').mean([1]);
