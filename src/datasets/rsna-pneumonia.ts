/**
 * RSNA Pneumonia Detection Challenge (Kaggle, 2018), stage 2: 26,684 images of ChestX-ray14 as DICOM, with boxes around lung
 * opacities that suggest pneumonia. G. Shih et al., "Augmenting the National Institutes of Health Chest Radiograph Dataset with
 * Expert Annotations of Possible Pneumonia", Radiology: Artificial Intelligence 1:e180041 (2019).
 * https://www.kaggle.com/c/rsna-pneumonia-detection-challenge
 *
 * Layout: `stage_2_train_labels.csv` and `stage_2_train_images/*.dcm` (or PNG, JPEG). Where present: the three classes in
 * `stage_2_detailed_class_info.csv`; sex, age and view in `kaggle_stage_2_train_images_dicom_headers.csv` (collected by
 * torchxrayvision); and the ChestX-ray14 image behind each id, and so the patient, in RSNA's
 * `pneumonia-challenge-dataset-mappings_2018.json`.
 *
 * Quirks: `patientId` is an image id: without the mapping each image counts as a patient, although some are of one patient. One row
 * per box. `Target` is 1 where a radiologist boxed an opacity; this is what the published class `Lung Opacity` says, so the finding
 * bears that name and the shared name `lung opacity`, and not `pneumonia`, which no radiograph shows alone. An image without it need
 * not be normal: `Normal` is a finding of its own, published with the three classes. Labels of `stage_2_test_images` are not read;
 * the test split is drawn.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, readJson } from '../base/index.js';
import { BoxIndex, boxOfSize } from './boxes.js';
import { parseAge, parseSex } from './cells.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { DICOM_OR_PICTURE, findImages, publishedFile, publishedFileIfAny } from './image-files.js';
import { NO_PATIENTS } from './note.js';
import type { Radiograph, RadiographDataset, RadiographOptions } from './radiograph.js';
import { readTable, rowName } from './table.js';

const NAME = 'rsna-pneumonia';
const FOLDER = 'stage_2_train_images';
const TABLES = ['stage_2_train_labels.csv', 'kaggle_stage_2_train_labels.csv'];
const CLASSES = 'stage_2_detailed_class_info.csv';
const HEADERS = 'kaggle_stage_2_train_images_dicom_headers.csv';
const MAPPING = 'pneumonia-challenge-dataset-mappings_2018.json';

const OPACITY: Finding = { name: 'Lung Opacity', shared: 'lung opacity' };
const NORMAL: Finding = { name: 'Normal', shared: 'no finding' };
const CLASS_NAMES = [NORMAL.name, 'No Lung Opacity / Not Normal', OPACITY.name];

/**
 * Indexes a folder in the published layout; no image is opened. Test and validation splits are drawn by patient. Throws an
 * InputError that names the file, and the row or column, for a missing file or column, a target other than 0 and 1, two targets of
 * an image, an unknown class, sex or age, a mapping of another form, and where no image is found.
 */
export function indexRsnaPneumonia(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const classes = publishedFileIfAny(root, [CLASSES]);
  const findings = selectFindings(NAME, classes ? [OPACITY, NORMAL] : [OPACITY], options.findings);
  const { targets, boxes } = readTargets(publishedFile(root, TABLES, 'RSNA Pneumonia'));
  const normal = classes ? readNormal(classes) : undefined;
  const headers = publishedFileIfAny(root, [HEADERS]);
  const persons = headers ? readHeaders(headers) : undefined;
  const mapping = join(root, MAPPING);
  const patients = existsSync(mapping) ? readPatients(mapping) : undefined;
  const images = requireImages ? findRsnaImages(root) : undefined;

  function* rows(): Generator<PublishedRow> {
    const unknown = { view: null, sex: null, ageYears: Number.NaN };
    for (const [id, target] of targets) {
      const patient = patients ? patients.get(id) : id;
      if (!patient)
        throw inputError({ what: mapping, found: `no entry of ${id}`, expected: 'every image of the table' });
      const value = (finding: Finding) => (finding === OPACITY ? target : (normal?.get(id) ?? Number.NaN));
      yield {
        id,
        path: images?.get(id) ?? join(root, FOLDER, `${id}.dcm`),
        patient,
        split: null,
        ...(persons?.get(id) ?? unknown),
        labels: Float32Array.from(findings, value),
        boxes: boxes.of(id),
      };
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      images: images && { ids: images, hasRow: (id) => targets.has(id) },
      notes: () => [
        ...(patients ? [] : [NO_PATIENTS, `${MAPPING} by RSNA, put beside the table, would tell the patients`]),
        ...boxes.notes((id) => targets.has(id)),
      ],
    },
    options,
  );
}

