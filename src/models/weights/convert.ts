/** Weights under the names of another code base, with the files that it reads beside them. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inputError, writeJson } from '../../base/index.js';
import { type StateDict, scope, type WriteOptions, writePytorch, writeSafetensors } from '../../torch/index.js';
import type { Backbone } from '../backbone.js';
import { blueprintOf } from '../blueprint.js';
import { readModelCard } from '../card.js';
import type { ModelConfig } from '../config.js';
import type { InputStatistics } from '../input-statistics.js';
import { companionFiles } from './companion-files.js';
import { differences } from './differences.js';
import { type Head, withHead } from './head.js';
import { type LoadOptions, type LoadReport, loadWeights } from './load.js';
import { type Naming, toTheirNames } from './namings/naming.js';
import { NAMINGS } from './namings/namings.js';
import { openWeights, type Weights } from './open.js';

export type StorageType = NonNullable<WriteOptions['dtype']>;

export interface ConvertOptions extends Omit<LoadOptions, 'config'> {
  /** The code base: 'dinov2', 'timm', 'transformers', 'torchvision', ..., or 'hilum'. */
  to: string;
  /** Side of the square images that the network is then made for, in pixels; the file's own where it is left out. */
  size?: number | undefined;
  /** The file's own where it is left out. */
  dtype?: StorageType | undefined;
  /** What images are normalized with, in place of what the weights tell; null for nothing. */
  input?: InputStatistics | null | undefined;
  /** Replaces files that are there. */
  force?: boolean | undefined;
  onProgress?: WriteOptions['onProgress'];
}

export interface Conversion {
  /** How the weights were read. */
  load: LoadReport;
  /** 'timm (huggingface/pytorch-image-models)' */
  to: string;
  dtype: StorageType;
  /** Tensors written. */
  entries: number;
  files: { path: string; bytes: number }[];
  /** What the person should know: parts left out, what the other code base does otherwise. */
  notes: string[];
}

const OWN = 'hilum';

/** What a network of this architecture may be converted to. */
export function namesFor(architecture: ModelConfig['architecture']): string[] {
  return [...new Set([OWN, ...NAMINGS.filter((each) => each.architecture === architecture).map(({ name }) => name)])];
}

/**
 * The naming of a code base that can hold a network. Throws an InputError with the names that there are, or with the
 * reason why none of that name can.
 */
export function namingFor(to: string, network: ModelConfig): Naming {
  const { config } = blueprintOf(network);
  const { architecture } = config;
  const named = NAMINGS.filter((naming) => naming.name === to && naming.architecture === architecture);
  const reasons = named.map((naming) => naming.refuses?.(config));
  const found = named.find((_, i) => reasons[i] === undefined);
  if (found) return found;
  throw inputError({
    what: `a ${architecture} under the names of ${to}`,
    found: named.length > 0 ? `that it cannot be: ${[...new Set(reasons)].join('; ')}` : 'no such names',
    expected: `one of ${namesFor(architecture).join(', ')}`,
  });
}

/** A backbone's parameters under published names; views where nothing has to be computed. Belongs to the open scope. */
export const convertState = (backbone: Backbone, naming: Naming): StateDict =>
  toTheirNames(backbone.stateDict(), naming);

/**
 * Reads weights and writes them under the names of another code base: one file where `out` ends in .safetensors, .pth,
 * .pt or .bin, else a folder as the code base publishes them, with config.json where it reads one. The classifier of a
 * run of hilum keeps its head where the other's models have a place for it. Throws an InputError for weights that
 * cannot be read or held, for input statistics that nobody tells, and for files that are there.
 */
export function convertWeights(from: string, out: string, options: ConvertOptions): Conversion {
  return scope(() => {
    const weights = openWeights(from, options);
    const { size, input: given } = options;
    const input = { ...weights.input, ...(given !== undefined && { statistics: given }) };
    const wanted = { ...weights.config, ...(size && { imageSize: size }), input: input.statistics ?? null };
    const network = blueprintOf(wanted).config;
    const target = targetFor(options.to, network, out);
    const paths = [...target.beside, target.weights];
    if (target.needsInput && input.statistics === undefined) throw unknownInput(weights.path);
    if (!options.force) checkFree(paths);
    const { backbone, report: load } = loadWeights(from, { ...options, config: network });
    try {
      const dtype = options.dtype ?? storageType(weights);
      const { state, config, notes } = converted(backbone, target, runHead(weights), options.to);
      if (dtype === 'float16') checkHalf(state, from);
      const content =
        target.naming && config
          ? companionFiles(target.naming, {
              config,
              network,
              input: { ...input, statistics: network.input ?? null },
              dtype,
            })
          : {};
      for (const path of target.beside) writeJson(path, content[basename(path)]);
      const own: Record<string, string> = target.naming ? {} : { model: JSON.stringify(backbone.config) };
      const writing = { dtype, ...(options.onProgress && { onProgress: options.onProgress }) };
      if (target.weights.endsWith('.safetensors')) {
        writeSafetensors(target.weights, state, { format: 'pt', ...own }, writing);
      } else writePytorch(target.weights, state, writing);
      const files = paths.map((path) => ({ path, bytes: statSync(path).size }));
      return { load, to: target.naming?.title ?? OWN, dtype, entries: Object.keys(state).length, files, notes };
    } finally {
      backbone.free();
    }
  });
}

