import type { StateDict } from '../../torch/index.js';
import type { Backbone } from '../backbone.js';
import { blueprintOf } from '../blueprint.js';
import type { Naming, Shapes } from './namings/naming.js';

/** Only training or the reader's own settings depend on these, or every size is taken alike. */
const WITHOUT_EFFECT: readonly string[] = ['input', 'dropPath', 'layerScale', 'imageSize'];

/**
 * What another code base computes otherwise than the network here: what differs when the weights written for it, and
 * the `config.json` beside them, are read as its own. One sentence each; none where the features are the same.
 */
export function differences(
  backbone: Backbone,
  naming: Naming,
  written: StateDict,
  config: Readonly<Record<string, unknown>> | undefined,
): string[] {
  const shapes: Shapes = new Map(Object.entries(written).map(([name, tensor]) => [name, tensor.shape]));
  const heads = 'heads' in backbone.config ? backbone.config.heads : undefined;
  const described = naming.describe(shapes, { ...(config && { config }), ...(heads && { heads }) });
  const theirs: Record<string, unknown> = { ...blueprintOf(described).config };
  return Object.entries(backbone.config)
    .filter(([key]) => !WITHOUT_EFFECT.includes(key))
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(theirs[key]))
    .map(([key, value]) => sentence(key, JSON.stringify(value), JSON.stringify(theirs[key])));
}

function sentence(key: string, here: string, there: string): string {
  const effect =
    key === 'interpolation'
      ? 'the same features at the size that the weights are made for, slightly different ones at others'
      : 'slightly different features';
  return `${key} is ${here} here and ${there} there: ${effect}`;
}
