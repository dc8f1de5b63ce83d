/**
 * A folder of pictures, at any depth. Labels, where they are asked for, come from `labels.csv` (columns `file`, the path in the
 * folder, and `wnid`, `class_name` or `label`), else from the folders right under the root, one per class, as in ImageNet's `train/`.
 */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, extname, join, normalize, resolve, sep } from 'node:path';
import { inputError, messageOf } from '../base/index.js';
import { imageEndings } from '../imaging/index.js';
import { note } from './note.js';
import { limitPictures, type PictureOptions, type PictureSet, refuseSplit } from './pictures.js';
import { readTable, rowName } from './table.js';

const LABELS = 'labels.csv';

/**
 * Lists the pictures in order of their path; no picture is opened. Hidden files are passed over; files without
 * an image's ending are counted in the notes.
 * Throws an InputError where the folder cannot be read or holds no picture, and, with `labels`, where there are no labels, fewer
 * than two classes, or a row that names no class or a file that another row names too; for a split.
 */
export function openFolder({ root, labels = false, limit, split }: PictureOptions): PictureSet {
  refuseSplit(root, split);
  const { pictures: files, others } = filesUnder(root);
  if (files.length === 0) {
    const expected = `files that end in ${imageEndings.join(', ')}`;
    throw inputError({ what: root, found: 'no picture', expected, fix: 'Check the path.' });
  }
  const { classes, labelOf, notes } = labels ? readLabels(root, files) : UNLABELLED;
  const pictures = files.flatMap((file) => {
    const label = labelOf(file);
    return label === undefined ? [] : [{ id: file, source: { kind: 'file' as const, path: join(root, file) }, label }];
  });
  return {
    name: basename(resolve(root)),
    classes,
    pictures: limitPictures(pictures, limit),
    notes: [...notes, ...note('files have no ending of an image and are left out', others)],
  };
}

/** Which class each file of a source belongs to. */
export interface Labelling {
  classes: string[];
  /** Undefined where a file has no label and is left out. */
  labelOf(file: string): number | undefined;
  notes: string[];
}

const UNLABELLED: Labelling = { classes: [], labelOf: () => -1, notes: [] };

/** Paths relative to `root`, with `/` between folders, sorted by code unit. Links are followed, each folder once. */
function filesUnder(root: string): { pictures: string[]; others: string[] } {
  const pictures: string[] = [];
  const others: string[] = [];
  const visited = new Set<string>();
  const visit = (folder: string, prefix: string) => {
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
      if (kind?.isDirectory()) visit(path, `${prefix}${entry.name}/`);
      else if (kind?.isFile())
        (imageEndings.includes(extname(entry.name).toLowerCase()) ? pictures : others).push(prefix + entry.name);
    }
  };
  try {
    visit(root, '');
  } catch (error) {
    throw inputError({ what: root, found: messageOf(error), expected: 'a readable folder', fix: 'Check the path.' });
  }
  return { pictures: pictures.sort(), others: others.filter((file) => file !== LABELS).sort() };
}

/**
 * From `labels.csv` in `root`, else from the first folder of each path. Throws an InputError as `openFolder` does.
 */
export function readLabels(root: string, files: string[]): Labelling {
  const table = join(root, LABELS);
  const labelling = existsSync(table) ? fromTable(table, files) : fromFolders(files);
  if (labelling.classes.length >= 2) return labelling;
  throw inputError({
    what: `labels of ${root}`,
    found: labelling.classes.length === 0 ? 'neither labels.csv nor class folders' : 'one class',
    expected: 'two classes or more, in labels.csv or as one folder per class',
    fix: 'Add them, or use the pictures without labels.',
  });
}

/** Classes in order of wnid, else class name, else label; labels that are all integers in their numeric order. */
function fromTable(table: string, files: string[]): Labelling {
  const keyOf = new Map<string, string>();
  const nameOf = new Map<string, string>();
  for (const [index, row] of readTable(table, ['file'], ['wnid', 'class_name', 'label'])) {
    const file = normalize(row.file).split(sep).join('/');
    const key = row.wnid || row.class_name || row.label;
    if (!key) {
      const found = 'no class';
      throw inputError({ what: rowName(table, index), found, expected: 'a wnid, class_name or label' });
    }
    if (keyOf.has(file)) {
      throw inputError({ what: rowName(table, index), found: `${file} again`, expected: 'one row per file' });
    }
    keyOf.set(file, key);
    if (!nameOf.has(key)) nameOf.set(key, row.class_name || key);
  }
  const onDisk = new Set(files);
  const keys = sortKeys([...nameOf.keys()]);
  const names = keys.map((key) => nameOf.get(key)!);
  const labelOf = new Map(keys.map((key, label) => [key, label]));
  return {
    classes: names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${keys[i]})`)),
    labelOf: (file) => labelOf.get(keyOf.get(file) ?? ''),
    notes: [
      ...note(
        'pictures have no row in labels.csv and are left out',
        files.filter((file) => !keyOf.has(file)),
      ),
      ...note(
        'rows of labels.csv have no picture',
        [...keyOf.keys()].filter((file) => !onDisk.has(file)),
      ),
    ],
  };
}

function fromFolders(files: string[]): Labelling {
  const classOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined);
  const classes = [...new Set(files.map(classOf))].filter((name) => name !== undefined).sort();
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const stray = files.filter((file) => classOf(file) === undefined);
  return {
    classes,
    labelOf: (file) => labelOf.get(classOf(file) ?? ''),
    notes: note('pictures are in no class folder and are left out', stray),
  };
}

function sortKeys(keys: string[]): string[] {
  return keys.every((key) => /^\d+$/.test(key)) ? keys.sort((a, b) => Number(a) - Number(b)) : keys.sort();
}
