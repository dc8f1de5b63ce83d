/**
 * VinBigData Chest X-ray Abnormalities Detection (Kaggle, 2021), the competition on VinDr-CXR: 15,000 of its images with the boxes
 * of 14 findings. H. Q. Nguyen et al., "VinDr-CXR", Scientific Data 9:429 (2022).
 * https://www.kaggle.com/c/vinbigdata-chest-xray-abnormalities-detection
 *
 * Layout: `train.csv` and `train/*.dicom`; PNG and JPEG conversions named by image id are common and accepted.
 *
 * Quirks: one row per box and radiologist, or a row `No finding` without coordinates; the rows of an image are not adjacent; in the
 * published table each image was read by 3 of 17 radiologists. Labels are not published for the images in `test/`, which are not
 * looked at: the test split is drawn. No patient is published; sex and age stand in the DICOM headers only.
 */
import { join } from 'node:path';
import { inputError, nearest } from '../base/index.js';
import { BoxIndex, boxOfCorners } from './boxes.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { publishedFile } from './image-files.js';
import { NO_PATIENTS } from './note.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';
import { Readings, readerRule } from './readers.js';
import { readTable, rowName } from './table.js';
import { findVinDrImages, unknownPatient } from './vindr-cxr.js';

const NAME = 'vinbigdata';
const TABLES = ['train.csv', 'vinbigdata-train.csv'];
const COLUMNS = ['image_id', 'class_name', 'rad_id', 'x_min', 'y_min', 'x_max', 'y_max'] as const;

/** In the order of `class_id`. */
const FINDINGS: readonly Finding[] = [
  { name: 'Aortic enlargement', shared: 'aortic enlargement' },
  { name: 'Atelectasis', shared: 'atelectasis' },
  { name: 'Calcification', shared: 'calcification' },
  { name: 'Cardiomegaly', shared: 'cardiomegaly' },
  { name: 'Consolidation', shared: 'consolidation' },
  { name: 'ILD', shared: 'interstitial lung disease' },
  { name: 'Infiltration', shared: 'infiltrates' },
  { name: 'Lung Opacity', shared: 'lung opacity' },
  { name: 'Nodule/Mass', shared: 'nodule/mass' },
  { name: 'Other lesion', shared: null },
  { name: 'Pleural effusion', shared: 'pleural effusion' },
  { name: 'Pleural thickening', shared: 'pleural thickening' },
  { name: 'Pneumothorax', shared: 'pneumothorax' },
  { name: 'Pulmonary fibrosis', shared: 'fibrosis' },
  { name: 'No finding', shared: 'no finding' },
];
const CLASSES = FINDINGS.map(({ name }) => name);

/**
 * Indexes a folder in the published layout; no image is opened. A label is decided by the majority of the image's radiologists, as
 * in VinDr-CXR, or with `labels: 'any'` by any of them, as torchxrayvision does. Test and validation splits are drawn. Throws an
 * InputError that names the file, and the row or column, for a missing file or column, an unknown class, a coordinate that is not a
 * number, and where no image is found.
 */
export function indexVinBigData(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  const rule = readerRule(NAME, options.labels);
  const { readings, boxes } = readTrain(publishedFile(root, TABLES, 'VinBigData'), findings);
  const images = requireImages ? findVinDrImages(root, ['train']) : undefined;

  function* rows(): Generator<PublishedRow> {
    for (const [id, reading] of readings) {
      const path = images?.get(id) ?? join(root, 'train', `${id}.dicom`);
      yield {
        ...unknownPatient(id),
        path,
        split: null,
        labels: reading.labels(findings.length, rule),
        boxes: boxes.of(id),
      };
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      images: images && { ids: images, hasRow: (id) => readings.has(id) },
      notes: () => [NO_PATIENTS, ...readings.notes(), ...boxes.notes((id) => readings.has(id))],
    },
    options,
  );
}

function readTrain(table: string, findings: readonly Finding[]): { readings: Readings; boxes: BoxIndex } {
  const columns = new Map(findings.map(({ name }, column) => [name, column]));
  const readings = new Readings();
  const boxes = new BoxIndex();
  for (const [index, row] of readTable(table, COLUMNS)) {
    const { image_id: id, class_name: name, rad_id: reader } = row;
    const where = () => rowName(table, index);
    if (!CLASSES.includes(name)) {
      const expected = `a class of VinBigData, e.g. "${nearest(name, CLASSES)}"`;
      throw inputError({ what: `${where()}, class_name`, found: `"${name}"`, expected });
    }
    if (!id || !reader) {
      throw inputError({ what: where(), found: 'a row without image or radiologist', expected: 'both ids' });
    }
    const reading = readings.of(id);
    reading.readers.add(reader);
    const column = columns.get(name);
    if (column !== undefined) reading.see(reader, column);
    if (row.x_min !== '') boxes.add(id, boxOfCorners(name, row, where));
  }
  return { readings, boxes };
}
