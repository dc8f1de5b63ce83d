/**
 * VinDr-CXR 1.0.0 (PhysioNet): 18,000 posterior-anterior radiographs of two hospitals in Hanoi, 22 findings that were drawn as boxes
 * and 6 diagnoses. H. Q. Nguyen et al., "VinDr-CXR: An open dataset of chest X-rays with radiologist's annotations", Scientific Data
 * 9:429 (2022). https://physionet.org/content/vindr-cxr/1.0.0/
 *
 * Layout: `train/*.dicom`, `test/*.dicom`; `annotations/image_labels_train.csv`, a row per image and radiologist (three of 17 read
 * each), `image_labels_test.csv`, a row per image (the consensus of five), and the boxes in `annotations_train.csv` and
 * `annotations_test.csv`. Tables beside the image folders, and images as PNG or JPEG under the same ids, are accepted too.
 *
 * Quirks: the training table says `Other diseases`, the test table `Other disease`; boxes are given by two corners, one row per box
 * and radiologist, and a row without coordinates where there was nothing to draw. No patient is published, so each image counts as
 * one; sex and age stand in the DICOM headers only.
 */
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { BoxIndex, boxOfCorners } from './boxes.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { DICOM_OR_PICTURE, findImages, publishedFile, publishedFileIfAny } from './image-files.js';
import { NO_PATIENTS } from './note.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';
import { Readings, readerRule } from './readers.js';
import { readHeader, readTable, rowName } from './table.js';

const NAME = 'vindr-cxr';

/** In the order of the published columns. */
const FINDINGS: readonly Finding[] = [
  { name: 'Aortic enlargement', shared: 'aortic enlargement' },
  { name: 'Atelectasis', shared: 'atelectasis' },
  { name: 'Calcification', shared: 'calcification' },
  { name: 'Cardiomegaly', shared: 'cardiomegaly' },
  { name: 'Clavicle fracture', shared: 'clavicle fracture' },
  { name: 'Consolidation', shared: 'consolidation' },
  { name: 'Edema', shared: 'edema' },
  { name: 'Emphysema', shared: 'emphysema' },
  { name: 'Enlarged PA', shared: null },
  { name: 'ILD', shared: 'interstitial lung disease' },
  { name: 'Infiltration', shared: 'infiltrates' },
  { name: 'Lung Opacity', shared: 'lung opacity' },
  { name: 'Lung cavity', shared: null },
  { name: 'Lung cyst', shared: null },
  { name: 'Mediastinal shift', shared: null },
  { name: 'Nodule/Mass', shared: 'nodule/mass' },
  { name: 'Pleural effusion', shared: 'pleural effusion' },
  { name: 'Pleural thickening', shared: 'pleural thickening' },
  { name: 'Pneumothorax', shared: 'pneumothorax' },
  { name: 'Pulmonary fibrosis', shared: 'fibrosis' },
  { name: 'Rib fracture', shared: 'rib fracture' },
  { name: 'Other lesion', shared: null },
  { name: 'COPD', shared: 'copd signs' },
  { name: 'Lung tumor', shared: null },
  { name: 'Pneumonia', shared: 'pneumonia' },
  { name: 'Tuberculosis', shared: 'tuberculosis' },
  { name: 'Other diseases', shared: null },
  { name: 'No finding', shared: 'no finding' },
];

/** Posterior-anterior, as the publisher says of all images. */
export const VINDR_VIEW = 'PA';

type Part = 'train' | 'test';

/**
 * Indexes a folder in the published layout; no image is opened. The published test split is kept, the validation split is drawn
 * from train. A training label is decided by the majority of the image's radiologists, or with `labels: 'any'` by any of them.
 * Throws an InputError that names the file, and the row or column, for a missing file or column, a label other than 0 and 1, a
 * second row of an image and radiologist, an image in both tables, and where no image is found.
 */
