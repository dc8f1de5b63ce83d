/** Sources of pictures at any scale: found out, indexed once, and brought up to date when opened again. */
import { basename, resolve } from 'node:path';
import { inputError } from '../../base/index.js';
import { imageEndings } from '../../imaging/index.js';
import { openCifar10 } from '../cifar10.js';
import { readLabels } from '../folder.js';
import { note } from '../note.js';
import { evenly, type PictureList, type PictureSplit, refuseSplit } from '../pictures.js';
import { excludedIds } from './exclusion.js';
import { IndexedPictures } from './indexed-pictures.js';
import { listOf, selectPictures } from './picture-list.js';
import { namedShards, namesShards, type Shards, shardsBelow } from './shards.js';
import type { SourceIndex, SourceKind } from './source-index.js';
import { kindOf, type PictureSourceKind } from './source-kind.js';
import { type UpdateOptions, upToDate } from './up-to-date.js';

export interface PictureSourceOptions extends UpdateOptions {
  /** Found out unless said. */
  kind?: PictureSourceKind;
  /**
   * Whether labels are needed: `.cls` members, a column `label`, else `labels.csv` or a folder per class. False by default.
   */
  labels?: boolean;
  /** At most this many pictures, taken at even distances through the order of the source. */
  limit?: number;
  /** CIFAR-10's own split; all pictures unless said. */
  split?: PictureSplit;
  /** Lists of pictures to leave out, as `hilum data dedup` writes them. */
  exclude?: readonly string[];
}

/**
 * Opens a source. The first time every file is listed (members of archives and rows of tables too; no image is decoded); later
 * only what has changed: folders and shards whose time of change is another. Throws an InputError where the source cannot be read
 * or holds no picture, for what it may be several kinds of, and for labels or a split that are wanted and not there; Interrupted
 * where it was stopped.
 */
export async function openPictureSource(options: PictureSourceOptions): Promise<PictureList> {
  const { source, labels, limit, split, exclude = [] } = options;
  const kind = options.kind ?? kindOf(source);
  const list =
    kind === 'cifar10' ? listOf(openCifar10({ root: source, labels, split })) : await openIndexed(kind, options);
  return limited(without(list, exclude, source), limit);
}

async function openIndexed(kind: SourceKind, options: PictureSourceOptions): Promise<PictureList> {
  const { source, labels, split } = options;
  refuseSplit(source, split);
  const shards = kind === 'folder' ? undefined : shardsOf(source, kind);
  const { index, problem } = await upToDate(kind, shards, options);
  const remarks = index.remarks().map(({ what, count, first }) => {
    return `${count} ${what}: ${first.join(', ')}${count > first.length ? ', …' : ''}`;
  });
  if (index.length === 0) {
    const found = ['no picture', ...remarks].join('; ');
    throw inputError({ what: source, found, expected: EXPECTED[kind], fix: 'Check the path.' });
  }
  const root = shards?.root ?? resolve(source);
  const notes = problem ? [...remarks, problem] : remarks;
  const plain = { name: basename(resolve(source)), root, notes };
  if (!labels) return new IndexedPictures(index, plain);
  const labelling = labelsOf(index, root);
  const list = new IndexedPictures(index, { ...plain, ...labelling, notes: [...notes, ...labelling.notes] });
  return selectPictures(list, (i) => list.label(i) >= 0);
}

const EXPECTED: Record<SourceKind, string> = {
  folder: `files that end in ${imageEndings.join(', ')}, or DICOM files without an ending`,
  tar: `tar archives with members that end in ${imageEndings.join(', ')}`,
  parquet: 'Parquet files with rows that hold images',
};

const shardsOf = (source: string, kind: 'tar' | 'parquet'): Shards =>
  namesShards(source) ? namedShards(source) : shardsBelow(source, kind);

interface Labelled {
  classes: readonly string[];
  labels: Int32Array;
  notes: string[];
}

/** As the source itself says, else by `labels.csv` or the first folder of each name. */
function labelsOf(index: SourceIndex, root: string): Labelled {
  const { labels, names } = index.columns.entries;
  const most = labels.reduce((max, label) => Math.max(max, label), -1);
  if (most >= MOST_CLASSES) {
    throw inputError({ what: `labels of ${root}`, found: `label ${most}`, expected: `numbers below ${MOST_CLASSES}` });
  }
  if (most >= 0) {
    const classes = Array.from(
      { length: Math.max(most + 1, index.classes.length) },
      (_, i) => index.classes[i] ?? `${i}`,
    );
    const none = [...labels.keys()].filter((i) => labels[i]! < 0);
    return {
      classes,
      labels,
      notes: note(
        'pictures have no label and are left out',
        none.map((i) => names.at(i)),
      ),
    };
  }
  const { units } = index.columns;
  const inUnit = (i: number) => `${units.names.at(index.unitOf(i))}/`.replace(/^\/$/, '');
  const prefix = index.kind === 'folder' ? inUnit : () => '';
  const files = Array.from({ length: index.length }, (_, i) => prefix(i) + names.at(i));
  const { classes, labelOf, notes } = readLabels(root, files);
  return { classes, labels: Int32Array.from(files, (file) => labelOf(file) ?? -1), notes };
}

const MOST_CLASSES = 1_000_000;

function without(list: PictureList, exclude: readonly string[], source: string): PictureList {
  if (exclude.length === 0) return list;
  const ids = excludedIds(exclude, source);
  const rest = selectPictures(list, (i) => !ids.has(list.id(i)));
  const dropped = list.length - rest.length;
  const absent = ids.size > dropped ? [`${ids.size - dropped} pictures of ${exclude.join(', ')} are not there`] : [];
  const notes = [...list.notes, `${dropped} pictures are left out by ${exclude.join(', ')}`, ...absent];
  if (rest.length > 0) return { ...rest, notes };
  throw inputError({
    what: source,
    found: `no picture but those that ${exclude.join(', ')} drops`,
    expected: 'others',
  });
}

function limited(list: PictureList, limit: number | undefined): PictureList {
  const chosen = evenly(list.length, limit);
  return chosen ? selectPictures(list, chosen) : list;
}
