import { TensorBase } from '../tensor-base.js';
import { type CheckpointRecord, Inert, type Refuse } from './checkpoint.js';
import { GLOBALS } from './globals.js';
import type { PickleReader } from './pickle.js';
import { type Python, typeName } from './python.js';
import type { Storages } from './storages.js';
import { ValueReader } from './values.js';

/** Bytes of the pickles of one file; the tensors' values are outside them. */
export const PICKLE_LIMIT = 2 ** 28;

/** The record that a pickle holds. `read` gets all of a pickle's reader but what depends on the container. */
export function readRoot(
  storages: Storages,
  refuse: Refuse,
  read: (reader: Pick<PickleReader, 'isListed' | 'refuse'>) => Python,
): CheckpointRecord {
  const object = read({ isListed: (name) => GLOBALS.has(name), refuse });
  const root = new ValueReader(storages, GLOBALS, refuse).value(object);
  if (
    root === null ||
    typeof root !== 'object' ||
    Array.isArray(root) ||
    root instanceof Inert ||
    root instanceof TensorBase
  ) {
    throw refuse(`a checkpoint that is ${typeName(object)}`, 'a dict of tensors, or of such dicts');
  }
  return root;
}
