import type { Module } from '../torch/index.js';
import type { Backbone } from './backbone.js';

/**
 * Takes a network's embedding and its first `blocks` blocks out of training, or, with 'backbone', all of it; 0 takes out
 * nothing. Where nothing before it trains, a frozen layer is not recorded for gradients: it costs its forward pass and
 * keeps nothing for a backward pass. Throws a RangeError for a block that the network does not have.
 */
export function freezeLayers(backbone: Backbone, blocks: number | 'backbone'): void {
  if (blocks === 0) return;
  if (blocks !== 'backbone' && !(Number.isInteger(blocks) && blocks > 0 && blocks <= backbone.depth)) {
    throw new RangeError(`${blocks} frozen blocks; the network has ${backbone.depth}`);
  }
  const last = blocks === 'backbone' ? backbone.depth + 1 : blocks;
  for (const [name, parameter] of backbone.namedParameters()) {
    if (backbone.layerOf(name) <= last) parameter.requiresGrad_(false);
  }
}

/**
 * The parts of a model of whose parameters none trains, without the parts of these. In training they must stay in
 * evaluation mode: a frozen batch normalization uses its running statistics and leaves them where they are, a frozen
 * branch is not dropped.
 */
export function frozenParts(model: Module): Module[] {
  const frozen: Module[] = [];
  let inside: string | undefined;
  for (const [name, module] of model.namedModules()) {
    if (inside !== undefined && name.startsWith(inside)) continue;
    const parameters = module.parameters();
    if (parameters.length === 0 || parameters.some((parameter) => parameter.requiresGrad)) continue;
    frozen.push(module);
    inside = name === '' ? '' : `${name}.`;
  }
  return frozen;
}
