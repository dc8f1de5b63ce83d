import { withoutInitialization } from '../../torch/index.js';
import { createBackbone } from '../architectures.js';
import type { ModelConfig } from '../config.js';
import { type Naming, rename } from './naming.js';

/** The names of hilum's own files, which say what network they hold: those of its parameters. */
export function ownNaming(config: ModelConfig): Naming {
  const network = withoutInitialization(() => createBackbone(config));
  const names = Object.keys(network.stateDict());
  network.free();
  return {
    name: 'hilum',
    title: 'hilum',
    architecture: config.architecture,
    recognizes: (shapes) => names.some((name) => shapes.has(name)),
    describe: () => config,
    heads: ['head.*', 'dino_head.*', 'ibot_head.*', 'projector.*'],
    optional: ['mask_token'],
    rules: names.map((name) => rename(name, name)),
  };
}
