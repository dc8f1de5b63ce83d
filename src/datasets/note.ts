/** A note for people with a count and the first few ids; nothing where the list is empty. */
export function note(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  return [`${ids.length} ${what}: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`];
}

/** What a data set says that publishes no patients. */
export const NO_PATIENTS = 'no patient ids are published: each image counts as a patient, so that splits are by image';
