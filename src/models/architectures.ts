import type { Backbone } from './backbone.js';
import type { Architecture, ModelConfig } from './config.js';
import { convNextOptions } from './convnext/config.js';
import { ConvNext } from './convnext/convnext.js';
import { densenetOptions } from './densenet/config.js';
import { DenseNet } from './densenet/densenet.js';
import { dinov3VitOptions } from './dinov3-vit/config.js';
import { Dinov3Vit } from './dinov3-vit/dinov3-vit.js';
import { resnetOptions } from './resnet/config.js';
import { ResNet } from './resnet/resnet.js';
import { vitOptions } from './vit/config.js';
import { VisionTransformer } from './vit/vision-transformer.js';

type Builders = { [A in Architecture]: (config: Extract<ModelConfig, { architecture: A }>) => Backbone };

const ARCHITECTURES: Builders = {
  vit: (config) => new VisionTransformer(vitOptions(config)),
  'dinov3-vit': (config) => new Dinov3Vit(dinov3VitOptions(config)),
  convnext: (config) => new ConvNext(convNextOptions(config)),
  resnet: (config) => new ResNet(resnetOptions(config)),
  densenet: (config) => new DenseNet(densenetOptions(config)),
};

/** Builds a network with random weights. Throws an InputError where the numbers of its config do not fit each other. */
export function createBackbone(config: ModelConfig): Backbone {
  return (ARCHITECTURES[config.architecture] as (config: ModelConfig) => Backbone)(config);
}
