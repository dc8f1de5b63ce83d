/** Files that mark the lungs: one PNG for each radiograph, named by its id, white (above half) in the lungs, black elsewhere. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, inputError } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import { ImageStore, imageEndings, type Preprocessing } from '../../imaging/index.js';
import { bytesOf } from './images.js';

export interface Masks {
  /** Changes where a file is replaced by one of another length. */
  key: string;
  /** Mask `[H, W]` of a radiograph as the network sees it: 1 in the lungs, 0 elsewhere. Rejects with an ImageError. */
  read(radiograph: number): Promise<Uint8Array>;
}

/** Masks that a message names. */
const SHOWN = 5;

/** Path of a radiograph's mask. An id that ends as an image file does has that ending replaced. */
export function maskPath(folder: string, id: string): string {
  const ending = imageEndings.find((it) => id.toLowerCase().endsWith(it)) ?? '';
  return join(folder, `${id.slice(0, id.length - ending.length)}.png`);
}

/**
 * The masks of some radiographs, brought to the network's size as their images are. Gives the reason where some have none: on the others
 * alone the AUROC would be that of another test set.
 */
export function openMasks(
  folder: string,
  radiographs: readonly Radiograph[],
  rows: Int32Array,
  { size, fit }: Preprocessing,
): Masks | { reason: string } {
  const paths = Array.from(rows, (i) => maskPath(folder, radiographs[i]!.id));
  const missing = Array.from(paths.keys()).filter((row) => !existsSync(paths[row]!));
  if (missing.length > 0) {
    const { id, split } = radiographs[rows[missing[0]!]!]!;
    return { reason: `${missing.length} of ${rows.length} radiographs have no mask, such as ${id} (${split})` };
  }
  const rowOf = new Map(Array.from(rows, (radiograph, row) => [radiograph, row]));
  const store = new ImageStore(
    paths.map((path) => ({ kind: 'file', path })),
    { size, fit, channels: 1, minMax: false, equalize: false, interpolation: 'bilinear' },
  );
  return {
    key: contentHash(paths.map((path, row) => [radiographs[rows[row]!]!.id, bytesOf(path)])),
    read: async (radiograph) => (await store.read(rowOf.get(radiograph)!)).map((value) => (value > 127 ? 1 : 0)),
  };
}

/** Throws an InputError where a folder of masks is not there. */
export function requireMaskFolder(dataset: string, folder: string): void {
  if (existsSync(folder)) return;
  const expected = 'a folder with a PNG per radiograph, named by its id';
  throw inputError({ what: `${dataset}: masks`, found: `no folder ${folder}`, expected });
}

/**
 * Throws an InputError that names files where a test radiograph has no mask, or where some training radiographs have one and others
 * have not. Where no training radiograph has one, the predictors of lung-only and lung-free images are left out.
 */
export function requireMasks(dataset: string, folder: string, radiographs: readonly Radiograph[]): void {
  requireMaskFolder(dataset, folder);
  for (const [split, role] of [
    ['test', 'test'],
    ['train', 'training'],
  ] as const) {
    const paths = radiographs.filter((it) => it.split === split).map(({ id }) => maskPath(folder, id));
    const missing = paths.filter((path) => !existsSync(path));
    if (missing.length === 0 || (split === 'train' && missing.length === paths.length)) continue;
    const shown = missing.slice(0, SHOWN).map((path) => path.slice(folder.length + 1));
    if (missing.length > SHOWN) shown.push(`${missing.length - SHOWN} more`);
    throw inputError({
      what: `${dataset}: masks`,
      found: `no mask of ${missing.length} of ${paths.length} ${role} radiographs; ${folder} lacks ${shown.join(', ')}`,
      expected: `one PNG for each of them${split === 'train' ? ', or for none' : ''}`,
      fix: `Add the files, or leave out masks of ${dataset}.`,
    });
  }
}
