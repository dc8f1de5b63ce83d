/** What several radiologists who read the same image say together. */
import { inputError } from '../base/index.js';
import { note } from './note.js';

/** When a finding that some readers saw is positive: where most of them saw it, or where any did. */
export type ReaderRule = 'majority' | 'any';
const READER_RULES: readonly string[] = ['majority', 'any'];

/** The option `labels` of a data set with several readers per image; majority by default. Throws an InputError. */
export function readerRule(dataset: string, labels = 'majority'): ReaderRule {
  if (READER_RULES.includes(labels)) return labels as ReaderRule;
  throw inputError({ what: `${dataset}: labels`, found: `"${labels}"`, expected: READER_RULES.join(' or ') });
}

/** The readers of one image, and who of them saw which finding. */
class Reading {
  readonly readers = new Set<string>();
  readonly #seen = new Map<number, Set<string>>();

  /** Counts a reader once for a finding, however often it was drawn. */
  see(reader: string, column: number): void {
    const before = this.#seen.get(column);
    if (before) before.add(reader);
    else this.#seen.set(column, new Set([reader]));
  }

  /**
   * 1 or 0 per finding. By majority: 1 where more than half of this image's readers saw it, 0 where fewer, NaN (unknown) where just
   * half did, which an odd number of readers excludes.
   */
  labels(findings: number, rule: ReaderRule): Float32Array {
    return Float32Array.from({ length: findings }, (_, column) => {
      const seenBy = this.#seen.get(column)?.size ?? 0;
      if (rule === 'any') return seenBy > 0 ? 1 : 0;
      const twice = 2 * seenBy - this.readers.size;
      return twice === 0 ? Number.NaN : Number(twice > 0);
    });
  }
}

/** As VinDr's publisher says of each training image. */
const PUBLISHED_READERS = 3;

/** The readings of a table by image id, in the order in which the images first appear. */
export class Readings extends Map<string, Reading> {
  /** The reading of an image, new where there is none yet. */
  of(id: string): Reading {
    const before = this.get(id);
    if (before) return before;
    const reading = new Reading();
    this.set(id, reading);
    return reading;
  }

  /** A note on images that were not read by three. */
  notes(): string[] {
    const oddly = [...this].filter(([, { readers }]) => readers.size !== PUBLISHED_READERS).map(([id]) => id);
    return note(`images were read by other than ${PUBLISHED_READERS} radiologists`, oddly);
  }
}
