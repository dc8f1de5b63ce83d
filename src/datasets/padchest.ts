/**
 * PadChest (BIMCV): 160,861 radiographs of 67,000 patients, six projections, 193 labels: a quarter by physicians, the rest by a
 * network from the reports. A. Bustos et al., "PadChest: A large chest x-ray image dataset with multi-label annotated reports",
 * Medical Image Analysis 66 (2020). https://bimcv.cipf.es/bimcv-projects/padchest/
 *
 * Layout: `PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv`, compressed or not; 16-bit PNG images in folders `0/` to `54/`, as
 * the column `ImageDir` says, or all in one folder; both also below `images/`.
 *
 * Quirks: labels are a list as Python prints it, with blanks around some and empty ones; the same label may stand twice. No split is
 * published. Some files of the published archives are cut off; decoding finds those (torchxrayvision lists 21 of them).
 *
 * Which rows count: those without labels are left out, as torchxrayvision does, and those that the publisher marks `exclude`. Labels
 * such as `unchanged` or `suboptimal study` are kept as what they are, so that a row with nothing else is negative throughout.
 */
import { join } from 'node:path';
import { inputError, nearest } from '../base/index.js';
import { parseSex } from './cells.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, type SharedFinding, selectFindings } from './findings.js';
import { findImages, publishedFile } from './image-files.js';
import { note } from './note.js';
import { EXCLUDE, PADCHEST_LABELS, withBelow } from './padchest-labels.js';
import { parsePythonList } from './python-list.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';
import { readTable, rowName } from './table.js';

const NAME = 'padchest';
const TABLES = ['PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv', 'PADCHEST_chest_x_ray_images_labels_160K.csv'];
const COLUMNS = [
  'ImageID',
  'ImageDir',
  'StudyDate_DICOM',
  'PatientID',
  'PatientBirth',
  'PatientSex_DICOM',
  'Projection',
  'Labels',
] as const;
const SCANNER = 'Manufacturer_DICOM';
type Column = (typeof COLUMNS)[number];

const FRONTAL = ['PA', 'AP', 'AP_horizontal'];
/** How the table writes what it does not know. */
const UNKNOWN = ['', 'nan', 'None'];
const NODULE_OR_MASS = 'nodule/mass';

/** The 17 of the study: the default. Each stands for its label and those below it in the publisher's tree. */
const STUDY: readonly Finding[] = [
  { name: 'cardiomegaly', shared: 'cardiomegaly' },
  { name: 'pleural effusion', shared: 'pleural effusion' },
  { name: 'pneumonia', shared: 'pneumonia' },
  { name: 'atelectasis', shared: 'atelectasis' },
  { name: 'normal', shared: 'no finding' },
  { name: 'consolidation', shared: 'consolidation' },
  { name: 'pneumothorax', shared: 'pneumothorax' },
  { name: 'emphysema', shared: 'emphysema' },
  { name: 'hiatal hernia', shared: 'hernia' },
  { name: 'scoliosis', shared: 'scoliosis' },
  { name: 'hilar congestion', shared: 'congestion' },
  { name: 'aortic elongation', shared: 'aortic elongation' },
  { name: 'kyphosis', shared: 'kyphosis' },
  { name: 'COPD signs', shared: 'copd signs' },
  { name: 'pleural thickening', shared: 'pleural thickening' },
  { name: NODULE_OR_MASS, shared: 'nodule/mass' },
  { name: 'infiltrates', shared: 'infiltrates' },
];

/** Other labels that another data set publishes too. */
const ALSO_SHARED: Readonly<Record<string, SharedFinding>> = {
  nodule: 'nodule',
  mass: 'mass',
  fracture: 'fracture',
  'clavicle fracture': 'clavicle fracture',
  'rib fracture': 'rib fracture',
  'pulmonary edema': 'edema',
  'pulmonary fibrosis': 'fibrosis',
  tuberculosis: 'tuberculosis',
};

const FINDINGS: readonly Finding[] = [
  ...STUDY,
  ...PADCHEST_LABELS.filter((label) => label !== EXCLUDE && STUDY.every(({ name }) => name !== label)).map((name) => ({
    name,
    shared: ALSO_SHARED[name] ?? null,
  })),
];

/**
 * Indexes a folder in the published layout; no image is opened. By default the study's 17 findings and the frontal projections PA,
 * AP and AP_horizontal; any published label may be asked for. Ages are the year of the study less the year of birth. Test and
 * validation splits are drawn by patient. Throws an InputError that names the file, and the row or column, for a missing file or
 * column, an unknown label, sex or date, a list that cannot be read, and where no image is found.
 */
