import { inputError } from '../base/index.js';
import { noGrad, readSafetensors, type StateDict, scope, type Tensor, writeSafetensors } from '../torch/index.js';
import { interpolatePositions } from './vit/position-embedding.js';
import type { VisionTransformer } from './vit/vision-transformer.js';

/** Entries of a checkpoint that belong to no backbone: the head it was trained with. */
const HEAD = /^(head|dino_head|ibot_head|projector)\./;

/** What loading did, for the log and the report. */
export interface LoadReport {
  matched: number;
  /** Left out: heads of the pretraining. */
  dropped: string[];
  /** '6 x 6 to 14 x 14', where the position embedding was brought to another grid. */
  interpolated?: string;
}

/**
 * Loads a safetensors file with DINOv2's parameter names into a backbone; a `backbone.` prefix is taken off, a head is
 * left out, the position embedding is interpolated to the backbone's grid.
 * Throws an InputError that names what is missing, unexpected or of another shape.
 */
export function loadBackbone(backbone: VisionTransformer, path: string): LoadReport {
  return scope(() =>
    noGrad(() => {
      const { tensors } = readSafetensors(path);
      const dropped: string[] = [];
      const found: [string, Tensor][] = [];
      for (const [key, tensor] of Object.entries(tensors)) {
        const name = key.replace(/^backbone\./, '');
        if (HEAD.test(name)) dropped.push(key);
        else found.push([name, tensor]);
      }
      const state: StateDict = Object.fromEntries(found);
      const report: LoadReport = { matched: found.length, dropped };
      state.mask_token ??= backbone.mask_token; // the classifiers of ImageNet have none, and only pretraining uses it
      const positions = state.pos_embed;
      const own = backbone.pos_embed;
      const another = positions?.shape.length === 3 && positions.size(1) !== own.size(1);
      if (another && positions.size(0) === 1 && positions.size(2) === own.size(2)) {
        state.pos_embed = resizePositions(backbone, positions, path);
        const [from, to] = [positions, own].map((tensor) => Math.sqrt(tensor.size(1) - 1));
        report.interpolated = `${from} x ${from} to ${to} x ${to}`;
      }
      backbone.loadStateDict(state, path);
      return report;
    }),
  );
}

function resizePositions(backbone: VisionTransformer, positions: Tensor, path: string): Tensor {
  const side = Math.sqrt(positions.size(1) - 1);
  if (!Number.isInteger(side) || side === 0) {
    throw inputError({
      what: `${path}: pos_embed`,
      found: `[${positions.shape}]`,
      expected: `one position for the class token and a square grid of patches, like [${backbone.pos_embed.shape}]`,
    });
  }
  const grid = backbone.options.imageSize / backbone.options.patchSize;
  return interpolatePositions(positions.to('float32'), [grid, grid], backbone.options.interpolation);
}

/** Writes a backbone's parameters, named as in DINOv2, as safetensors. */
export function saveBackbone(backbone: VisionTransformer, path: string, metadata: Record<string, string>): void {
  writeSafetensors(path, backbone.stateDict(), metadata);
}
