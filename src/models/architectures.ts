import type { Backbone } from './backbone.js';
import type { Architecture, ModelConfig } from './config.js';
import { vitOptions } from './vit/config.js';
import { VisionTransformer } from './vit/vision-transformer.js';

type Builders = { [A in Architecture]: (config: Extract<ModelConfig, { architecture: A }>) => Backbone };

const ARCHITECTURES: Builders = {
  vit: (config) => new VisionTransformer(vitOptions(config)),
};

/** Builds a network with random weights. Throws an InputError where the numbers of its config do not fit each other. */
export function createBackbone(config: ModelConfig): Backbone {
  return (ARCHITECTURES[config.architecture] as (config: ModelConfig) => Backbone)(config);
}
