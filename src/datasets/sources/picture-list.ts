import { createHash } from 'node:crypto';
import { contentHash } from '../../base/index.js';
import { nameOf } from '../../imaging/index.js';
import type { PictureList, PictureSet } from '../pictures.js';

/** A set of pictures as a list. */
export function listOf({ name, classes, pictures, notes }: PictureSet): PictureList {
  return {
    name,
    classes,
    notes,
    length: pictures.length,
    at: (index) => pictures[index]?.source,
    id: (index) => pictures[index]!.id,
    label: (index) => pictures[index]!.label,
    split: (index) => pictures[index]!.split,
    stamp: (index) => nameOf(pictures[index]!.source),
    fingerprint: () => contentHash(pictures.map(({ id, label }) => [id, label])),
  };
}

/** Some pictures of a list, in its order: those at the indices given, ascending, or those that `wanted` is true of. */
export function selectPictures(list: PictureList, wanted: Uint32Array | ((index: number) => boolean)): PictureList {
  const chosen = typeof wanted === 'function' ? indicesOf(list.length, wanted) : wanted;
  const { name, classes, notes } = list;
  return {
    name,
    classes,
    notes,
    length: chosen.length,
    at: (index) => (index >= 0 && index < chosen.length ? list.at(chosen[index]!) : undefined),
    id: (index) => list.id(chosen[index]!),
    label: (index) => list.label(chosen[index]!),
    split: (index) => list.split(chosen[index]!),
    stamp: (index) => list.stamp(chosen[index]!),
    fingerprint: () => createHash('sha256').update(list.fingerprint()).update(chosen).digest('hex'),
  };
}

function indicesOf(length: number, wanted: (index: number) => boolean): Uint32Array {
  const chosen = new Uint32Array(length);
  let count = 0;
  for (let i = 0; i < length; i++) if (wanted(i)) chosen[count++] = i;
  return chosen.slice(0, count);
}
