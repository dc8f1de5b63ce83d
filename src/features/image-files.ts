import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openPictures } from '../datasets/index.js';

/** Image files as they were named, and all those of folders at any depth, in order of their paths. */
export interface ImageFiles {
  paths: string[];
  /** What was passed over, as sentences. */
  notes: string[];
}

/** Lists images. Throws an InputError for a folder that cannot be read or holds none; a missing file shows when it is read. */
export function listImages(names: readonly string[]): ImageFiles {
  const paths: string[] = [];
  const notes: string[] = [];
  for (const name of names) {
    if (!statSync(name, { throwIfNoEntry: false })?.isDirectory()) {
      paths.push(name);
      continue;
    }
    const { pictures, notes: own } = openPictures('folder', { root: name });
    paths.push(...pictures.map(({ id }) => join(name, id)));
    notes.push(...own.map((note) => `${name}: ${note}`));
  }
  return { paths, notes };
}
