import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  HilumError,
  InputError,
  Interrupted,
  inputError,
  lockFolder,
  messageOf,
  removeAsides,
} from '../../base/index.js';
import { ImageError } from '../image.js';
import { type ImagePool, imagePool } from '../pool/pool.js';
import { type CacheIndex, hasIndex, layoutOf, readEntries, readIndex, removeIndex, writeIndex } from './index-file.js';
import { Journal, readJournal, removeJournal } from './journal.js';
import { isShard, Layout } from './layout.js';
import {
  type CacheSettings,
  type CacheSource,
  checkSettings,
  describeSettings,
  plainSettings,
  renditionsOf,
} from './settings.js';
import { ShardFiles } from './shard-files.js';
import { type SourceStamp, stampOf } from './stamp.js';
import type { CacheEntry } from './table.js';

export interface PrepareOptions {
  /** The folder of the cache; made where it is absent. */
  folder: string;
  source: CacheSource;
  /** The data set's images; their paths lie under `source.root`. */
  images: readonly { id: string; path: string }[];
  /** Ids of rows without an image. */
  absent: readonly string[];
  settings: CacheSettings;
  /** Ends the pass at the first image that cannot be read; by default they are listed and left out. */
  strict?: boolean;
  /** Once, before the first image is read. */
  onPlan?(plan: PreparePlan): void;
  /** After each image. */
  onProgress?(done: number): void;
  /** Stops the pass; what is done is kept. */
  signal?: AbortSignal;
  pool?: ImagePool;
  /** Size of the files of pixels at most, where they hold more than one image; 1 GiB unless said. */
  shardBytes?: number;
}

/** What a pass is going to do. */
export interface PreparePlan {
  /** Images of the data set. */
  total: number;
  /** Of these, the ones that an earlier pass has done. */
  done: number;
  /** Of the others, the ones that an earlier pass did but whose file has changed since. */
  changed: number;
  /** Settings of an earlier pass that were others, in words: all that it did is thrown away. */
  replaced?: string;
}

export interface PrepareResult extends PreparePlan {
  folder: string;
  index: CacheIndex;
  /** Images that this pass has read. */
  prepared: number;
  unreadable: { id: string; reason: string }[];
}

const GIB = 2 ** 30;
/** Images on their way, per thread. */
const AHEAD = 3;
/** Left free on the disk beyond the pixels, for tables and others. */
const SPARE_BYTES = 64 * 2 ** 20;

/**
 * Reads every image of a data set once and writes it, in all sizes, into a few large files. Goes on where an earlier pass
 * stopped, at whatever moment that was; in a finished cache it reads only images that are new or whose file has changed.
 * Pixels of a finished cache are never overwritten, so that a
 * training that has it open is not disturbed.
 *
 * Throws an InputError for settings that make no sense, a folder that holds something else or that another process is
 * preparing, and a disk without room; Interrupted where it was stopped; a HilumError where it cannot write. What is done
 * by then is kept.
 */
export async function prepareCache(options: PrepareOptions): Promise<PrepareResult> {
  checkSettings(options.settings);
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const unlock = await lockFolder(folder, 'preparing images');
  try {
    removeAsides(folder);
    return await prepare({ ...options, settings: plainSettings(options.settings) });
  } finally {
    unlock();
  }
}

async function prepare(options: PrepareOptions): Promise<PrepareResult> {
  const { folder, source, settings, images, absent, signal, shardBytes = GIB } = options;
  const past = readPast(folder, source, settings, shardBytes);
  const { layout } = past;
  const { wanted, pending, changed } = await compare(images, source.root, past.entries);
  requireRoom(folder, pending.length * layout.bytesPerImage);
  const plan = { total: images.length, done: images.length - pending.length, changed, replaced: past.replaced };
  options.onPlan?.(plan);

  const files = new ShardFiles(folder, layout);
  const header = { source, settings, shardBytes: layout.shardBytes };
  const journal = new Journal(folder, header, past.journalBytes, () => files.sync());
  try {
    await writeImages(options, { pending, files, journal, slots: freeSlots(past) });
    signal?.throwIfAborted();
    const done = wanted.map(({ entry }) => entry!);
    const slots = done.reduce((most, { slot }) => Math.max(most, slot + 1), past.slots);
    files.finish(slots);
    const rows = absent.map((id): CacheEntry => ({ ...NO_IMAGE, id }));
    const index = writeIndex(folder, layout, slots, source, [...done, ...rows]);
    removeJournal(folder);
    const unreadable = done.filter(({ state }) => state === 'unreadable').map(({ id, reason }) => ({ id, reason }));
    return { ...plan, folder, index, prepared: pending.length, unreadable };
  } catch (error) {
    if (signal?.aborted) throw new Interrupted('stopped; run the same command again to go on from here');
    if (error instanceof InputError) throw error;
    throw new HilumError(`${folder}: ${messageOf(error)}. What is done is kept: run the same command again to go on.`);
  } finally {
    files.close();
    journal.close();
  }
}

const NO_IMAGE: CacheEntry = {
  id: '',
  path: '',
  bytes: -1,
  modified: -1,
  state: 'absent',
  slot: -1,
  reason: '',
  extents: [],
};

/** What earlier passes left in the folder. */
interface Past {
  layout: Layout;
  /** Oldest first; a later one of the same image is the one that counts. */
  entries: CacheEntry[];
  /** Slots of the finished cache, which readers may have open. */
  slots: number;
  /** How much of the journal is to be kept. */
  journalBytes: number;
  replaced?: string;
}

