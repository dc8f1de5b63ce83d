import type { Backbone } from './backbone.js';
import type { Architecture, ModelConfig } from './config.js';
import { convNextOptions } from './convnext/config.js';
import { ConvNext } from './convnext/convnext.js';
import { dinov3VitOptions } from './dinov3-vit/config.js';
import { Dinov3Vit } from './dinov3-vit/dinov3-vit.js';
import { vitOptions } from './vit/config.js';
import { VisionTransformer } from './vit/vision-transformer.js';

type Builders = { [A in Architecture]: (config: Extract<ModelConfig, { architecture: A }>) => Backbone };

const ARCHITECTURES: Builders = {
  vit: (config) => new VisionTransformer(vitOptions(config)),
  'dinov3-vit': (config) => new Dinov3Vit(dinov3VitOptions(config)),
  convnext: (config) => new ConvNext(convNextOptions(config)),
};

/** Builds a network with random weights. Throws an InputError where the numbers of its config do not fit each other. */
export function createBackbone(config: ModelConfig): Backbone {
  return (ARCHITECTURES[config.architecture] as (config: ModelConfig) => Backbone)(config);
}
