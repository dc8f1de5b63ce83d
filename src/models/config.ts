import type { ConvNextConfig } from './convnext/config.js';
import type { DenseNetConfig } from './densenet/config.js';
import type { Dinov3VitConfig } from './dinov3-vit/config.js';
import type { ResNetConfig } from './resnet/config.js';
import type { VitConfig } from './vit/config.js';

/** A network as it is written down in an experiment, a model card or a weights file: enough to build it again. */
export type ModelConfig =
  | ({ architecture: 'vit' } & VitConfig)
  | ({ architecture: 'dinov3-vit' } & Dinov3VitConfig)
  | ({ architecture: 'convnext' } & ConvNextConfig)
  | ({ architecture: 'resnet' } & ResNetConfig)
  | ({ architecture: 'densenet' } & DenseNetConfig);

export type Architecture = ModelConfig['architecture'];
