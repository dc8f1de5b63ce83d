/** A folder of pictures at any depth; every folder below it is a unit. */
import { type BigIntStats, readdirSync, type Stats, statSync } from 'node:fs';
import { extname } from 'node:path';
import { inputError, messageOf } from '../../base/index.js';
import { beginsAsImage, imageEndings } from '../../imaging/index.js';
import { type IndexBuilder, join, type SourceIndex, type UnitStamp } from './source-index.js';

/** How far the making of an index is. */
export interface IndexProgress {
  /** Units looked at, and those known of so far. */
  done: number;
  units: number;
  pictures: number;
}

/**
 * Looks through `root`, in order of names; a folder that `past` knows as it is now is not listed again. Links are followed, each
 * folder once. Hidden files are passed over; files without an ending of an image are looked into where they have none at all
 * (DICOM exports), else remarked, as is what cannot be read. Throws an InputError where `root` itself cannot be read.
 */
export function* indexFolder(
  root: string,
  past: SourceIndex | undefined,
  builder: IndexBuilder,
): Generator<IndexProgress, void> {
  const known = past ? unitsByName(past) : undefined;
  const visited = new Set<string>();
  /** Folders to look at, the next one last. */
  const waiting: string[] = [''];
  while (waiting.length > 0) {
    const name = waiting.pop()!;
    const path = name === '' ? root : `${root}/${name}`;
    try {
      const stat = statSync(path, { bigint: true });
      const identity = `${stat.dev}:${stat.ino}`;
      if (visited.has(identity)) continue;
      visited.add(identity);
      const stamp = stampOf(stat);
      const unit = known?.units.get(name);
      if (unit !== undefined && past!.isCurrent(unit, stamp)) {
        builder.copy(past!, unit);
        // An index that was not finished does not have all folders.
        const folders = past!.complete ? known!.childrenOf(name) : list(path).folders.map((it) => join(name, it));
        pushAll(waiting, folders);
      } else {
        const { files, folders, problems } = list(path);
        const checked = Date.now();
        for (const [file, problem] of problems) builder.remark(problem, file);
        addFiles(path, files, builder);
        builder.end(name, stamp, checked);
        pushAll(
          waiting,
          folders.map((folder) => join(name, folder)),
        );
      }
    } catch (error) {
      if (name === '') throw unreadable(root, error);
      builder.remark('folders cannot be read and are left out', '');
      builder.end(name, { size: -1, modified: -1 }, 0);
    }
    yield { done: builder.unitCount, units: builder.unitCount + waiting.length, pictures: builder.length };
  }
}

/** Names that are to be looked at next, the first of them first. */
function pushAll(waiting: string[], names: readonly string[]): void {
  for (let i = names.length - 1; i >= 0; i--) waiting.push(names[i]!);
}

interface Listing {
  files: string[];
  folders: string[];
  problems: [name: string, problem: string][];
}

function list(path: string): Listing {
  const listing: Listing = { files: [], folders: [], problems: [] };
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const kind = entry.isSymbolicLink() ? statOf(`${path}/${entry.name}`) : entry;
    if (kind?.isDirectory()) listing.folders.push(entry.name);
    else if (kind?.isFile()) listing.files.push(entry.name);
    else listing.problems.push([entry.name, kind ? 'are no files and are left out' : 'links lead nowhere']);
  }
  listing.files.sort();
  listing.folders.sort();
  return listing;
}

/** What a path leads to; undefined where that is nothing, a link to itself, or behind a folder that may not be entered. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function addFiles(folder: string, files: readonly string[], builder: IndexBuilder): void {
  for (const name of files) {
    const path = `${folder}/${name}`;
    if (!isPicture(path, name)) {
      builder.remark('files are no images by their names and are left out', name);
      continue;
    }
    const stat = statOf(path);
    if (!stat) builder.remark('files cannot be looked at and are left out', name);
    else builder.add({ name, offset: 0, length: stat.size, modified: stat.mtimeMs });
  }
}

/** By its ending; a file without one, also one named by a UID, by how it begins. A DICOMDIR is DICOM without a picture. */
function isPicture(path: string, name: string): boolean {
  const ending = /^[\d.]+$/.test(name) ? '' : extname(name).toLowerCase();
  if (ending === '' || ending === '.ima') return name !== 'DICOMDIR' && beginsAsImage(path);
  return imageEndings.includes(ending);
}

function unitsByName(past: SourceIndex) {
  const units = new Map<string, number>();
  const children = new Map<string, string[]>();
  const { names } = past.columns.units;
  for (let unit = 0; unit < names.length; unit++) {
    const name = names.at(unit);
    units.set(name, unit);
    if (name === '') continue;
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    const siblings = children.get(parent);
    if (siblings) siblings.push(name);
    else children.set(parent, [name]);
  }
  return { units, childrenOf: (name: string) => (children.get(name) ?? []).sort() };
}

/** The stamp of a folder; undefined where it cannot be looked at. */
export function stampOfFolder(path: string): UnitStamp | undefined {
  try {
    return stampOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function stampOf({ size, mtimeMs, mtimeNs }: BigIntStats): UnitStamp {
  return { size: Number(size), modified: Number(mtimeMs) + Number(mtimeNs % 1_000_000n) / 1e6 };
}

export function unreadable(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  const found = code === 'ENOENT' ? 'no such file or folder' : code === 'EACCES' ? 'no permission' : messageOf(error);
  return inputError({ what: path, found, expected: 'a source of pictures that can be read', fix: 'Check the path.' });
}
