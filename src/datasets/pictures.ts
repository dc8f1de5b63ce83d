import { inputError } from '../base/index.js';
import type { ImageSource } from '../imaging/index.js';

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
}

export interface PictureOptions {
  root: string;
  /** Whether labels are needed; false by default. */
  labels?: boolean;
  /** At most this many pictures, taken at even distances through the set's order, so that class folders stay balanced. */
  limit?: number;
}

/** Applies `limit`. Throws an InputError where it is not a positive integer. */
export function limitPictures(pictures: Picture[], limit: number | undefined): Picture[] {
  if (limit === undefined) return pictures;
  if (!Number.isInteger(limit) || limit < 1) {
    throw inputError({ what: 'limit', found: `${limit}`, expected: 'a positive integer' });
  }
  if (limit >= pictures.length) return pictures;
  return Array.from({ length: limit }, (_, i) => pictures[Math.floor((i * pictures.length) / limit)]!);
}
