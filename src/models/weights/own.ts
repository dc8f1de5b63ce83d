import { blueprintOf } from '../blueprint.js';
import type { ModelConfig } from '../config.js';
import { type Naming, rename } from './namings/naming.js';

/** The names of hilum's own files, which say what network they hold: those of its parameters. */
export function ownNaming(config: ModelConfig): Naming {
  const { names } = blueprintOf(config);
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
