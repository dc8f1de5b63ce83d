/** From the image column of a described table to files, by path, by name, or by what their DICOM headers say. */
import { existsSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { inputError, messageOf } from '../base/index.js';
import { type DicomHeader, ImageError, readDicomHeader } from '../imaging/index.js';
import { filesIn } from './image-files.js';
import { note } from './note.js';
import type { Match } from './own-description.js';

export interface FoundImage {
  id: string;
  path: string;
  header?: DicomHeader;
}

export interface Images {
  /**
   * The images that a cell means: none where they are not there, several where it names a series or an examination. Throws an
   * InputError for a cell that leads out of the folder or means two files.
   */
  find(cell: string, where: () => string): FoundImage[];
  /** Where the image of a cell would lie. */
  pathOf(cell: string): string;
  /** Files that no cell has meant so far, relative to the folder. */
  unused(): string[];
  notes(): string[];
}

export interface ImageOptions {
  folder: string;
  match: Match;
  extension?: string;
  headers: boolean;
  /** Whether there are images to look for; false is for paths alone. */
  requireImages: boolean;
}

/** Lists the folder and, where `match` says so, reads the headers. Throws an InputError where there is no such folder. */
export function openImages(options: ImageOptions): Images {
  const { folder, match, headers, requireImages } = options;
  if (!requireImages) {
    if (!headers) return pathsAlone(options);
    const found = 'that the images are not to be looked at';
    const fix = `With "match: ${match}" and "headers" the table alone does not say what is what.`;
    throw inputError({ what: folder, found, expected: 'images with DICOM headers', fix });
  }
  const files = listFiles(folder);
  if (match === 'path' || match === 'file') return byPath(options, files);
  return byHeader(folder, files, KEYS[match]);
}

const KEYS = {
  'sop-instance-uid': 'sopInstanceUid',
  'series-instance-uid': 'seriesInstanceUid',
  'study-instance-uid': 'studyInstanceUid',
  'accession-number': 'accessionNumber',
} as const satisfies Record<Exclude<Match, 'path' | 'file'>, keyof DicomHeader>;

const PICTURE = ['.png', '.jpg', '.jpeg', '.tif', '.tiff', '.webp', '.jp2', '.j2k', '.dcm', '.dicom', '.ima', ''];

/** Files that may be images, by ending or for want of one, relative to the folder and with `/`. */
function listFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const fix = 'Say under "images" where they lie.';
    throw inputError({ what: folder, found: 'no such folder', expected: 'a folder of images', fix });
  }
  const files: string[] = [];
  for (const [within, names] of filesIn(folder, true)) {
    const prefix = within === folder ? '' : `${relative(folder, within).split(sep).join('/')}/`;
    for (const name of names) {
      if (!name.startsWith('.') && isImageEnding(endingOf(name))) files.push(prefix + name);
    }
  }
  return files.sort();
}

/** UIDs serve as file names without ending, and their last number is no ending. */
const endingOf = (name: string) => (/^[\d.]+$/.test(name) ? '' : extname(name).toLowerCase());
const isImageEnding = (ending: string) => PICTURE.includes(ending);

/** Nearly every cell: no part of it begins with a dot. */
const PLAIN_PATH = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

/** A cell as a path below the folder; a backslash separates too, as Windows writes it. */
function below(folder: string, cell: string, where: () => string): string {
  if (PLAIN_PATH.test(cell)) return cell;
  const path = cell.replaceAll('\\', '/');
  const leaves = path === '' || path.startsWith('/') || /^[a-z]:/i.test(path) || path.includes('\0');
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (!leaves && parts.length > 0 && !parts.includes('..')) return parts.join('/');
  throw inputError({
    what: where(),
    found: cell === '' ? 'nothing' : `"${cell}"`,
    expected: `an image inside ${folder}`,
  });
}

