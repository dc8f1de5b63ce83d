/** Which files a source of shards consists of, and their index. */
import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { inputError } from '../../base/index.js';
import { filesIn } from '../image-files.js';
import { type IndexProgress, unreadable } from './folder-units.js';
import { addParquet } from './parquet-units.js';
import { expandBraces, hasBraces } from './shard-names.js';
import { type IndexBuilder, join, type SourceIndex } from './source-index.js';
import { addTar } from './tar-units.js';

export type ShardKind = 'tar' | 'parquet';

/** What cannot be read from the middle. */
const COMPRESSED = /\.(?:tgz|tbz2?|txz|tar\.\w+)$/i;

export const isShardName = (name: string): boolean => shardKind(name) !== undefined || COMPRESSED.test(name);

/** The kind of a shard by its name. */
export function shardKind(name: string): ShardKind | undefined {
  if (/\.tar$/i.test(name)) return 'tar';
  return /\.(?:parquet|pq)$/i.test(name) ? 'parquet' : undefined;
}

/** The files of a source, relative to `root`, in order. */
export interface Shards {
  root: string;
  names: string[];
}

/** Whether a source names shards itself: one file, brace notation, or a `*` in the last part of the path. */
export const namesShards = (source: string): boolean =>
  hasBraces(source) || basename(source).includes('*') || statOf(source)?.isFile() === true;

/** Lists the shards that a source names. Throws an InputError for one that is compressed, or absent, and where there is none. */
export function namedShards(source: string): Shards {
  const paths = hasBraces(source) ? expandBraces(source) : [source];
  const files = paths
    .flatMap((path) => (basename(path).includes('*') ? matching(path) : [path]))
    .map((it) => resolve(it));
  const missing = files.filter((path) => !existsSync(path));
  if (files.length === 0 || missing.length > 0) {
    const found = files.length === 0 ? 'no file' : `no ${missing.slice(0, 3).join(', ')}`;
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw inputError({
      what: source,
      found: found + more,
      expected: 'shards that are there',
      fix: 'Check the numbers.',
    });
  }
  refuseCompressed(files);
  const root = files.map(dirname).reduce(common);
  return { root, names: [...new Set(files)].map((path) => relative(root, path).split(sep).join('/')) };
}

/** Lists the shards of a kind below a folder; links to files are followed, links to folders are not. */
export function shardsBelow(root: string, kind: ShardKind): Shards {
  const names: string[] = [];
  const compressed: string[] = [];
  try {
    for (const [within, files] of filesIn(root, true)) {
      for (const name of files) {
        if (name.startsWith('.')) continue;
        const path = relative(root, `${within}/${name}`).split(sep).join('/');
        if (shardKind(name) === kind) names.push(path);
        else if (kind === 'tar' && COMPRESSED.test(name)) compressed.push(path);
      }
    }
  } catch (error) {
    throw unreadable(root, error);
  }
  if (names.length === 0) refuseCompressed(compressed);
  return { root: resolve(root), names: names.sort() };
}

/** Adds each shard as a unit; one that `past` knows as it is now is not read again. */
export function* indexShards(
  kind: ShardKind,
  { root, names }: Shards,
  past: SourceIndex | undefined,
  builder: IndexBuilder,
  column?: string,
): Generator<IndexProgress, void> {
  const known = new Map<string, number>();
  for (let unit = 0; past && unit < past.unitCount; unit++) known.set(past.columns.units.names.at(unit), unit);
  builder.classes = past?.classes ?? [];
  for (const [done, name] of names.entries()) {
    const path = join(root, name);
    const stat = statOf(path);
    const stamp = { size: stat?.size ?? -1, modified: stat?.mtimeMs ?? -1 };
    const unit = known.get(name);
    if (past && unit !== undefined && past.isCurrent(unit, stamp)) builder.copy(past, unit);
    else {
      const checked = Date.now();
      if (!stat?.isFile()) builder.remark('shards are no files and are left out', '');
      else {
        const adding = kind === 'tar' ? addTar(path, stat.size, builder) : addParquet(path, stat.size, builder, column);
        for (const _ of adding) yield { done, units: names.length, pictures: builder.length };
      }
      builder.end(name, stamp, checked);
    }
    yield { done: done + 1, units: names.length, pictures: builder.length };
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function refuseCompressed(paths: readonly string[]): void {
  const compressed = paths.find((path) => COMPRESSED.test(path));
  if (compressed === undefined) return;
  throw inputError({
    what: compressed,
    found: 'a compressed archive, which can be read from its beginning alone',
    expected: 'plain .tar, whose members are read where they lie',
    fix: `Decompress it: gunzip ${basename(compressed)} (images are compressed themselves: it takes about as much room).`,
  });
}

function matching(path: string): string[] {
  const pattern = basename(path)
    .replace(/[\\^$.+?()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*');
  const folder = dirname(path);
  try {
    const names = readdirSync(folder).filter((name) => new RegExp(`^${pattern}$`).test(name) && isShardName(name));
    return names.sort().map((name) => `${folder}/${name}`);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** The folder that two folders have in common. */
function common(a: string, b: string): string {
  let folder = a;
  while (folder !== b && !b.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder);
  return folder;
}
