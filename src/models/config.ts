import type { ConvNextConfig } from './convnext/config.js';
import type { Dinov3VitConfig } from './dinov3-vit/config.js';
import type { VitConfig } from './vit/config.js';

/** A network as it is written down in an experiment, a model card or a weights file: enough to build it again. */
export type ModelConfig =
  | ({ architecture: 'vit' } & VitConfig)
  | ({ architecture: 'dinov3-vit' } & Dinov3VitConfig)
  | ({ architecture: 'convnext' } & ConvNextConfig);

export type Architecture = ModelConfig['architecture'];
