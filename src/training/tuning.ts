/** Which parameters a fine-tuning trains, and how fast. */
import { inputError } from '../base/index.js';
import {
  adapterTargets,
  addAdapters,
  type Backbone,
  type Classifier,
  freezeLayers,
  type LoraOptions,
  unknownTargets,
} from '../models/index.js';
import type { Parameter, ParameterGroup } from '../torch/index.js';

export interface Tuning {
  /** Each layer learns this much slower than the one after it, 0 to 1; 1 for one rate everywhere. */
  layerDecay: number;
  /** How many of the first blocks do not train, and the embedding with them; 'backbone' for all of the network. */
  freeze: number | 'backbone';
  /** Adapters that train in place of the weights; null for none. */
  lora: LoraOptions | null;
}

/** The study's choice: everything trains, at one rate. */
export const TRAIN_EVERYTHING: Tuning = { layerDecay: 1, freeze: 0, lora: null };

/** Throws an InputError where the network has not what the tuning names. */
export function checkTuning(backbone: Backbone, { freeze, lora }: Tuning): void {
  const network = `${backbone.config.architecture} with ${backbone.depth} blocks`;
  if (freeze !== 'backbone' && freeze > backbone.depth) {
    throw inputError({
      what: 'finetuning.freeze',
      found: `${freeze}`,
      expected: `0 to ${backbone.depth}, or backbone, for this ${network}`,
    });
  }
  if (lora === null) return;
  if (freeze === 'backbone' || freeze === backbone.depth) {
    throw inputError({
      what: 'finetuning.lora',
      found: `adapters beside freeze: ${freeze}, which leaves no block to adapt`,
      expected: 'adapters, or a frozen network',
      fix: 'Adapters freeze the weights that they stand beside; leave freeze out.',
    });
  }
  const targets = adapterTargets(backbone);
  if (targets.length === 0) {
    throw inputError({
      what: 'finetuning.lora',
      found: `a ${network}, which have convolutions and no linear layers`,
      expected: 'a network with linear layers in its blocks, such as a vision transformer',
      fix: 'Leave lora out; freeze and layerDecay serve every network.',
    });
  }
  const unknown = unknownTargets(backbone, lora.targets);
  if (unknown.length > 0) {
    throw inputError({
      what: 'finetuning.lora.targets',
      found: unknown.join(', '),
      expected: `linear layers of this ${network}: ${targets.join(', ')}`,
    });
  }
}

/** Freezes what does not train and adds adapters. Throws as `checkTuning`. */
export function applyTuning(backbone: Backbone, tuning: Tuning): void {
  checkTuning(backbone, tuning);
  const { freeze, lora } = tuning;
  freezeLayers(backbone, freeze);
  if (lora !== null) addAdapters(backbone, lora, freeze === 'backbone' ? backbone.depth : freeze);
}

/**
 * The parameters that train, in groups of one learning rate. A layer's factor is decay^(layers after it): 1 for the head
 * and the final norm, decay for the last block, decay^(depth + 1) for the embedding (Clark et al., 2020, as in DINOv2,
 * dinov2/utils/param_groups.py, get_vit_lr_decay_rate).
 */
export function parameterGroups(model: Classifier, layerDecay: number): ParameterGroup[] {
  const trained = (parameter: Parameter) => parameter.requiresGrad;
  if (layerDecay === 1) return [{ parameters: model.parameters().filter(trained) }];
  const { backbone, head } = model;
  const groups = new Map<number, Parameter[]>([[backbone.depth + 1, head.parameters()]]);
  for (const [name, parameter] of backbone.namedParameters()) {
    if (!trained(parameter)) continue;
    const layer = backbone.layerOf(name);
    groups.set(layer, [...(groups.get(layer) ?? []), parameter]);
  }
  return [...groups].map(([layer, parameters]) => ({
    parameters,
    learningRateScale: layerDecay ** (backbone.depth + 1 - layer),
  }));
}
