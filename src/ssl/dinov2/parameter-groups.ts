import type { Parameter, ParameterGroup } from '../../torch/index.js';
import type { Dinov2Network } from './network.js';

export interface GroupOptions {
  /** Each layer of the backbone learns this much slower than the one after it, 0 to 1 (optim.layerwise_decay). */
  layerDecay: number;
  /** Multiplies the learning rate of the patch embedding (optim.patch_embed_lr_mult). */
  patchEmbedRate: number;
}

/** Parameters that follow the schedules in the same way. */
export interface ScheduledGroup extends ParameterGroup {
  /** Multiplies the scheduled learning rate. */
  rate: number;
  /** Multiplies the scheduled weight decay: 0 for biases, norms and LayerScale. */
  decay: 0 | 1;
  /** The prototypes, whose learning rate is 0 while they are frozen. */
  lastLayer: boolean;
}

/**
 * The parameters of a student in groups, each part of it on its own (dinov2/utils/param_groups.py). In the backbone the
 * rate is layerDecay^(layers after it): 1 for the final norm, layerDecay^(depth + 1) for the embedding; heads have 1.
 */
export function parameterGroups(student: Dinov2Network, options: GroupOptions): ScheduledGroup[] {
  return student.parts.flatMap((part) => {
    const groups = new Map<string, ScheduledGroup>();
    for (const [name, parameter] of part.namedParameters()) {
      const traits = traitsOf(name, part === student.backbone ? student.backbone : null, options);
      const key = JSON.stringify(traits);
      const group = groups.get(key) ?? { ...traits, parameters: [] as Parameter[] };
      group.parameters.push(parameter);
      groups.set(key, group);
    }
    return [...groups.values()];
  });
}

function traitsOf(
  name: string,
  backbone: Dinov2Network['backbone'] | null,
  { layerDecay, patchEmbedRate }: GroupOptions,
): Omit<ScheduledGroup, 'parameters'> {
  const rate = backbone ? layerDecay ** (backbone.depth + 1 - backbone.layerOf(name)) : 1;
  return {
    rate: name.includes('patch_embed') ? rate * patchEmbedRate : rate,
    decay: name.endsWith('.bias') || name.includes('norm') || name.includes('gamma') ? 0 : 1,
    lastLayer: name.includes('last_layer'),
  };
}
