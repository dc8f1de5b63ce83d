/**
 * SIIM-ACR Pneumothorax Segmentation (Kaggle, 2019), training set: 12,047 images of ChestX-ray14 as DICOM, with masks of
 * the pneumothorax. R. Filice et al., "Crowdsourcing pneumothorax annotations using machine learning annotations on the NIH chest
 * X-ray dataset", Journal of Digital Imaging 33:490-496 (2020). https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation
 *
 * Layout: `train-rle.csv` (also `stage_2_train.csv`, `siim-pneumothorax-train-rle.csv`) and DICOM files named by image id in
 * `dicom-images-train/<study>/<series>/`, or at any depth in it, or PNG, JPEG.
 *
 * Quirks: the second column is called ` EncodedPixels`, with a blank before. Its value is -1 for no pneumothorax, or a mask of a
 * 1024 x 1024 image: pairs of offset and length, the offset counted from the end of the run before, pixels column by column; a row
 * per mask. What is kept of a mask is its bounding box. No patients are published in the table (each image counts as one); sex, age
 * and view stand in the DICOM headers only; the test split is drawn.
 */
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { BoxIndex } from './boxes.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { DICOM_OR_PICTURE, findImages, publishedFile } from './image-files.js';
import { NO_PATIENTS } from './note.js';
import type { Box, RadiographDataset, RadiographOptions } from './radiograph.js';
import { readHeader, readTable, rowName } from './table.js';

const NAME = 'siim-pneumothorax';
const FOLDER = 'dicom-images-train';
const TABLES = ['train-rle.csv', 'siim-pneumothorax-train-rle.csv', 'stage_2_train.csv'];
const PNEUMOTHORAX: Finding = { name: 'Pneumothorax', shared: 'pneumothorax' };
const NO_MASK = '-1';

/** Rows and columns of the images that the masks are for. */
const SIDE = 1024;

/**
 * Indexes a folder in the published layout; no image is opened. Test and validation splits are drawn. Throws an InputError that
 * names the file, and the row, for a missing file or column, a mask that cannot be read or leaves the image, an image with and
 * without mask, and where no image is found.
 */
export function indexSiimPneumothorax(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, [PNEUMOTHORAX], options.findings);
  const { masked, boxes } = readMasks(publishedFile(root, TABLES, 'SIIM-ACR Pneumothorax'));
  const images = requireImages ? findSiimImages(root) : undefined;

  function* rows(): Generator<PublishedRow> {
    const nothing = { split: null, view: null, sex: null, ageYears: Number.NaN };
    for (const [id, hasMask] of masked) {
      const path = images?.get(id) ?? join(root, FOLDER, `${id}.dcm`);
      yield { ...nothing, id, patient: id, path, labels: Float32Array.of(hasMask ? 1 : 0), boxes: boxes.of(id) };
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      images: images && { ids: images, hasRow: (id) => masked.has(id) },
      notes: () => [NO_PATIENTS, ...boxes.notes((id) => masked.has(id))],
    },
    options,
  );
}

function findSiimImages(root: string): Map<string, string> {
  const expected = `DICOM (or PNG, JPEG) files in ${FOLDER}/, at any depth`;
  return findImages({ root, folders: [FOLDER], deep: true, endings: DICOM_OR_PICTURE, bareIds: true, expected });
}

/** Whether an image has a mask, and the box of each mask. */
function readMasks(table: string): { masked: Map<string, boolean>; boxes: BoxIndex } {
  const column = readHeader(table).includes(' EncodedPixels') ? ' EncodedPixels' : 'EncodedPixels';
  const masked = new Map<string, boolean>();
  const boxes = new BoxIndex();
  for (const [index, row] of readTable<string>(table, ['ImageId', column])) {
    const where = () => rowName(table, index);
    const id = row.ImageId!;
    const mask = row[column]!.trim();
    const hasMask = mask !== NO_MASK;
    if (masked.get(id) === !hasMask) {
      throw inputError({ what: where(), found: `${id} with and without mask`, expected: 'one of the two' });
    }
    masked.set(id, hasMask);
    if (hasMask) boxes.add(id, boxOfMask(mask, where));
  }
  return { masked, boxes };
}

/** The bounding box of a run-length mask. */
export function boxOfMask(mask: string, where: () => string): Box {
  const refuse = (found: string) => {
    const expected = `-1, or pairs of offset and length within ${SIDE} x ${SIDE} pixels`;
    return inputError({ what: `${where()}, EncodedPixels`, found, expected });
  };
  const numbers = mask.split(/\s+/).map(Number);
  if (numbers.length % 2 === 1) throw refuse(`${numbers.length} numbers (${mask.slice(0, 40)})`);
  let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
  let end = 0;
  for (let at = 0; at < numbers.length; at += 2) {
    const [offset, length] = [numbers[at]!, numbers[at + 1]!];
    if (!(Number.isInteger(offset) && offset >= 0 && Number.isInteger(length) && length > 0)) {
      throw refuse(`offset ${offset} and length ${length}`);
    }
    const start = end + offset;
    end = start + length;
    if (end > SIDE * SIDE) throw refuse(`a run that ends at pixel ${end}`);
    const columns = [Math.floor(start / SIDE), Math.floor((end - 1) / SIDE)] as const;
    const inOneColumn = columns[0] === columns[1];
    left = Math.min(left, columns[0]);
    right = Math.max(right, columns[1]);
    top = inOneColumn ? Math.min(top, start % SIDE) : 0;
    bottom = inOneColumn ? Math.max(bottom, (end - 1) % SIDE) : SIDE - 1;
  }
  return { finding: PNEUMOTHORAX.name, x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
