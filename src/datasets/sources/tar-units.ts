/**
 * Tar shards of pictures, as WebDataset writes them (https://github.com/webdataset/webdataset): members of one key, the name up to
 * the first dot of its last part, that follow one another are a sample: `0001.jpg`, `0001.cls`. Every shard is a unit.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../../base/index.js';
import { imageEndings } from '../../imaging/index.js';
import type { Entry, IndexBuilder } from './source-index.js';
import { TarError, type TarMember, type TarStretch, tarMembers } from './tar.js';

/** A shard with more members than this is refused. */
const MOST_MEMBERS = 5_000_000;
/** As long as a path may be on Linux. */
const LONGEST_NAME = 4096;
/** The longest content of a `.cls` member. */
const LONGEST_LABEL = 32;

/**
 * Adds the pictures of one shard; the caller ends the unit. Other members are left out, those with a picture's ending remarked:
 * links, sparse files, names that lead out of the archive, the second of a name. An archive within the archive, as ImageNet's
 * training set has one per class, counts as its folder. A damaged or truncated shard gives what stands before the damage, with a
 * remark. Yields now and then. Returns whether the whole shard was read.
 */
export function* addTar(path: string, size: number, builder: IndexBuilder): Generator<void, boolean> {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const shard = new Shard(fd, builder);
    yield* shard.add({ fd, start: 0, end: size }, '', 0);
    return true;
  } catch (error) {
    const reason = error instanceof TarError ? error.message : `a file that cannot be read (${messageOf(error)})`;
    builder.remark('shards are damaged, and used up to there', reason);
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** What is known of a sample whose members are coming. */
interface Sample {
  key: string;
  pictures: (Entry & { extension: string })[];
  label: number;
}

class Shard {
  readonly #names = new Set<string>();
  #members = 0;
  #sample: Sample = { key: '', pictures: [], label: -1 };

  constructor(
    private readonly fd: number,
    private readonly builder: IndexBuilder,
  ) {}

  *add(stretch: TarStretch, prefix: string, depth: number): Generator<void, void> {
    try {
      for (const member of tarMembers(stretch)) {
        if (++this.#members > MOST_MEMBERS) throw new TarError(`more than ${MOST_MEMBERS} members`);
        if (this.#members % 1024 === 0) yield;
        const name = prefix + plainName(member.name);
        const inner = member.kind === 'file' && member.length > 0 && /\.tar$/i.test(name);
        if (inner && depth === 0) {
          this.#finish();
          const { offset, length } = member;
          yield* this.add({ ...stretch, start: offset, end: offset + length }, `${name.slice(0, -4)}/`, depth + 1);
        } else if (inner) this.builder.remark('archives lie within archives within archives, and are left out', name);
        else this.#take(member, name);
      }
    } finally {
      this.#finish();
    }
  }

  #take({ kind, offset, length }: TarMember, name: string): void {
    const [key, extension] = divided(name);
    if (key !== this.#sample.key) {
      this.#finish();
      this.#sample = { key, pictures: [], label: -1 };
    }
    if (extension === 'cls' && kind === 'file') this.#sample.label = this.#label(offset, length);
    const isPicture = imageEndings.includes(`.${extension.slice(extension.lastIndexOf('.') + 1)}`);
    if (!isPicture || kind === 'folder' || name.split('/').some((part) => part.startsWith('._'))) return;
    const problem = problemOf(kind, name, length) ?? (this.#names.has(name) ? 'names appear again' : undefined);
    if (problem) this.builder.remark(`${problem} and are left out`, name.slice(0, LONGEST_NAME));
    else {
      this.#names.add(name);
      this.#sample.pictures.push({ name, offset, length, extension });
    }
  }

  /** Of several pictures of one sample, such as `1.jpg` and `1.seg.png`, those with a plain ending are meant. */
  #finish(): void {
    const { pictures, label } = this.#sample;
    const plain = pictures.filter(({ extension }) => !extension.includes('.'));
    for (const { extension, ...entry } of pictures) {
      if (plain.length === 0 || !extension.includes('.')) this.builder.add({ ...entry, label });
      else this.builder.remark('pictures belong to another one of the same key and are left out', entry.name);
    }
    this.#sample = { key: '', pictures: [], label: -1 };
  }

  /** WebDataset's `.cls`: the number of the class, as text; -1 where it is none. */
  #label(offset: number, length: number): number {
    const bytes = Buffer.alloc(Math.min(length, LONGEST_LABEL));
    const count = readSync(this.fd, bytes, 0, bytes.length, offset);
    const text = bytes.toString('latin1', 0, count).trim();
    return /^\d{1,9}$/.test(text) ? Number(text) : -1;
  }
}

/** `./a/1.jpg` as `a/1.jpg`. */
const plainName = (name: string) => name.replace(/^(?:\.\/+)+/, '');

/** Key and extension, lower case: the last part's first dot parts them. */
function divided(name: string): [key: string, extension: string] {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

function problemOf(kind: TarMember['kind'], name: string, length: number): string | undefined {
  if (kind === 'link') return 'members are links';
  if (kind === 'sparse') return 'members are sparse files';
  if (kind === 'other') return 'members are no files';
  if (name.startsWith('/') || name.includes('\0') || name.split('/').includes('..'))
    return 'names lead out of the archive';
  if (name.length > LONGEST_NAME) return 'names are too long';
  return length === 0 ? 'members are empty' : undefined;
}
