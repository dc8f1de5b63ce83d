import { existsSync } from 'node:fs';
import type { Finding } from './findings.js';
import { note } from './note.js';
import type { Radiograph, RadiographDataset, RadiographOptions } from './radiograph.js';
import { drawPatients, TEST_FRACTION, VALIDATION_FRACTION } from './split.js';

/** A row as published: without a split where the publisher fixed none. */
export type PublishedRow = Omit<Radiograph, 'split'> & { split: Radiograph['split'] | null };

export interface Published {
  name: string;
  findings: Finding[];
  rows: Iterable<PublishedRow>;
  /** Whether the publisher fixed a test split, so that none is drawn, also where no row is in it. */
  testIsPublished?: boolean;
  /** Whether an image is on disk; looks for the file unless this or `images` is given. */
  hasImage?(row: PublishedRow): boolean;
  /** Ids of the images on disk, where they were listed, and whether the table has a row of an id, kept or not. */
  images?: { ids: ReadonlySet<string> | ReadonlyMap<string, unknown>; hasRow(id: string): boolean };
  /** What is on disk without a row, where `images` does not tell it; called once all rows are read. */
  imagesWithoutRow?(): string[];
  /** What else there is to say; called once all rows are read. */
  notes?(): string[];
}

const OLDEST = 120;

/**
 * Makes a data set of published rows. A published test split is kept; otherwise `testFraction` of the patients are drawn for it. A
 * published validation split is kept; otherwise `validationFraction` of the training patients are drawn. Draws depend on the table
 * alone, not on which images are on disk. Rows without image are left out and listed; ages above 120 years become unknown.
 */
export function collect(published: Published, options: RadiographOptions): RadiographDataset {
  const { root, seed, requireImages = true } = options;
  const { testFraction = TEST_FRACTION, validationFraction = VALIDATION_FRACTION } = options;
  const { name, findings, images, testIsPublished = false } = published;
  const hasImage = published.hasImage ?? (({ id, path }) => (images ? images.ids.has(id) : existsSync(path)));
  const radiographs: Radiograph[] = [];
  const rowsWithoutImage: string[] = [];
  const tooOld: string[] = [];
  const training = new Set<string>();
  const has = { test: testIsPublished, validate: false };
  let last = ''; // most tables have a patient's rows together: one look-up for all of them
  for (const row of published.rows) {
    if (row.split === 'test' || row.split === 'validate') has[row.split] = true;
    else if (row.patient !== last) {
      training.add(row.patient);
      last = row.patient;
    }
    if (requireImages && !hasImage(row)) {
      rowsWithoutImage.push(row.id);
      continue;
    }
    if (row.ageYears > OLDEST) {
      tooOld.push(row.id);
      row.ageYears = Number.NaN;
    }
    row.split ??= 'train';
    radiographs.push(row as Radiograph);
  }
  const notes: string[] = [];
  const draw = (split: 'test' | 'validate', fraction: number, of: string) => {
    const drawn = drawPatients(training, { split, fraction, seed });
    for (const radiograph of radiographs) {
      if (radiograph.split === 'train' && drawn.has(radiograph.patient)) radiograph.split = split;
    }
    for (const patient of drawn) training.delete(patient);
    const word = split === 'test' ? 'test' : 'validation';
    notes.push(`${word} split: ${drawn.size} patients drawn from ${of} (fraction ${fraction}, seed ${seed})`);
  };
  if (!has.test && training.size > 0) draw('test', testFraction, 'all');
  if (!has.validate && training.size > 0) draw('validate', validationFraction, 'train');
  if (!requireImages) notes.push('images were not looked for');
  notes.push(
    ...note('rows have no image and are left out', rowsWithoutImage),
    ...(published.notes?.() ?? []),
    ...note(`ages are above ${OLDEST} years and count as unknown`, tooOld),
  );
  const strangers = () => (images ? [...images.ids.keys()].filter((id) => !images.hasRow(id)).sort() : []);
  const imagesWithoutRow = requireImages ? (published.imagesWithoutRow ?? strangers)() : [];
  return { name, root, findings, radiographs, rowsWithoutImage, imagesWithoutRow, notes };
}
