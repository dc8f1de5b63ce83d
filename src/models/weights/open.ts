/** A published weights file: found, read, recognized. Nothing is built yet. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError, inputError, readJson } from '../../base/index.js';
import { type Checkpoint, readCheckpoint, type StateDict } from '../../torch/index.js';
import { readModelCard } from '../card.js';
import type { ModelConfig } from '../config.js';
import { type LocatedWeights, locateWeights } from './fetch.js';
import { type Hints, type Naming, type Renamed, type Shapes, toOurNames } from './namings/naming.js';
import { NAMINGS } from './namings/namings.js';
import { ownNaming } from './own.js';
import type { PublishedWeights } from './published.js';
import { publishedInput, type WeightsInput } from './published-input.js';
import { candidates } from './state-dict.js';

export interface OpenOptions {
  /** What the shapes do not tell. */
  hints?: Hints;
  /** The network that the weights belong to, in place of what the file tells. */
  config?: ModelConfig;
}

export interface Weights {
  path: string;
  /** All files that the weights lie in: more than one where they are sharded. */
  files: readonly string[];
  format: Checkpoint['format'];
  /** The row of the table of published weights, where they were named by it. */
  published: PublishedWeights | undefined;
  naming: Naming;
  /** Where in the file they stood, such as 'teacher, without "backbone."'; '' for the file's top. */
  place: string;
  /** The network of the file, at its own image size. */
  config: ModelConfig;
  input: WeightsInput;
  /** The entries as published, prefixes taken off: views into the file. */
  entries: StateDict;
  renamed: Renamed;
  metadata: Record<string, string>;
}

/** What a folder of published weights may hold, the preferred first. */
const FILES = [
  'model.safetensors',
  'model.safetensors.index.json',
  'backbone.safetensors',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/**
 * Opens weights: a file, the folder that holds one (a snapshot of the Hugging Face hub, a run of hilum), or published
 * weights by name, as `locateWeights` finds them. The tensors belong to the open scope. Throws an InputError where
 * there is nothing, or nothing of a known family.
 */
export function openWeights(location: string, { hints = {}, config: given }: OpenOptions = {}): Weights {
  const { path, published } = weightsFile(location);
  const { root, metadata, files, format } = readCheckpoint(path);
  const config = hints.config ?? siblingConfig(path);
  const all: Hints = { ...hints, ...(config && { config }) };
  const written = ownConfig(path, metadata);
  let first: StateDict | undefined;
  for (const { place, state } of candidates(root)) {
    first ??= state;
    const shapes = shapesOf(state);
    const namings = written ? [ownNaming(written)] : NAMINGS;
    const naming = namings.find(({ clean, recognizes }) => recognizes(clean ? cleaned(shapes, clean) : shapes));
    if (!naming) continue;
    const own = naming.clean ? cleaned(shapes, naming.clean) : shapes;
    const model = given ?? written ?? described(naming, own, all, path);
    requireHeads(model, hints.heads, path);
    const input: WeightsInput = written
      ? { statistics: model.input ?? null, size: model.imageSize, source: 'the file' }
      : publishedInput(path, all.config, naming, published?.input);
    const renamed = toOurNames(state, naming);
    return { path, files, format, published, naming, place, config: model, input, entries: state, renamed, metadata };
  }
  throw inputError({
    what: path,
    found: first ? `entries such as ${Object.keys(first).slice(0, 4).join(', ')}` : 'no tensors',
    expected: `weights under the names of ${[...new Set(NAMINGS.map(({ title }) => title))].join('; ')}`,
    fix: 'Check that this is a backbone that hilum knows.',
  });
}

/** The weights file of a path, a folder, or published weights by name. */
export function weightsFile(location: string): LocatedWeights {
  const { path, ...rest } = locateWeights(location);
  if (!statSync(path).isDirectory()) return { path, ...rest };
  const name = FILES.find((file) => existsSync(join(path, file)));
  if (name) return { path: join(path, name), ...rest };
  if (isPretraining(path)) {
    const expected = 'one after its first evaluation';
    const fix = 'The weights come with that, with the end, and when the run is stopped by Ctrl-C.';
    throw inputError({ what: path, found: 'a pretraining that has not written its weights yet', expected, fix });
  }
  throw inputError({ what: path, found: 'a folder without weights', expected: `one of ${FILES.join(', ')} in it` });
}

/** Whether a folder is that of `hilum pretrain`. */
function isPretraining(folder: string): boolean {
  const config = join(folder, 'config.json');
  return existsSync(config) && readJson<{ format?: unknown } | null>(config)?.format === 'hilum pretraining';
}

const shapesOf = (state: StateDict): Shapes =>
  new Map(Object.entries(state).map(([name, tensor]) => [name, tensor.shape]));

const cleaned = (shapes: Shapes, clean: (name: string) => string): Shapes =>
  new Map([...shapes].map(([name, shape]) => [clean(name), shape]));

function described(naming: Naming, shapes: Shapes, hints: Hints, path: string): ModelConfig {
  try {
    return naming.describe(shapes, hints);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${path}: ${error.message}`) : error;
  }
}

function requireHeads(model: ModelConfig, heads: number | undefined, path: string): void {
  if (heads === undefined || ('heads' in model && model.heads === heads)) return;
  const found = 'heads' in model ? `${model.heads} heads` : `a ${model.architecture}, which has no heads`;
  throw inputError({ what: path, found, expected: `the ${heads} heads asked for`, fix: 'Leave heads out.' });
}

/** The network that hilum wrote into its own file, or beside it in a run's folder. */
function ownConfig(path: string, metadata: Record<string, string>): ModelConfig | undefined {
  const folder = dirname(path);
  if (basename(path) === 'model.safetensors' && existsSync(join(folder, 'model.json'))) {
    return readModelCard(folder).model;
  }
  if (metadata.model === undefined) return undefined;
  return { architecture: 'vit', ...(JSON.parse(metadata.model) as Partial<ModelConfig>) } as ModelConfig;
}

function siblingConfig(path: string): Record<string, unknown> | undefined {
  const config = join(dirname(path), 'config.json');
  return basename(path) !== 'config.json' && existsSync(config) ? readJson<Record<string, unknown>>(config) : undefined;
}