function pathsAlone({ folder, extension = '' }: ImageOptions): Images {
  const pathIn = (file: string) => `${folder}${sep}${file}${extension}`;
  return {
    find: (cell, where) => [{ id: cell, path: pathIn(below(folder, cell, where)) }],
    pathOf: pathIn,
    unused: () => [],
    notes: () => [],
  };
}

function byPath({ folder, match, extension = '', headers }: ImageOptions, files: readonly string[]): Images {
  const listed = new Set(files);
  const byName = match === 'file' ? namesOf(files) : undefined;
  const used = new Set<string>();
  const headless: string[] = [];
  return {
    find(cell, where) {
      const wanted = below(folder, cell, where) + extension;
      const file = byName ? single(byName.get(wanted), wanted, where) : wanted;
      const path = `${folder}${sep}${file}`;
      if (file === undefined || !(listed.has(file) || existsSync(path))) return [];
      used.add(file);
      if (!headers) return [{ id: cell, path }];
      const { header } = tryHeader(path);
      if (!header) headless.push(cell);
      return [{ id: cell, path, header }];
    },
    pathOf: (cell) => `${folder}${sep}${cell}${extension}`,
    unused: () => files.filter((file) => !used.has(file)),
    notes: () => note('images have no DICOM header that can be read', headless),
  };
}

/** File name, with and without its ending, to the files that have it. */
function namesOf(files: readonly string[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  const add = (name: string, file: string) => {
    const others = byName.get(name);
    if (others) others.push(file);
    else byName.set(name, [file]);
  };
  for (const file of files) {
    const name = file.slice(file.lastIndexOf('/') + 1);
    const ending = endingOf(name);
    add(name, file);
    if (ending !== '') add(name.slice(0, -ending.length), file);
  }
  return byName;
}

function single(files: readonly string[] | undefined, name: string, where: () => string): string | undefined {
  if (!files || files.length <= 1) return files?.[0];
  const found = `"${name}", the name of ${files.length} files: ${files.slice(0, 3).join(', ')}`;
  throw inputError({ what: where(), found, expected: 'the name of one file', fix: 'Use "match: path".' });
}

/** Reads the header of every file; where `key` names an examination, all its images are meant. */
function byHeader(folder: string, files: readonly string[], key: (typeof KEYS)[keyof typeof KEYS]): Images {
  const byKey = new Map<string, { file: string; image: FoundImage }[]>();
  const unreadable: string[] = [];
  const unnamed: string[] = [];
  const copies: string[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    const path = join(folder, file);
    const { header, reason } = tryHeader(path);
    if (!header) {
      unreadable.push(`${file} (${reason})`);
      continue;
    }
    const value = header[key];
    const id = header.sopInstanceUid ?? file;
    // Reports and presentation states lie among the images of an examination; they have no rows.
    if (header.rows === undefined) continue;
    if (value === undefined) unnamed.push(file);
    else if (seen.has(id)) copies.push(file);
    else {
      seen.add(id);
      const entry = { file, image: { id, path, header } };
      const others = byKey.get(value);
      if (others) others.push(entry);
      else byKey.set(value, [entry]);
    }
  }
  const used = new Set<string>();
  return {
    find(cell, where) {
      if (cell === '') throw inputError({ what: where(), found: 'nothing', expected: `the ${key} of an image` });
      used.add(cell);
      return (byKey.get(cell) ?? []).map(({ image }) => image);
    },
    pathOf: (cell) => join(folder, cell.replaceAll(/[/\\]/g, '_')),
    unused: () => [...byKey].flatMap(([value, entries]) => (used.has(value) ? [] : entries.map(({ file }) => file))),
    notes: () => [
      ...note('files are no DICOM files that can be read', unreadable),
      ...note(`images do not say their ${key} and are left out`, unnamed),
      ...note('files hold an image that another one holds too, and are left out', copies),
    ],
  };
}

function tryHeader(path: string): { header?: DicomHeader; reason?: string } {
  try {
    return { header: readDicomHeader(path) };
  } catch (error) {
    return { reason: error instanceof ImageError ? error.reason : messageOf(error) };
  }
}
