/** Networks of the original code in a fixture: `<model>/weights/<name>`, and what the model computed. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Tensor, writeSafetensors } from '../src/torch/index.js';

export type Tensors = Record<string, Tensor>;

/** The entries `<prefix>/*`, without the prefix. */
export function entriesOf(tensors: Tensors, prefix: string): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}/`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
}

/** Writes a model's weights under their original names, as their publisher would, and returns the file's path. */
export function writeWeights(tensors: Tensors, model: string, folder: string): string {
  const path = join(folder, `${model.replaceAll('/', '-')}.safetensors`);
  writeSafetensors(path, entriesOf(tensors, `${model}/weights`));
  return path;
}

/** SHA-256 of all names and shapes, as `fixtures/*-names.json` has it for every published size. */
export function fingerprint(state: Readonly<Record<string, { shape: readonly number[] }>>): string {
  const lines = Object.entries(state).map(([name, { shape }]) => `${name} [${shape}]\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}
