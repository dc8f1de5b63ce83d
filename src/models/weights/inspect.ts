/** What a weights file holds, known to hilum or not. */
import { existsSync, statSync } from 'node:fs';
import { InputError } from '../../base/index.js';
import {
  type Checkpoint,
  type CheckpointValue,
  type DType,
  readCheckpoint,
  type StateDict,
  scope,
  Tensor,
} from '../../torch/index.js';
import { blueprintOf } from '../blueprint.js';
import type { ModelConfig } from '../config.js';
import { fits } from './namings/naming.js';
import { type OpenOptions, openWeights, type Weights, weightsFile } from './open.js';
import type { WeightsInput } from './published-input.js';

/** A tensor of a file. */
export interface Entry {
  name: string;
  dtype: DType;
  shape: readonly number[];
}

export interface WeightsNetwork {
  /** 'DINOv2 (facebookresearch/dinov2)' */
  naming: string;
  /** Short name in the table of published weights, where it was named by that. */
  published?: string;
  /** Where in the file the weights stand; '' for its top. */
  place: string;
  /** Complete, as `createBackbone` takes it. */
  config: ModelConfig;
  input: WeightsInput;
  /** Values that train. */
  parameters: number;
  /** Parts of the network that the file lacks. */
  missing: string[];
  /** Heads of the pretraining, which are left out. */
  heads: string[];
  /** Entries that nothing here knows; to load the rest they have to be allowed. */
  unknown: string[];
}

export interface Inspection {
  path: string;
  /** All files that were read. */
  files: readonly string[];
  format: Checkpoint['format'];
  /** Of all files together. */
  bytes: number;
  metadata: Readonly<Record<string, string>>;
  /** undefined where no family that hilum knows fits. */
  network: WeightsNetwork | undefined;
  /** Why not; '' where one does. */
  reason: string;
  /** Of the network as the file has them, or, where none is known, of the whole file. */
  entries: Entry[];
}

/**
 * Looks at weights without loading them: a file, a folder, or published weights by name. Throws an InputError where there
 * is no file, or none that can be read; a file that hilum can read but has no network for is described all the same.
 */
export function inspectWeights(location: string, options: OpenOptions = {}): Inspection {
  return scope(() => {
    try {
      const weights = openWeights(location, options);
      const { path, files, format, metadata, entries } = weights;
      const about = { path, files, format, bytes: bytesOf(files), metadata };
      return { ...about, network: networkOf(weights), reason: '', entries: listed(entries) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { path } = weightsFile(location);
      const { root, files, format, metadata } = readCheckpoint(path);
      const about = { path, files, format, bytes: bytesOf(files), metadata };
      return { ...about, network: undefined, reason: error.message, entries: listed(flat(root)) };
    }
  });
}

function networkOf({ naming, published, place, config, input, renamed }: Weights): WeightsNetwork {
  const blueprint = blueprintOf(config);
  const missing = blueprint.names.filter((name) => !Object.hasOwn(renamed.state, name));
  const among = (templates: readonly string[]) => (name: string) => templates.some((each) => fits(name, each));
  const heads = renamed.leftOver.filter(among(naming.heads));
  return {
    naming: naming.title,
    ...(published && { published: published.name }),
    place,
    config: blueprint.config,
    parameters: blueprint.parameters,
    input,
    missing: [...renamed.missing, ...missing.filter((name) => !among(naming.optional)(name))],
    heads,
    unknown: renamed.leftOver.filter((name) => !heads.includes(name)),
  };
}

const listed = (entries: StateDict): Entry[] =>
  Object.entries(entries).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));

const bytesOf = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);

/** Every tensor below a value, by the names on the way to it. */
function flat(value: CheckpointValue, path: readonly string[] = []): StateDict {
  if (value instanceof Tensor) return { [path.join('.')]: value };
  if (value === null || typeof value !== 'object') return {};
  return Object.assign(
    Object.create(null),
    ...Object.entries(value).map(([name, inner]) => flat(inner as CheckpointValue, [...path, name])),
  );
}
