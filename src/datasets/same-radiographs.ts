import { resolve } from 'node:path';
import type { Radiograph } from './radiograph.js';

/** Data sets that label the same radiographs anew. Their patients, where published, bear the same numbers. */
const FAMILIES: readonly (readonly string[])[] = [
  ['chestxray14', 'google-nih', 'rsna-pneumonia', 'siim-pneumothorax'],
  ['vindr-cxr', 'vinbigdata'],
];

/** A data set as an experiment names it, opened. */
export interface OpenedSource {
  type: string;
  root: string;
  radiographs: readonly Radiograph[];
}

export interface SeenRadiographs {
  /** Of each radiograph asked for, whether it, or another one of its patient, is among those known. */
  seen: boolean[];
  /** False where both are of one publisher, who does not tell which radiographs of one are those of the other. */
  certain: boolean;
}

/**
 * Which of `asked` are of patients of whom `known` has a radiograph: equal files, and, within one publisher's sets, equal ids of images
 * or patients. Ids of different publishers have nothing to do with each other.
 */
export function seenRadiographs(known: OpenedSource, asked: OpenedSource): SeenRadiographs {
  const paths = new Set(known.radiographs.map(({ path }) => resolve(path)));
  const related = ofOnePublisher(known, asked);
  const ids = new Set(related ? known.radiographs.map(({ id }) => id) : []);
  const patients = new Set(related ? known.radiographs.map(({ patient }) => patient) : []);
  const same = asked.radiographs.map(
    ({ id, patient, path }) => paths.has(resolve(path)) || ids.has(id) || patients.has(patient),
  );
  const patientsSeen = new Set(asked.radiographs.filter((_, i) => same[i]).map(({ patient }) => patient));
  const seen = asked.radiographs.map(({ patient }) => patientsSeen.has(patient));
  const comparable = known.type === asked.type || (hasPatients(known) && hasPatients(asked)) || patientsSeen.size > 0;
  return { seen, certain: !related || comparable };
}

function ofOnePublisher(a: OpenedSource, b: OpenedSource): boolean {
  if (a.type === 'table' || b.type === 'table') return a.type === b.type && resolve(a.root) === resolve(b.root);
  return a.type === b.type || FAMILIES.some((family) => family.includes(a.type) && family.includes(b.type));
}

/** A data set without published patients counts each image as one. */
const hasPatients = ({ radiographs }: OpenedSource) => radiographs.some(({ id, patient }) => id !== patient);
