import { inputError } from '../base/index.js';
import type { ImageList, ImageSource } from '../imaging/index.js';

/** Non-medical pictures to pretrain on. */
export interface PictureSet {
  name: string;
  /** Empty where the pictures are used without labels. */
  classes: string[];
  pictures: Picture[];
  /** What was dropped, why, and how many, as sentences for people. */
  notes: string[];
}

export interface Picture {
  /** Unique in the set, and the same on every machine. */
  id: string;
  source: ImageSource;
  /** Index into `classes`; -1 where the set is used without labels. */
  label: number;
  /** The publisher's own split; none in most sets. */
  split?: PictureSplit;
}

/** Pictures by index, made when asked for: millions of them take no object each. */
export interface PictureList extends ImageList {
  readonly name: string;
  /** Empty where the pictures are used without labels. */
  readonly classes: readonly string[];
  /** What was dropped, why, and how many, as sentences for people. */
  readonly notes: readonly string[];
  /** Unique in the list, and the same on every machine. */
  id(index: number): string;
  /** Index into `classes`; -1 where the list is used without labels. */
  label(index: number): number;
  /** The publisher's own split; undefined in most sets. */
  split(index: number): PictureSplit | undefined;
  /** By which a changed picture is known: its size, its place, when its file was changed. */
  stamp(index: number): string;
  /** SHA-256 of what the pictures are: ids, sizes, labels. */
  fingerprint(): string;
}

export interface PictureOptions {
  root: string;
  /** Whether labels are needed; false by default. */
  labels?: boolean;
  /** At most this many pictures, taken at even distances through the set's order, so that class folders stay balanced. */
  limit?: number;
  /** The publisher's own split, which CIFAR-10 alone has; all pictures unless said. */
  split?: PictureSplit;
}

export const PICTURE_SPLITS = ['train', 'test'] as const;
export type PictureSplit = (typeof PICTURE_SPLITS)[number];

/** Throws an InputError where a split is asked of a source that has none of its own. */
export function refuseSplit(source: string, split: PictureSplit | undefined): void {
  if (split === undefined) return;
  const expected = 'no split, which of pictures CIFAR-10 alone has';
  throw inputError({ what: `${source}: split`, found: split, expected, fix: 'Leave it out, or name another folder.' });
}

/** Applies `limit`. Throws an InputError where it is not a positive integer. */
export function limitPictures(pictures: Picture[], limit: number | undefined): Picture[] {
  const chosen = evenly(pictures.length, limit);
  return chosen ? Array.from(chosen, (i) => pictures[i]!) : pictures;
}

/** `limit` indices at even distances through 0..length - 1; undefined where that is all. Throws as `limitPictures`. */
export function evenly(length: number, limit: number | undefined): Uint32Array | undefined {
  if (limit === undefined) return undefined;
  if (!Number.isInteger(limit) || limit < 1) {
    throw inputError({ what: 'limit', found: `${limit}`, expected: 'a positive integer' });
  }
  return limit >= length ? undefined : Uint32Array.from({ length: limit }, (_, i) => Math.floor((i * length) / limit));
}
