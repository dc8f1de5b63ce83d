import { inputError, Random } from '../base/index.js';
import type { Radiograph, RadiographDataset, Split } from './radiograph.js';

/**
 * 12.5 % of the training patients: with a fifth of all patients in the test split this makes the 70 / 10 / 20 of
 * Wang et al., "ChestX-ray8", CVPR 2017, section 4.
 */
export const VALIDATION_FRACTION = 0.125;

/** A fifth of all patients, where the publisher fixed no test split: the study's rule. */
export const TEST_FRACTION = 0.2;

export interface Draw {
  /** The split to fill: test and validation are drawn independently from one seed. */
  split: 'test' | 'validate';
  /** In (0, 1). */
  fraction: number;
  seed: number;
}

/**
 * Draws a share of distinct patients (rounded, at least one, never all). The draw depends on the seed and the set of patients,
 * not on their order. Throws an InputError for a fraction outside (0, 1) and for fewer than two patients.
 */
export function drawPatients(patients: Iterable<string>, { split, fraction, seed }: Draw): Set<string> {
  const what = split === 'test' ? 'test' : 'validation';
  if (!(fraction > 0 && fraction < 1)) {
    throw inputError({
      what: `${what}Fraction`,
      found: `${fraction}`,
      expected: 'a number between 0 and 1, both excluded',
    });
  }
  const distinct = [...new Set(patients)].sort();
  if (distinct.length < 2) {
    const found = `${distinct.length} patient(s)`;
    throw inputError({ what: 'training patients', found, expected: `at least 2, to cut a ${what} split from them` });
  }
  const count = Math.min(Math.max(Math.round(fraction * distinct.length), 1), distinct.length - 1);
  return new Set(Random.of(seed, `${PURPOSE[split]} by patient`).shuffle(distinct).slice(0, count));
}

/** What the seed is combined with. The validation split's word is older than the test split's, and keeps old draws. */
const PURPOSE = { test: 'test split', validate: 'split' } as const;

/** How many patients have images in more than one split, and the ids of all images of those patients. */
export interface PatientOverlap {
  patients: number;
  images: string[];
}

export function patientsInTwoSplits(radiographs: readonly Radiograph[]): PatientOverlap {
  const home = new Map<string, Split>();
  const strayed = new Set<string>();
  let last: Radiograph | undefined;
  for (const radiograph of radiographs) {
    const { patient, split } = radiograph;
    if (patient === last?.patient && split === last.split) continue;
    last = radiograph;
    const first = home.get(patient);
    if (first === undefined) home.set(patient, split);
    else if (first !== split) strayed.add(patient);
  }
  if (strayed.size === 0) return { patients: 0, images: [] };
  const images = radiographs.filter(({ patient }) => strayed.has(patient)).map(({ id }) => id);
  return { patients: strayed.size, images: [...new Set(images)] };
}

/** Throws an InputError, naming images and not patients, where a patient is in two splits: test results would be flattered. */
export function refusePatientsInTwoSplits({ name, root, radiographs }: RadiographDataset): void {
  const { patients, images } = patientsInTwoSplits(radiographs);
  if (patients === 0) return;
  const shown = `${images.slice(0, 10).join(', ')}${images.length > 10 ? ', …' : ''}`;
  throw inputError({
    what: `${name} in ${root}`,
    found: `${patients} patient(s) in two splits, with ${images.length} image(s): ${shown}`,
    expected: 'all images of a patient in one split',
    fix: 'Correct the split lists.',
  });
}

/** The radiographs of one split. Throws an InputError where there are none. */
export function ofSplit({ name, root, radiographs }: RadiographDataset, split: Split): Radiograph[] {
  const chosen = radiographs.filter((radiograph) => radiograph.split === split);
  if (chosen.length === 0) {
    const fix = 'Run the data check to see which rows and images were found.';
    throw inputError({
      what: `${name} in ${root}: split ${split}`,
      found: 'no radiograph',
      expected: 'at least one',
      fix,
    });
  }
  return chosen;
}
