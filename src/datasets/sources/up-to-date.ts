import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Interrupted, messageOf } from '../../base/index.js';
import { type IndexProgress, indexFolder, stampOfFolder } from './folder-units.js';
import { readIndex, writeIndex } from './index-file.js';
import { indexShards, type ShardKind, type Shards } from './shards.js';
import { IndexBuilder, SourceIndex, type SourceKind } from './source-index.js';

export interface UpdateOptions {
  /**
   * A folder of pictures (also DICOM), of tar shards, of Parquet files, or CIFAR-10; one shard; or several, as
   * `train-{000000..000123}.tar` or `train-*.parquet`.
   */
  source: string;
  /** Of Parquet: the column of images, where there are several. */
  column?: string;
  /** Where indices are kept; `sourceFolder()` unless said, nowhere where null. */
  indexFolder?: string | null;
  /** Looks at every file anew: a file that was overwritten in place leaves no trace in its folder. */
  refresh?: boolean;
  /** Now and then while the source is indexed. */
  onProgress?(progress: IndexProgress): void;
  /** Stops the indexing; what is indexed is kept. */
  signal?: AbortSignal;
}

/** Where indices and hashes of sources are kept: $XDG_CACHE_HOME/hilum/sources, or ~/.cache/hilum/sources. */
export function sourceFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hilum', 'sources');
}

/** Names what is kept for a source in `sourceFolder()`. */
export function sourceKey(source: string, ...more: (string | undefined)[]): string {
  const text = JSON.stringify([resolve(source), ...more.map((it) => it ?? null)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** How long work may hold up everything else, ms. */
const SLICE = 30;
/** What is indexed goes to the disk this often, ms, or less often where that takes long. */
const SAVE_EVERY = 30_000;

/**
 * The index of a source as it is now: the one that is kept, where nothing has changed; else a new one, for which only what has
 * changed is looked at. A `problem` says why it could not be kept, which costs nothing but time. Throws Interrupted where it was
 * stopped, and as `indexFolder` and `addParquet` do.
 */
export async function upToDate(
  kind: SourceKind,
  shards: Shards | undefined,
  options: UpdateOptions,
): Promise<{ index: SourceIndex; problem?: string }> {
  const { source, column, indexFolder: keptIn = sourceFolder(), refresh = false, onProgress, signal } = options;
  const path = keptIn === null ? undefined : join(keptIn, `${sourceKey(source, kind, column)}.index`);
  const kept = path === undefined || refresh ? undefined : readIndex(path);
  const past = kept instanceof SourceIndex && kept.kind === kind ? kept : undefined;
  const root = shards?.root ?? resolve(source);
  if (past?.complete && isCurrent(past, root, shards)) return { index: past };
  const builder = new IndexBuilder(kind);
  let problem: string | undefined;
  const save = (complete: boolean): SourceIndex => {
    const index = builder.index(complete);
    try {
      // A part of a new index takes the place of no fuller one.
      if (path !== undefined && (complete || index.unitCount > (past?.unitCount ?? 0))) writeIndex(path, index);
    } catch (error) {
      problem = `the index of ${source} cannot be kept: ${messageOf(error)}`;
    }
    return index;
  };
  const steps = shards
    ? indexShards(kind as ShardKind, shards, past, builder, column)
    : indexFolder(root, past, builder);
  let rested = performance.now();
  let saved = rested;
  let pause = SAVE_EVERY;
  for (const progress of steps) {
    const now = performance.now();
    if (now - rested < SLICE) continue;
    onProgress?.(progress);
    await setImmediate();
    const stop = signal?.aborted === true;
    if (stop || now - saved > pause) {
      save(false);
      saved = performance.now();
      pause = Math.max(SAVE_EVERY, 20 * (saved - now));
    }
    if (stop) throw new Interrupted('stopped; run the same command again to go on from here');
    rested = performance.now();
  }
  const index = save(true);
  onProgress?.({ done: index.unitCount, units: index.unitCount, pictures: index.length });
  return { index, problem };
}

/** Whether every unit is as it was, and no other there. */
function isCurrent(past: SourceIndex, root: string, shards: Shards | undefined): boolean {
  const { names } = past.columns.units;
  if (shards && shards.names.length !== names.length) return false;
  for (let unit = 0; unit < names.length; unit++) {
    const name = names.at(unit);
    if (shards && shards.names[unit] !== name) return false;
    const path = name === '' ? root : `${root}/${name}`;
    const stamp = shards ? stampOfShard(path) : stampOfFolder(path);
    if (!stamp || !past.isCurrent(unit, stamp)) return false;
  }
  return true;
}

function stampOfShard(path: string) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { size: stat.size, modified: stat.mtimeMs };
}