export function indexVinDrCxr(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  const rule = readerRule(NAME, options.labels);
  const parts = { train: readLabels(root, 'train', findings), test: readLabels(root, 'test', findings) };
  const images = requireImages ? findVinDrImages(root) : undefined;
  const boxes = readBoxes(root);
  const hasRow = (id: string) => parts.train.has(id) || parts.test.has(id);
  const inBoth = [...parts.test.keys()].filter((id) => parts.train.has(id));
  if (inBoth.length > 0) {
    const found = `${inBoth.length} image(s) of train, e.g. ${inBoth[0]}`;
    throw inputError({ what: `${root}: image_labels_test.csv`, found, expected: 'no image of the training table' });
  }

  function* rows(): Generator<PublishedRow> {
    for (const split of ['train', 'test'] as const) {
      for (const [id, reading] of parts[split]) {
        const path = images?.get(id) ?? join(root, split, `${id}.dicom`);
        yield {
          ...unknownPatient(id),
          path,
          split,
          labels: reading.labels(findings.length, rule),
          boxes: boxes?.of(id),
        };
      }
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      testIsPublished: true,
      images: images && { ids: images, hasRow },
      notes: () => [NO_PATIENTS, ...parts.train.notes(), ...(boxes?.notes(hasRow) ?? [])],
    },
    options,
  );
}

/** What is the same in every row of VinDr's images. */
export function unknownPatient(id: string) {
  return { id, patient: id, view: VINDR_VIEW, sex: null, ageYears: Number.NaN };
}

/** Image id to path, in train/ and test/. */
export function findVinDrImages(root: string, folders: readonly string[] = ['train', 'test']): Map<string, string> {
  const expected = `DICOM (or PNG, JPEG) files named by image id in ${folders.map((folder) => `${folder}/`).join(' and ')}`;
  return findImages({ root, folders, endings: DICOM_OR_PICTURE, bareIds: true, expected });
}

function readLabels(root: string, part: Part, findings: readonly Finding[]): Readings {
  const file = `image_labels_${part}.csv`;
  const table = publishedFile(root, [join('annotations', file), file], 'VinDr-CXR');
  const header = readHeader(table);
  const columns = findings.map(({ name }) => {
    return name === 'Other diseases' && !header.includes(name) ? 'Other disease' : name;
  });
  const readerColumn = part === 'train' ? ['rad_id'] : [];
  const readings = new Readings();
  for (const [index, row] of readTable(table, ['image_id', ...readerColumn, ...columns])) {
    const id = row.image_id!;
    const reader = row.rad_id ?? 'consensus';
    const reading = readings.of(id);
    if (reading.readers.has(reader)) {
      const expected = part === 'train' ? 'one row per image and radiologist' : 'one row per image';
      throw inputError({ what: rowName(table, index), found: `${id} again`, expected });
    }
    reading.readers.add(reader);
    for (const [column, name] of columns.entries()) {
      if (isMarked(row[name]!, () => `${rowName(table, index)}, ${name}`)) reading.see(reader, column);
    }
  }
  return readings;
}

/** 1, or 0 or nothing. */
function isMarked(cell: string, where: () => string): boolean {
  if (cell === '1' || cell === '1.0') return true;
  if (cell === '0' || cell === '0.0' || cell === '') return false;
  throw inputError({ what: where(), found: `"${cell}"`, expected: '1 or 0' });
}

function readBoxes(root: string): BoxIndex | undefined {
  const boxes = new BoxIndex();
  const tables = ['annotations_train.csv', 'annotations_test.csv'].flatMap((file) => {
    return publishedFileIfAny(root, [join('annotations', file), file]) ?? [];
  });
  for (const table of tables) {
    const columns = ['image_id', 'class_name', 'x_min', 'y_min', 'x_max', 'y_max'] as const;
    for (const [index, row] of readTable(table, columns)) {
      if (row.x_min === '') continue;
      const where = () => rowName(table, index);
      boxes.add(row.image_id, boxOfCorners(row.class_name, row, where));
    }
  }
  return tables.length > 0 ? boxes : undefined;
}
