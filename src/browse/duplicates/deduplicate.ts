/** `hilum data dedup`: which pictures of some sources are one, or are in a test set. */
import { join } from 'node:path';
import { Interrupted } from '../../base/index.js';
import {
  type IndexProgress,
  openPictureSource,
  type PictureList,
  type PictureSourceKind,
  sourceFolder,
  sourceKey,
  sourceNames,
} from '../../datasets/index.js';
import { HashPool, hashText, type ImageSource } from '../../imaging/index.js';
import { type Group, groupAgainst, groupDuplicates, type Pool, poolOf } from './find-duplicates.js';
import { hashPictures, type PictureHashes } from './hash-pictures.js';

export interface DedupOptions {
  /** As `openPictureSource` takes them. */
  sources: readonly string[];
  /** Pictures of `sources` that are in one of these are listed instead of those that are twice in `sources`. */
  against?: readonly string[];
  /** Bits between perceptual hashes, 0 to 16, or `exact`: equal pixels alone. */
  distance: number | 'exact';
  kind?: PictureSourceKind;
  column?: string;
  refresh?: boolean;
  /** Where indices and hashes are kept; `sourceFolder()` unless said. */
  cache?: string;
  signal?: AbortSignal;
  onIndex?(source: string, progress: IndexProgress): void;
  onHash?(source: string, done: number, total: number, known: number): void;
  onSearch?(done: number, total: number): void;
}

/** One picture of a group. */
export interface Duplicate {
  /** The short name of its source. */
  source: string;
  id: string;
  /** `keep` and `drop`; of a test set `reference`. */
  action: 'keep' | 'drop' | 'reference';
  /** Bits between its perceptual hash and that of the group's first. */
  distance: number;
  /** Whether its pixels are those of the first. */
  identical: boolean;
  width: number;
  height: number;
  /** 16 hexadecimal digits. */
  hash: string;
  image: ImageSource;
}

export interface SourceSummary {
  name: string;
  source: string;
  pictures: number;
  unreadable: { id: string; reason: string }[];
  notes: readonly string[];
}

export interface DedupResult {
  distance: number | 'exact';
  sources: SourceSummary[];
  against: SourceSummary[];
  /** How many groups there are, how many pictures are dropped, and how many of these are identical to the first of their group. */
  groups: number;
  dropped: number;
  identical: number;
  /** The pictures of a group, the first first; groups in the order of the sources. */
  group(index: number): Duplicate[];
  /** Pictures of a group, the first included. */
  size(index: number): number;
}

/**
 * Indexes and hashes the sources, as far as that was not done before, and groups their pictures. Throws an InputError for sources that
 * cannot be opened or are the same, Interrupted where it was stopped.
 */
export async function deduplicate(options: DedupOptions): Promise<DedupResult> {
  const { sources, against = [], distance, onSearch, signal } = options;
  const names = sourceNames([...sources, ...against]);
  const pool = new HashPool();
  const opened: Opened[] = [];
  try {
    for (const [i, source] of [...sources, ...against].entries()) {
      opened.push(await open(source, names[i]!, pool, options));
    }
  } finally {
    await pool.close();
  }
  const own = opened.slice(0, sources.length);
  const references = opened.slice(sources.length);
  const pictures = poolOf(own.map(({ hashes }) => hashes));
  const first = against.length > 0 ? poolOf(references.map(({ hashes }) => hashes)) : pictures;
  const criterion = { distance, onProgress: onSearch, signal };
  const search = against.length > 0 ? groupAgainst(pictures, first, criterion) : groupDuplicates(pictures, criterion);
  const groups = await search.catch((error) => {
    throw signal?.aborted ? new Interrupted('stopped; run the same command again to go on from here') : error;
  });
  const others = groups.flatMap((group) => group.others);
  const firsts = against.length > 0 ? references : own;
  return {
    distance,
    sources: own.map(summaryOf),
    against: references.map(summaryOf),
    groups: groups.length,
    dropped: others.length,
    identical: others.filter(({ identical }) => identical).length,
    group: (index) =>
      membersOf(groups[index]!, { pictures, own }, { pictures: first, own: firsts }, against.length > 0),
    size: (index) => groups[index]!.others.length + 1,
  };
}

interface Opened {
  name: string;
  source: string;
  list: PictureList;
  hashes: PictureHashes;
}

async function open(source: string, name: string, pool: HashPool, options: DedupOptions): Promise<Opened> {
  const { kind, column, refresh, cache = sourceFolder(), signal, onIndex, onHash } = options;
  const onIndexed = (progress: IndexProgress) => onIndex?.(source, progress);
  const list = await openPictureSource({
    source,
    kind,
    column,
    refresh,
    signal,
    indexFolder: cache,
    onProgress: onIndexed,
  });
  const file = join(cache, `${sourceKey(source, kind, column)}.hashes`);
  const onProgress = (done: number, total: number, known: number) => onHash?.(source, done, total, known);
  return { name, source, list, hashes: await hashPictures(list, { file, pool, signal, onProgress }) };
}

function summaryOf({ name, source, list, hashes }: Opened): SourceSummary {
  return { name, source, pictures: list.length, unreadable: hashes.unreadable, notes: list.notes };
}

interface Side {
  pictures: Pool;
  own: readonly Opened[];
}

function membersOf({ first, others }: Group, side: Side, firsts: Side, against: boolean): Duplicate[] {
  const action = against ? 'reference' : 'keep';
  return [
    { ...pictureOf(firsts, first), action, distance: 0, identical: true },
    ...others.map(({ place, distance, identical }) => ({
      ...pictureOf(side, place),
      action: 'drop' as const,
      distance,
      identical,
    })),
  ];
}

function pictureOf({ pictures, own }: Side, place: number): Omit<Duplicate, 'action' | 'distance' | 'identical'> {
  const { name, list } = own[pictures.source[place]!]!;
  const index = pictures.index[place]!;
  return {
    source: name,
    id: list.id(index),
    width: pictures.width[place]!,
    height: pictures.height[place]!,
    hash: hashText(pictures.perceptual[place]!),
    image: list.at(index)!,
  };
}
