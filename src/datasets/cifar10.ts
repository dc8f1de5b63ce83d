/**
 * CIFAR-10, binary version: 60,000 natural images of 32 x 32 pixels in 10 classes.
 * A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. https://www.cs.toronto.edu/~kriz/cifar.html
 *
 * Layout: `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`, `batches.meta.txt` (class names, one per line), in the folder
 * or in its `cifar-10-batches-bin/`. A record is a label byte, then 1024 red, 1024 green and 1024 blue bytes, each 32 x 32 row-major.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { limitPictures, type Picture, type PictureOptions, type PictureSet } from './pictures.js';
import { readList } from './table.js';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;
const RECORD = 1 + PIXELS;
const TEST = 'test_batch.bin';
const BATCHES = {
  train: /^data_batch_\d+\.bin$/,
  test: /^test_batch\.bin$/,
  all: /^(data_batch_\d+|test_batch)\.bin$/,
};

/**
 * Reads every batch that is present, or those of one split, into memory once: 31 MB each. Without a split the test batch is one of them.
 * Throws an InputError for a file whose size is no multiple of 3073 bytes, a label beyond the class names, and missing files.
 */
export function openCifar10({ root, labels = false, limit, split }: PictureOptions): PictureSet {
  const folder = existsSync(join(root, 'cifar-10-batches-bin')) ? join(root, 'cifar-10-batches-bin') : root;
  const classes = readList(join(folder, 'batches.meta.txt'));
  const batches = readdirSync(folder).filter((name) => BATCHES[split ?? 'all'].test(name));
  if (batches.length === 0) {
    const train = 'data_batch_1.bin, …';
    const expected = { train, test: 'test_batch.bin', all: `${train}, test_batch.bin` }[split ?? 'all'];
    throw inputError({ what: folder, found: 'no batch', expected, fix: "Use CIFAR-10's binary version." });
  }
  const pictures = batches.sort().flatMap((name) => readBatch(join(folder, name), name, classes, labels));
  return { name: 'cifar10', classes: labels ? classes : [], pictures: limitPictures(pictures, limit), notes: [] };
}

function readBatch(path: string, name: string, classes: string[], labels: boolean): Picture[] {
  const bytes = new Uint8Array(readFileSync(path));
  if (bytes.length === 0 || bytes.length % RECORD !== 0) {
    throw inputError({
      what: path,
      found: `${bytes.length} bytes`,
      expected: `a multiple of ${RECORD}, CIFAR-10's record`,
      fix: 'Download the file again.',
    });
  }
  return Array.from({ length: bytes.length / RECORD }, (_, index) => {
    const at = index * RECORD;
    const label = bytes[at]!;
    const id = `${name}/${index}`;
    if (label >= classes.length) {
      const expected = `0 to ${classes.length - 1}, a line of batches.meta.txt`;
      throw inputError({ what: `${path}: record ${index}`, found: `label ${label}`, expected });
    }
    const read = () => bytes.slice(at + 1, at + RECORD);
    const source = { kind: 'pixels' as const, name: id, width: SIDE, height: SIDE, channels: 3 as const, read };
    return { id, source, label: labels ? label : -1, split: name === TEST ? ('test' as const) : ('train' as const) };
  });
}
