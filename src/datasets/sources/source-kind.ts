import { existsSync, opendirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { inputError } from '../../base/index.js';
import { beginsAsImage, imageEndings } from '../../imaging/index.js';
import { unreadable } from './folder-units.js';
import { namedShards, namesShards, shardKind } from './shards.js';
import type { SourceKind } from './source-index.js';

export const PICTURE_SOURCES = ['folder', 'tar', 'parquet', 'cifar10'] as const;
export type PictureSourceKind = (typeof PICTURE_SOURCES)[number];

/** Entries of a folder that are looked at before what was found is believed to be all kinds. */
const LOOK_AT = 5000;

/**
 * What a source is, by its name or by what the folder holds. Throws an InputError where it cannot be read, holds none of all, or
 * several kinds.
 */
export function kindOf(source: string): PictureSourceKind {
  if (namesShards(source)) return kindOfShards(source);
  if (['', 'cifar-10-batches-bin'].some((name) => existsSync(join(source, name, 'batches.meta.txt')))) return 'cifar10';
  const found = kindsIn(source);
  if (found.size === 1) return [...found.keys()][0]!;
  const examples = [...found.values()].join(' and ');
  throw inputError({
    what: source,
    found: found.size === 0 ? 'neither pictures nor shards' : examples,
    expected: 'a folder of pictures, of tar shards, or of Parquet files',
    fix: found.size === 0 ? 'Check the path.' : 'Say which kind is meant, or name the shards: "train-*.tar".',
  });
}

function kindOfShards(source: string): SourceKind {
  const { names } = namedShards(source);
  const kinds = new Set(names.map(shardKind));
  const [kind] = kinds;
  if (kinds.size === 1 && kind) return kind;
  const found = kinds.size > 1 ? 'tar shards and Parquet files' : names[0]!;
  const fix = 'A picture is not a source; name its folder.';
  throw inputError({ what: source, found, expected: 'a folder, .tar or .parquet', fix });
}

/** Kinds of sources among the first entries of a folder, folder after folder, each with an example. */
function kindsIn(root: string): Map<SourceKind, string> {
  const found = new Map<SourceKind, string>();
  const folders = [root];
  let seen = 0;
  for (let next = 0; next < folders.length && !(seen >= LOOK_AT && found.size > 0); next++) {
    const folder = folders[next]!;
    try {
      const entries = opendirSync(folder);
      try {
        for (let it = entries.readSync(); it && seen < LOOK_AT * (next + 1); it = entries.readSync(), seen++) {
          if (it.name.startsWith('.')) continue;
          const path = join(folder, it.name);
          const kind = it.isDirectory() ? undefined : kindOfFile(path, found);
          if (it.isDirectory() && folders.length < LOOK_AT) folders.push(path);
          else if (kind && !found.has(kind)) found.set(kind, path);
        }
      } finally {
        entries.closeSync();
      }
    } catch (error) {
      if (folder === root) throw unreadable(root, error);
    }
  }
  return found;
}

function kindOfFile(path: string, found: ReadonlyMap<SourceKind, string>): SourceKind | undefined {
  const ending = extname(path).toLowerCase();
  if (imageEndings.includes(ending)) return 'folder';
  if (/^\.?\d*$/.test(ending) || ending === '.ima')
    return found.has('folder') || beginsAsImage(path) ? 'folder' : undefined;
  return shardKind(path);
}
