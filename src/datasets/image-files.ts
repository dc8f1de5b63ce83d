import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { inputError } from '../base/index.js';

/** Endings under which the published DICOM files, and people's conversions of them, lie. */
export const DICOM_OR_PICTURE = ['.dicom', '.dcm', '.png', '.jpg', '.jpeg'];

export interface ImageSearch {
  root: string;
  /** Where to look, relative to the root, in order; folders that do not exist are passed over. */
  folders: readonly string[];
  /** Lower case, with the dot. Of two files with one id in a folder, the one whose ending stands first is taken. */
  endings: readonly string[];
  /** Whether the folders below are searched too; links to folders are not followed there. */
  deep?: boolean;
  /** Whether an id of the table is a file name without its ending. */
  bareIds?: boolean;
  /** Where the published layout has the images: for the error. */
  expected: string;
}

/**
 * Image id to path. Of two files with one id, the one in the earlier folder is taken; hidden files are passed over. Throws an
 * InputError where there is no image.
 */
export function findImages({ root, folders, endings, deep, bareIds, expected }: ImageSearch): Map<string, string> {
  const present = folders.map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  const images = new Map<string, string>();
  for (const folder of present) {
    for (const [within, names] of filesIn(folder, deep)) {
      for (const ending of endings) {
        for (const name of names) {
          const last = extname(name);
          if (last.toLowerCase() !== ending || name.startsWith('.')) continue;
          const id = bareIds ? name.slice(0, -last.length) : name;
          if (!images.has(id)) images.set(id, join(within, name));
        }
      }
    }
  }
  if (images.size > 0) return images;
  throw inputError({
    what: root,
    found: present.length > 0 ? `no ${endings.join(', ')} file in ${present.join(', ')}` : 'no folder of images',
    expected,
    fix: 'Unpack the image archives there.',
  });
}

/** A folder with the names in it, then, if asked, the folders below it. */
export function* filesIn(folder: string, deep = false): Generator<[folder: string, names: string[]], void> {
  if (!deep) {
    yield [folder, readdirSync(folder)];
    return;
  }
  const entries = readdirSync(folder, { withFileTypes: true });
  yield [folder, entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)];
  for (const entry of entries) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* filesIn(join(folder, entry.name), deep);
  }
}

/**
 * The first of the files that exists, compressed (`.gz`) or not; names are relative to the root. Throws an InputError where there
 * is none.
 */
export function publishedFile(root: string, names: readonly string[], dataset: string): string {
  const path = publishedFileIfAny(root, names);
  if (path) return path;
  const fix = 'Name the folder that holds the published table and the images.';
  throw inputError({ what: root, found: `no ${names.join(' or ')}`, expected: `${dataset} as published`, fix });
}

/** `publishedFile`, or undefined where there is none. */
export function publishedFileIfAny(root: string, names: readonly string[]): string | undefined {
  return names
    .flatMap((name) => [name, `${name}.gz`])
    .map((name) => join(root, name))
    .find((path) => existsSync(path));
}