function findRsnaImages(root: string): Map<string, string> {
  const expected = `DICOM (or PNG, JPEG) files in ${FOLDER}/`;
  return findImages({ root, folders: [FOLDER], endings: DICOM_OR_PICTURE, bareIds: true, expected });
}

function readTargets(table: string): { targets: Map<string, number>; boxes: BoxIndex } {
  const targets = new Map<string, number>();
  const boxes = new BoxIndex();
  for (const [index, row] of readTable(table, ['patientId', 'x', 'y', 'width', 'height', 'Target'])) {
    const where = () => rowName(table, index);
    const { patientId: id, Target: cell } = row;
    if (cell !== '0' && cell !== '1') {
      throw inputError({ what: `${where()}, Target`, found: `"${cell}"`, expected: '1 or 0' });
    }
    const target = Number(cell);
    if (targets.get(id) === 1 - target) {
      throw inputError({ what: where(), found: `target ${target} of ${id}`, expected: 'one target per image' });
    }
    targets.set(id, target);
    if (row.x !== '') boxes.add(id, boxOfSize(OPACITY.name, row, where));
  }
  return { targets, boxes };
}

/** Image id to 1 where the class is Normal. */
function readNormal(table: string): Map<string, number> {
  const normal = new Map<string, number>();
  for (const [index, row] of readTable(table, ['patientId', 'class'])) {
    if (!CLASS_NAMES.includes(row.class)) {
      throw inputError({ what: rowName(table, index), found: `"${row.class}"`, expected: CLASS_NAMES.join(' or ') });
    }
    normal.set(row.patientId, row.class === NORMAL.name ? 1 : 0);
  }
  return normal;
}

function readHeaders(table: string): Map<string, Pick<Radiograph, 'view' | 'sex' | 'ageYears'>> {
  const persons = new Map<string, Pick<Radiograph, 'view' | 'sex' | 'ageYears'>>();
  for (const [index, row] of readTable(table, ['PatientID', 'PatientAge', 'PatientSex', 'ViewPosition'])) {
    const at = (column: string) => () => `${rowName(table, index)}, ${column}`;
    const sex = parseSex(row.PatientSex, at('PatientSex'));
    const ageYears = parseAge(row.PatientAge, at('PatientAge'));
    persons.set(row.PatientID, { view: row.ViewPosition || null, sex, ageYears });
  }
  return persons;
}

/** Image id to ChestX-ray14's patient: `00012345_003.png` is an image of patient 12345. */
function readPatients(path: string): Map<string, string> {
  const entries = readJson<unknown>(path);
  const patients = new Map<string, string>();
  for (const entry of Array.isArray(entries) ? entries : [entries]) {
    const [, patient] = /^0*(\d+)_\d+\.png$/.exec(`${entry?.img_id}`) ?? [];
    if (!patient || typeof entry.subset_img_id !== 'string') {
      const expected = 'a list of entries such as {"subset_img_id": "0004cfab-…", "img_id": "00012345_003.png"}';
      throw inputError({ what: path, found: `${JSON.stringify(entry)}`.slice(0, 200), expected });
    }
    patients.set(entry.subset_img_id, patient);
  }
  return patients;
}