export function indexPadChest(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true, views = 'frontal' } = options;
  const wanted = options.findings ?? STUDY.map(({ name }) => name);
  const findings = selectFindings(NAME, FINDINGS, wanted);
  const table = publishedFile(root, TABLES, 'PadChest');
  const images = requireImages ? findPngs(root) : undefined;
  const seen = new Set<string>();
  const leftOut = { view: [] as string[], unlabeled: [] as string[], exclude: [] as string[], again: [] as string[] };
  const unborn: string[] = [];

  function* rows(): Generator<PublishedRow> {
    const parseLabels = labelParser(findings);
    for (const [index, row] of readTable(table, COLUMNS, [SCANNER])) {
      const { ImageID: id, PatientID: patient, Projection: view } = row;
      const at = (column: Column) => () => `${rowName(table, index)}, ${column}`;
      if (!id || !patient) {
        const column = id ? 'PatientID' : 'ImageID';
        throw inputError({ what: at(column)(), found: 'nothing', expected: 'an identifier' });
      }
      const again = seen.has(id);
      seen.add(id);
      const labels = parseLabels(row.Labels, at('Labels'));
      if (again) leftOut.again.push(id);
      else if (views === 'frontal' && !FRONTAL.includes(view)) leftOut.view.push(id);
      else if (typeof labels === 'string') leftOut[labels].push(id);
      else {
        const path = images?.get(id) ?? join(root, row.ImageDir, id);
        const sexCell = row.PatientSex_DICOM;
        const sex = UNKNOWN.includes(sexCell) ? null : parseSex(sexCell, at('PatientSex_DICOM'));
        const year = parseYear(row.StudyDate_DICOM, at('StudyDate_DICOM'));
        let ageYears = year - parseYear(row.PatientBirth, at('PatientBirth'));
        if (ageYears < 0) {
          unborn.push(id);
          ageYears = Number.NaN;
        }
        const scanner = UNKNOWN.includes(row[SCANNER] ?? '') ? {} : { scanner: row[SCANNER]! };
        yield { id, path, patient, split: null, view: view || null, sex, ageYears, ...scanner, labels };
      }
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      images: images && { ids: images, hasRow: (id) => seen.has(id) },
      notes: () => [
        ...note('rows are of other than the frontal projections and are left out', leftOut.view),
        ...note('rows have no labels and are left out', leftOut.unlabeled),
        ...note(`rows are marked ${EXCLUDE} by the publisher and are left out`, leftOut.exclude),
        ...note('rows name an image for the second time and are left out', leftOut.again),
        ...note('studies are older than the birth of the patient; the age counts as unknown', unborn),
      ],
    },
    options,
  );
}

/** Image id, which is a file name, to path. */
function findPngs(root: string): Map<string, string> {
  const expected = 'PNG files in 0/ to 54/, in images/, or beside the table';
  return findImages({ root, folders: ['.'], deep: true, endings: ['.png'], expected });
}

/** The year of `20150731`, `1930` or `1930.0`; NaN where unknown. */
function parseYear(cell: string, where: () => string): number {
  if (UNKNOWN.includes(cell)) return Number.NaN;
  const [, year] = /^(\d{4})(?:\d{4})?(?:\.0)?$/.exec(cell) ?? [];
  if (year) return Number(year);
  throw inputError({
    what: where(),
    found: `"${cell}"`,
    expected: 'a year, such as 1930, or a date, such as 20150731',
  });
}

/** Reads cells such as `['normal']`; the distinct ones, some ten thousand, are read once each. */
function labelParser(
  findings: readonly Finding[],
): (cell: string, where: () => string) => Float32Array | 'unlabeled' | 'exclude' {
  const known = new Set(PADCHEST_LABELS);
  const columns = findings.map(
    ({ name }) => new Set(name === NODULE_OR_MASS ? ['nodule', 'mass'].flatMap(withBelow) : withBelow(name)),
  );
  const read = new Map<string, Float32Array | 'unlabeled' | 'exclude'>();

  function parse(cell: string, where: () => string) {
    if (UNKNOWN.includes(cell)) return 'unlabeled';
    const labels = parsePythonList(cell)
      ?.map((label) => label.trim())
      .filter((label) => label !== '');
    if (!labels) {
      const found = cell.slice(0, 100);
      throw inputError({ what: where(), found, expected: "a list such as ['cardiomegaly', 'pleural effusion']" });
    }
    for (const label of labels) {
      if (known.has(label)) continue;
      const expected = `labels of PadChest, e.g. "${nearest(label, PADCHEST_LABELS)}"`;
      throw inputError({ what: where(), found: `"${label}"`, expected });
    }
    if (labels.length === 0) return 'unlabeled';
    if (labels.includes(EXCLUDE)) return 'exclude';
    return Float32Array.from(columns, (names) => (labels.some((label) => names.has(label)) ? 1 : 0));
  }

  return (cell, where) => {
    const before = read.get(cell);
    if (before) return before;
    const labels = parse(cell, where);
    read.set(cell, labels);
    return labels;
  };
}