interface Target {
  /** undefined for hilum's own names. */
  naming: Naming | undefined;
  /** What the code base reads of the network beside the weights. */
  config: Record<string, unknown> | undefined;
  weights: string;
  /** Files beside the weights. */
  beside: string[];
  /** Whether what is written says what images are normalized with. */
  needsInput: boolean;
}

function targetFor(to: string, network: ModelConfig, out: string): Target {
  const naming = to === OWN ? undefined : namingFor(to, network);
  if (/\.(safetensors|pth|pt|bin)$/.test(out)) {
    if (!naming && !out.endsWith('.safetensors')) throw onlySafetensors(out);
    return { naming, config: naming?.configFile?.(network), weights: out, beside: [], needsInput: !naming };
  }
  const config = naming?.configFile?.(network);
  const names = config ? ['config.json', ...(to.startsWith('transformers') ? ['preprocessor_config.json'] : [])] : [];
  const beside = names.map((name) => join(out, name));
  return { naming, config, weights: join(out, 'model.safetensors'), beside, needsInput: !naming || !!config };
}

/** The backbone and its head under the target's names, and what is lost on the way. */
function converted(backbone: Backbone, { naming, config, beside }: Target, head: Head | undefined, to: string) {
  const state = naming ? convertState(backbone, naming) : backbone.stateDict();
  const classified = head && naming && withHead(state, head, naming, config);
  const notes = naming ? differences(backbone, naming, state, config) : [];
  if (head && !classified) notes.push(`the classifier's head was left out: ${to} has no place for it`);
  if (naming?.configFile && !config) notes.push(`no config.json: ${naming.title} has no model of this size`);
  if (config && beside.length === 0) notes.push('one file: what reads it must build the network by itself');
  return { state: classified?.state ?? state, config: config && { ...config, ...classified?.config }, notes };
}

/** The one floating point type of the file's entries; float32 where they have several. */
function storageType({ entries }: Weights): StorageType {
  const types = new Set(Object.values(entries).map(({ dtype }) => dtype));
  const [only, ...others] = [...types].filter((dtype) => dtype.includes('float'));
  return others.length === 0 && (only === 'float16' || only === 'bfloat16') ? only : 'float32';
}

/** The head of a classifier that hilum trained: `model.json` lies beside the weights. */
function runHead({ path, entries }: Weights): Head | undefined {
  const folder = dirname(path);
  if (basename(path) !== 'model.safetensors' || !existsSync(join(folder, 'model.json'))) return undefined;
  const [weight, bias] = [entries['head.weight'], entries['head.bias']];
  return weight && bias && { weight, bias, findings: readModelCard(folder).findings };
}

const LARGEST_HALF = 65504;

function checkHalf(state: StateDict, from: string): void {
  for (const [name, tensor] of Object.entries(state)) {
    if (!tensor.dtype.includes('float') || tensor.shape.includes(0)) continue;
    const largest = scope(() => tensor.detach().to('float32').abs().amax().item());
    if (largest <= LARGEST_HALF) continue;
    throw inputError({
      what: `${from}: ${name}`,
      found: `a value of ${largest}`,
      expected: `at most ${LARGEST_HALF}, the largest of float16`,
      fix: 'Use bfloat16 or float32.',
    });
  }
}

const onlySafetensors = (out: string) =>
  inputError({ what: out, found: 'a PyTorch file', expected: 'a .safetensors file, or a folder, for hilum' });

const unknownInput = (path: string) =>
  inputError({
    what: `${path}: input statistics`,
    found: 'neither in the file nor known of its family',
    expected: 'what images are normalized with',
    fix: 'Say it with --input none, imagenet or half.',
  });

function checkFree(paths: readonly string[]): void {
  const taken = paths.find((path) => existsSync(path));
  if (taken === undefined) return;
  throw inputError({
    what: taken,
    found: 'a file that is there',
    expected: 'a new one',
    fix: 'Use --force to replace it.',
  });
}
