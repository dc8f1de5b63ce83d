/** The index of a checkpoint in shards, as huggingface_hub writes it (serialization/_base.py, `StateDictSplit`). */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inputError, readJson } from '../../base/index.js';

export interface ShardIndex {
  /** Names of the tensors by the name of the file that has them, in the index's order. */
  shards: Map<string, string[]>;
  metadata: Record<string, string>;
}

/**
 * The path of the index of which `path` is a shard: `model-00001-of-00003.safetensors` has
 * `model.safetensors.index.json` beside it. Undefined for a file that is no shard, or the only one. Throws an
 * InputError where the index is missing, since the shard alone is a part of a network.
 */
export function indexBeside(path: string): string | undefined {
  const [, stem, total, extension] = /^(.+)-\d{5}-of-(\d{5})(\.\w+)$/.exec(basename(path)) ?? [];
  if (!stem || Number(total) < 2) return undefined;
  const index = `${stem}${extension}.index.json`;
  if (existsSync(join(dirname(path), index))) return join(dirname(path), index);
  throw inputError({
    what: path,
    found: `one of ${Number(total)} shards`,
    expected: `${index} beside it`,
    fix: 'Fetch the index and all shards into one folder.',
  });
}

/** Throws an InputError that names the file and the fault. */
export function readIndex(path: string): ShardIndex {
  const refuse = (found: string) =>
    inputError({ what: path, found, expected: 'an index of shards: {"weight_map": {tensor: file, ...}}' });
  const index = readJson<{ weight_map?: unknown; metadata?: unknown } | null>(path);
  const map = index?.weight_map;
  if (map === null || typeof map !== 'object' || Array.isArray(map)) throw refuse('JSON without a weight_map');
  const shards = new Map<string, string[]>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[^/\\\0]+$/.test(file) || file === '.' || file === '..') {
      throw refuse(`'${name}' in the file ${JSON.stringify(file)}, which is no name`);
    }
    if (!shards.has(file)) shards.set(file, []);
    shards.get(file)!.push(name);
  }
  if (shards.size === 0) throw refuse('an empty weight_map');
  const metadata = Object.entries(index?.metadata ?? {}).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return { shards, metadata: Object.fromEntries(metadata) };
}
