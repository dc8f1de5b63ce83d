import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  contentHash,
  inputError,
  packageVersion,
  readJson,
  readText,
  replaceFile,
  writeJson,
} from '../../base/index.js';
import { Layout, type Shard } from './layout.js';
import type { CacheSettings, CacheSource } from './settings.js';
import { type CacheEntry, formatEntry, parseTable } from './table.js';

const FORMAT = 'hilum image cache';
/** Grows with every change after which older files would be read wrongly. */
const VERSION = 1;
const INDEX = 'index.json';

/** `index.json` of a finished cache: what it holds and which files make it up. */
export interface CacheIndex {
  format: typeof FORMAT;
  version: typeof VERSION;
  /** Version of hilum that finished it. */
  hilum: string;
  source: CacheSource;
  settings: CacheSettings;
  /** Images by state. */
  images: Record<CacheEntry['state'], number>;
  shardBytes: number;
  /** Places for images in each size, taken or left behind. */
  slots: number;
  shards: Shard[];
  table: { file: string; sha256: string };
  /** Changes with any setting, image or source file. */
  fingerprint: string;
}

export const hasIndex = (folder: string): boolean => existsSync(join(folder, INDEX));

/** Throws an InputError that names the file where there is none, or none that this version reads. */
export function readIndex(folder: string): CacheIndex {
  const path = join(folder, INDEX);
  const index = readJson<CacheIndex>(path);
  if (index?.format === FORMAT && index.version === VERSION) return index;
  const found = index?.format === FORMAT ? `version ${index.version}` : 'another kind of document';
  const fix = 'Give another folder, or remove this one and prepare it again.';
  throw inputError({ what: path, found, expected: `${FORMAT}, version ${VERSION}`, fix });
}

/** Throws an InputError where the table is not the one that the index names. */
export function readEntries(folder: string, { table }: CacheIndex): CacheEntry[] {
  const path = join(folder, table.file);
  const text = readText(path);
  if (sha256(text) === table.sha256) return parseTable(text).entries;
  const fix = 'Copy the whole folder again, or remove it and prepare it again.';
  throw inputError({ what: path, found: 'a changed or incomplete file', expected: 'the table as it was written', fix });
}

/**
 * Makes a cache finished: its pixels and its table are on disk before `index.json` takes the place of the last one, and
 * what that one named alone goes afterwards.
 */
export function writeIndex(
  folder: string,
  layout: Layout,
  slots: number,
  source: CacheSource,
  entries: readonly CacheEntry[],
): CacheIndex {
  const { settings, shardBytes } = layout;
  const text = entries.map(formatEntry).join('');
  const hash = sha256(text);
  const table = { file: `images-${hash.slice(0, 8)}.tsv`, sha256: hash };
  const count = (state: CacheEntry['state']) => entries.filter((entry) => entry.state === state).length;
  const index: CacheIndex = {
    format: FORMAT,
    version: VERSION,
    hilum: packageVersion(),
    source,
    settings,
    images: { ready: count('ready'), unreadable: count('unreadable'), absent: count('absent') },
    shardBytes,
    slots,
    shards: settings.sizes.flatMap((size) => layout.shards(size, slots)),
    table,
    fingerprint: contentHash([settings, hash]),
  };
  replaceFile(join(folder, table.file), () => [Buffer.from(text)]);
  writeJson(join(folder, INDEX), index);
  for (const name of readdirSync(folder)) if (isTable(name) && name !== table.file) rmSync(join(folder, name));
  return index;
}

export function removeIndex(folder: string): void {
  rmSync(join(folder, INDEX), { force: true });
  for (const name of readdirSync(folder)) if (isTable(name)) rmSync(join(folder, name));
}

export const layoutOf = ({ settings, shardBytes }: CacheIndex): Layout => new Layout(settings, shardBytes);

const isTable = (name: string) => /^images-[0-9a-f]{8}\.tsv$/.test(name);

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
