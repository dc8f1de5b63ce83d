import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inputError, nearest } from '../base/index.js';
import { radiographDatasets } from '../datasets/index.js';
import { checkDocument, readYaml } from '../documents/index.js';
import { PRESETS, type PresetName } from './presets.js';
import { type PretrainingConfig, pretrainingSchema } from './schema.js';

export type Plain = Record<string, unknown>;
export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a command line says beside the file; it counts more. */
export interface ConfigChanges {
  preset?: string;
  data?: readonly string[];
  /** Weights to go on from. */
  from?: string;
  evaluate?: string;
  epochs?: number;
  batchSize?: number;
  device?: string;
}

/**
 * The complete configuration: a preset, what a file changes of it, and what `changes` do. Without any other word the preset is `small`,
 * and `continue` where there are weights to go on from. Relative paths in the file start from its own folder.
 * Throws an InputError that lists every fault with its field.
 */
export function loadPretraining(path: string | undefined, changes: ConfigChanges = {}): PretrainingConfig {
  const document = path === undefined ? {} : readYaml(path, 'a pretraining in YAML');
  const rooted = path === undefined ? document : withRoot(document, dirname(path));
  return checkPretraining(rooted, path ?? 'hilum pretrain dinov2', changes);
}

/** As `loadPretraining`, of a document that is an object already. */
export function checkPretraining(document: unknown, source: string, changes: ConfigChanges = {}): PretrainingConfig {
  if (document !== null && !isPlain(document)) {
    throw inputError({ what: source, found: 'no mapping', expected: 'a pretraining in YAML: keys and values' });
  }
  const { preset, ...given } = merged(document ?? {}, changed(changes));
  const base = PRESETS[presetOf(preset ?? (given.from ? 'continue' : 'small'), source)];
  // Weights bring their own network; they take the place of a preset's, but not of one that is asked for beside them.
  const own = given.from && !Object.hasOwn(given, 'model') ? { ...given, model: null } : given;
  return checkDocument(pretrainingSchema, merged(base as unknown as Plain, own), source);
}

function presetOf(name: unknown, source: string): PresetName {
  if (typeof name === 'string' && Object.hasOwn(PRESETS, name)) return name as PresetName;
  const expected = `one of: ${Object.keys(PRESETS).join(', ')}`;
  throw inputError({ what: `${source}: preset`, found: JSON.stringify(name), expected });
}

/** Keys of `over` count; mappings are merged key by key, all else is taken whole. */
export function merged(base: Plain, over: Plain): Plain {
  const entries = Object.entries(over).map(([key, value]) => {
    const before = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isPlain(before) && isPlain(value) ? merged(before, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(entries) };
}

function changed({ preset, data, from, evaluate, epochs, batchSize, device }: ConfigChanges): Plain {
  const training = defined({ epochs, batchSize });
  return defined({
    preset,
    device,
    data: data && data.length > 0 ? data.map((source) => ({ source: resolve(source) })) : undefined,
    from: from === undefined ? undefined : { weights: from },
    evaluation: evaluate === undefined ? undefined : evaluated(evaluate),
    training: Object.keys(training).length > 0 ? training : undefined,
  });
}

/** `chestxray14:FOLDER` for a data set of radiographs, else a source of pictures. */
function evaluated(text: string): Plain {
  const [, kind, source] = /^([\w-]{2,}):(.+)$/s.exec(text) ?? [];
  if (kind === undefined || existsSync(text)) return { source: resolve(text) };
  if (Object.hasOwn(radiographDatasets, kind)) return { kind, source: resolve(source!) };
  const known = Object.keys(radiographDatasets);
  const expected = `a source of pictures, or one of: ${known.map((name) => `${name}:FOLDER`).join(', ')}`;
  const near = nearest(kind, known);
  const fix = near ? `Did you mean ${near}:${source}?` : 'Check the path.';
  throw inputError({ what: '--evaluate', found: text, expected, fix });
}

const defined = (values: Plain): Plain =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Paths of a file from its own folder; what is not text stays, for the schema to refuse. Weights may be a published name. */
function withRoot(document: unknown, root: string): unknown {
  if (!isPlain(document)) return document;
  const path = (value: unknown) => (typeof value === 'string' ? resolve(root, value) : value);
  const paths = (value: unknown) => (Array.isArray(value) ? value.map(path) : value);
  const { data, from, evaluation } = document;
  const beside = isPlain(from) && typeof from.weights === 'string' ? resolve(root, from.weights) : undefined;
  return {
    ...document,
    ...(Array.isArray(data) && {
      data: data.map((it) =>
        isPlain(it) ? defined({ ...it, source: path(it.source), exclude: paths(it.exclude) }) : it,
      ),
    }),
    ...(beside !== undefined && existsSync(beside) && { from: { ...(from as Plain), weights: beside } }),
    ...(isPlain(evaluation) && { evaluation: defined({ ...evaluation, source: path(evaluation.source) }) }),
  };
}
