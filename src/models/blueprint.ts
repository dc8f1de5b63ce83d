import { withoutInitialization } from '../torch/index.js';
import { createBackbone } from './architectures.js';
import type { ModelConfig } from './config.js';

/** What a network is, known without its weights. */
export interface Blueprint {
  /** With everything filled in that the config given left out. */
  config: ModelConfig;
  /** Of its parameters and buffers, in their order. */
  names: readonly string[];
  /** Values that train. */
  parameters: number;
}

/** The network of a config; its memory is never touched. Throws an InputError as `createBackbone`. */
export function blueprintOf(config: ModelConfig): Blueprint {
  const backbone = withoutInitialization(() => createBackbone(config));
  try {
    return { config: backbone.config, names: Object.keys(backbone.stateDict()), parameters: backbone.parameterCount() };
  } finally {
    backbone.free();
  }
}
