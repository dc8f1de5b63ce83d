import type { VitConfig } from './vit/config.js';

/** A network as it is written down in an experiment, a model card or a weights file: enough to build it again. */
export type ModelConfig = { architecture: 'vit' } & VitConfig;

export type Architecture = ModelConfig['architecture'];
