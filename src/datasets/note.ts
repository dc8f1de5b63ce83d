/** A note for people with a count and the first few ids; nothing where there are none. */
export function note(what: string, ids: readonly string[] | Tally): string[] {
  if (ids.length === 0) return [];
  const first = ids instanceof Tally ? ids.first : ids.slice(0, SHOWN);
  return [`${ids.length} ${what}: ${first.join(', ')}${ids.length > SHOWN ? ', …' : ''}`];
}

const SHOWN = 5;

/** Counts ids and keeps the first few: for what may be half of a large table. */
export class Tally {
  length = 0;
  readonly first: string[] = [];

  add(id: string): void {
    if (++this.length <= SHOWN) this.first.push(id);
  }
}

/** What a data set says that publishes no patients. */
export const NO_PATIENTS = 'no patient ids are published: each image counts as a patient, so that splits are by image';