function readPast(folder: string, source: CacheSource, settings: CacheSettings, shardBytes: number): Past {
  const strangers = readdirSync(folder).filter((name) => !OWN.some((own) => own.test(name)));
  const index = hasIndex(folder) ? readIndex(folder) : undefined;
  const journal = readJournal(folder);
  if (strangers.length > 0 && !index && !journal) {
    const found = `a folder with other files (${strangers.slice(0, 3).join(', ')})`;
    throw inputError({ what: folder, found, expected: 'a cache, or an empty folder', fix: 'Give another folder.' });
  }
  const before = index ?? journal?.header;
  if (!before) return startOver(folder, settings, shardBytes);
  if (before.source.name !== source.name) {
    const found = `images of ${before.source.name}`;
    const fix = 'Give each data set a folder of its own.';
    throw inputError({ what: folder, found, expected: `images of ${source.name}`, fix });
  }
  const same = JSON.stringify(before.settings) === JSON.stringify(settings);
  if (!same) return { ...startOver(folder, settings, shardBytes), replaced: describeSettings(before.settings) };
  const own = journal && JSON.stringify(journal.header.settings) === JSON.stringify(settings) ? journal : undefined;
  return {
    layout: index ? layoutOf(index) : new Layout(settings, before.shardBytes),
    entries: [...(index ? readEntries(folder, index) : []), ...(own?.entries ?? [])],
    slots: index?.slots ?? 0,
    journalBytes: own?.bytes ?? 0,
  };
}

const OWN = [/^\./, /^index\.json$/, /^journal\.tsv$/, /^images-[0-9a-f]{8}\.tsv$/, /^\d+-\d{3,}\.bin$/];

/** The index goes first: a cache without one is never read. */
function startOver(folder: string, settings: CacheSettings, shardBytes: number): Past {
  removeIndex(folder);
  removeJournal(folder);
  for (const name of readdirSync(folder)) if (isShard(name)) rmSync(join(folder, name));
  return { layout: new Layout(settings, shardBytes), entries: [], slots: 0, journalBytes: 0 };
}

/** An image of the data set; `entry` is what the cache says of it once that is done. */
interface Wanted {
  id: string;
  path: string;
  file: SourceStamp & { path: string };
  entry?: CacheEntry;
}

/** Which images are still to be read: those without an entry, those whose file has changed, those that were unreadable. */
async function compare(images: PrepareOptions['images'], root: string, entries: readonly CacheEntry[]) {
  const known = new Map(entries.map((entry) => [entry.id, entry]));
  const wanted: Wanted[] = [];
  let changed = 0;
  for (const [i, { id, path }] of images.entries()) {
    // Asking for hundreds of thousands of files takes a while, in which Ctrl-C is to be heard.
    if (i % 1000 === 999) await new Promise(setImmediate);
    const file = { path: relative(root, path), ...stampOf(path) };
    const entry = known.get(id);
    const same = entry && entry.path === file.path && entry.bytes === file.bytes && entry.modified === file.modified;
    if (entry?.state === 'ready' && !same) changed++;
    wanted.push({ id, path, file, ...(same && entry.state === 'ready' && { entry }) });
  }
  return { wanted, pending: wanted.filter(({ entry }) => !entry), changed };
}

/** Slots behind those of the finished cache that no entry has, in ascending order. */
function* freeSlots({ entries, slots }: Past): Generator<number, never> {
  const taken = new Set(entries.map(({ slot }) => slot));
  for (let slot = slots; ; slot++) if (!taken.has(slot)) yield slot;
}

function requireRoom(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (needed === 0 || free >= needed + SPARE_BYTES) return;
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
  const fix = 'Free some, give a folder on another disk, or prepare fewer sizes.';
  throw inputError({ what: folder, found: `${gib(free)} free`, expected: `${gib(needed)} for the images`, fix });
}

interface Pass {
  pending: readonly Wanted[];
  files: ShardFiles;
  journal: Journal;
  slots: Iterator<number, never>;
}

/** Reads and writes what is pending, several images at a time; the journal has all that is done when it returns or throws. */
async function writeImages(options: PrepareOptions, { pending, files, journal, slots }: Pass): Promise<void> {
  const { settings, strict = false, signal, onProgress, pool = imagePool() } = options;
  const renditions = renditionsOf(settings);
  let next = 0;
  let done = 0;
  const writer = async () => {
    while (next < pending.length && !signal?.aborted) {
      const image = pending[next++]!;
      const slot = slots.next().value;
      const entry: CacheEntry = { ...NO_IMAGE, id: image.id, ...image.file, state: 'ready', slot };
      try {
        const sizes = await pool.write({ kind: 'file', path: image.path }, renditions, files.places(slot));
        files.wrote(slot);
        const fills = sizes.every(({ height, width }, i) => Math.min(height, width) === settings.sizes[i]);
        if (!fills) entry.extents = sizes.map(({ height, width }) => [height, width]);
      } catch (error) {
        if (!(error instanceof ImageError) || strict) throw error;
        Object.assign(entry, { state: 'unreadable', slot: -1, reason: error.reason });
      }
      image.entry = entry;
      await journal.add(entry);
      onProgress?.(++done);
    }
  };
  const writers = Array.from({ length: AHEAD * pool.size }, () =>
    writer().catch((error) => {
      next = pending.length;
      throw error;
    }),
  );
  const failure = (await Promise.allSettled(writers)).find((result) => result.status === 'rejected');
  await journal.flush();
  if (failure) throw failure.reason;
}
