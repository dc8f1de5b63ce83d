import { inputError } from '../../base/index.js';
import {
  noGrad,
  type StateDict,
  scope,
  type Tensor,
  withoutInitialization,
  writeSafetensors,
} from '../../torch/index.js';
import { createBackbone } from '../architectures.js';
import type { Backbone } from '../backbone.js';
import { interpolatePositions } from '../vit/position-embedding.js';
import { VisionTransformer } from '../vit/vision-transformer.js';
import { fits } from './namings/naming.js';
import { type OpenOptions, openWeights, type Weights } from './open.js';

/** What loading did, for the log and the report. */
export interface LoadReport {
  path: string;
  /** 'DINOv2 (facebookresearch/dinov2)' */
  naming: string;
  /** Where in the file the weights stood; '' for its top. */
  place: string;
  /** Parameters that the file had. */
  matched: number;
  /** Theirs to ours, where they differ: '[query, key, value] to qkv' as two texts. */
  renamed: [theirs: string, ours: string][];
  /** '6 x 6 to 14 x 14', where the position embedding was brought to another grid. */
  interpolated?: string;
  /** Parameters that the file lacks; they keep their start. */
  initialized: string[];
  /** Heads of the pretraining, left out. */
  dropped: string[];
  /** Entries that nothing here knows, left out because it was allowed. */
  leftOver: string[];
}

export interface LoadOptions extends OpenOptions {
  /** Templates of names that may be missing or left over: 'blocks.{i}.attn.rope', 'norm_pre.*'. */
  allow?: readonly string[];
}

/**
 * Builds the network of a weights file and loads it; float32 parameters stay where the file is mapped, and only what is
 * written to takes memory. Throws an InputError that names what is missing, unexpected or of another shape.
 */
export function loadWeights(path: string, options: LoadOptions = {}): { backbone: Backbone; report: LoadReport } {
  return scope(() => {
    const weights = openWeights(path, options);
    const wanted = options.config ?? { ...weights.config, input: weights.input.statistics ?? null };
    let backbone = withoutInitialization(() => createBackbone(wanted));
    const { optional } = weights.naming;
    const lacking = missingIn(backbone, weights).filter((name) => !optional.some((template) => fits(name, template)));
    if (lacking.length > 0) {
      backbone.free();
      backbone = createBackbone(wanted);
    }
    try {
      return { backbone, report: fill(backbone, weights, options) };
    } catch (error) {
      backbone.free();
      throw error;
    }
  });
}

/**
 * Loads a weights file into a network that is there. Throws an InputError that names what is missing, unexpected or of
 * another shape; the network is then as it was.
 */
export function loadBackbone(backbone: Backbone, path: string, options: LoadOptions = {}): LoadReport {
  return scope(() => fill(backbone, openWeights(path, { config: backbone.config, ...options }), options));
}

const missingIn = (backbone: Backbone, { renamed }: Weights): string[] =>
  Object.keys(backbone.stateDict()).filter((name) => !Object.hasOwn(renamed.state, name));

function fill(backbone: Backbone, weights: Weights, { allow = [] }: LoadOptions): LoadReport {
  const { path, naming, place, renamed } = weights;
  const among = (templates: readonly string[]) => (name: string) => templates.some((template) => fits(name, template));
  const dropped = renamed.leftOver.filter(among(naming.heads));
  const unknown = renamed.leftOver.filter((name) => !dropped.includes(name));
  const leftOver = unknown.filter(among(allow));
  const initialized = missingIn(backbone, weights);
  const faults = [
    listing('missing', [
      ...renamed.missing,
      ...initialized.filter((name) => !among(naming.optional)(name) && !among(allow)(name)),
    ]),
    listing(
      'unexpected',
      unknown.filter((name) => !leftOver.includes(name)),
    ),
  ].filter((text) => text !== '');
  if (faults.length > 0) {
    throw inputError({
      what: path,
      found: `weights under the names of ${naming.title} that do not fit the network; ${faults.join('; ')}`,
      expected: 'every parameter, and nothing else',
      fix: 'Give weights of the same network, or allow these names.',
    });
  }
  const own = backbone.stateDict();
  const state: StateDict = { ...renamed.state };
  for (const name of initialized) state[name] = own[name]!;
  const interpolated = noGrad(() => fitPositions(backbone, state, path));
  backbone.assignStateDict(state, path);
  const different = [...renamed.origins].filter(([ours, [...theirs]]) => theirs.length > 1 || theirs[0] !== ours);
  return {
    path,
    naming: naming.title,
    place,
    matched: renamed.origins.size,
    renamed: different.map(([ours, theirs]) => [theirs.join(' + '), ours]),
    ...(interpolated && { interpolated }),
    initialized,
    dropped,
    leftOver,
  };
}

/** Brings the position embedding of a vision transformer to its grid; says so, or undefined where it fits. */
function fitPositions(backbone: Backbone, state: StateDict, path: string): string | undefined {
  if (!(backbone instanceof VisionTransformer)) return undefined;
  const positions = state.pos_embed;
  const own = backbone.pos_embed;
  if (positions?.shape.length !== 3 || positions.size(1) === own.size(1)) return undefined;
  if (positions.size(0) !== 1 || positions.size(2) !== own.size(2)) return undefined;
  state.pos_embed = resizePositions(backbone, positions, path);
  const [from, to] = [positions, own].map((tensor) => Math.sqrt(tensor.size(1) - 1));
  return `${from} x ${from} to ${to} x ${to}`;
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

function listing(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 8).join(', ');
  return `${what}: ${names.length > 8 ? `${shown} and ${names.length - 8} more` : shown}`;
}

/** Writes a network's parameters under our names as safetensors, with its config beside them. */
export function saveBackbone(backbone: Backbone, path: string, metadata: Record<string, string> = {}): void {
  writeSafetensors(path, backbone.stateDict(), { model: JSON.stringify(backbone.config), ...metadata });
}
