/**
 * ChestX-ray14 (NIH Clinical Center): 112,120 frontal radiographs of 30,805 patients, 14 findings mined from reports.
 * X. Wang et al., "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised Classification and
 * Localization of Common Thorax Diseases", CVPR 2017. https://nihcc.app.box.com/v/ChestXray-NIHCC
 *
 * Layout: `Data_Entry_2017_v2020.csv` or the first edition `Data_Entry_2017.csv`; `train_val_list.txt` and `test_list.txt`, the
 * official split by patient; PNG images in `images/` or `images_001/images/` to `images_012/images/`.
 *
 * Quirks: the header's last names contain commas (`OriginalImage[Width,Height]`), so they count as two columns each, as the rows
 * have them; the first edition writes ages as `058Y`, `013M`, `021D`, some of them above 400 years, and ends each line with a comma.
 * `BBox_List_2017.csv`, where present, has 984 boxes of 8 findings in pixels of the 1024 x 1024 images; it says `Infiltrate` for
 * Infiltration, and its header has more columns than its rows have fields.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { BoxIndex, boxOfSize } from './boxes.js';
import { parseAge, parseSex } from './cells.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { findImages, publishedFile } from './image-files.js';
import { note } from './note.js';
import type { RadiographDataset, RadiographOptions, Split } from './radiograph.js';
import { SortedIds } from './sorted-ids.js';
import { readList, readTable, rowName } from './table.js';

const NAME = 'chestxray14';
const TABLES = ['Data_Entry_2017_v2020.csv', 'Data_Entry_2017.csv'];
const COLUMNS = [
  'Image Index',
  'Finding Labels',
  'Patient ID',
  'Patient Age',
  'Patient Gender',
  'View Position',
] as const;
type Column = (typeof COLUMNS)[number];
const NO_FINDING = 'No Finding';
const BOXES = 'BBox_List_2017.csv';

/** The 14 findings in alphabetical order, and No Finding, which the table writes where none of them is present. */
const FINDINGS: readonly Finding[] = [
  { name: 'Atelectasis', shared: 'atelectasis' },
  { name: 'Cardiomegaly', shared: 'cardiomegaly' },
  { name: 'Consolidation', shared: 'consolidation' },
  { name: 'Edema', shared: 'edema' },
  { name: 'Effusion', shared: 'pleural effusion' },
  { name: 'Emphysema', shared: 'emphysema' },
  { name: 'Fibrosis', shared: 'fibrosis' },
  { name: 'Hernia', shared: 'hernia' },
  { name: 'Infiltration', shared: 'infiltrates' },
  { name: 'Mass', shared: 'mass' },
  { name: 'Nodule', shared: 'nodule' },
  { name: 'Pleural_Thickening', shared: 'pleural thickening' },
  { name: 'Pneumonia', shared: 'pneumonia' },
  { name: 'Pneumothorax', shared: 'pneumothorax' },
  { name: NO_FINDING, shared: 'no finding' },
];

/**
 * Indexes a folder in the published layout; no image is opened. The official test split is kept, the validation split is drawn by
 * patient from train_val. A patient, or an image, that is in both lists is in the result with both splits: the caller decides.
 * Throws an InputError that names the file, and the row or column, for a missing file, a missing column, an unknown label, sex or
 * age, an image with two rows, and where no image is found.
 */
export function indexChestXray14(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  const table = publishedFile(root, TABLES, 'ChestX-ray14');
  const trainVal = new SortedIds(readList(join(root, 'train_val_list.txt')));
  const test = new SortedIds(readList(join(root, 'test_list.txt')));
  const boxes = readBoxes(join(root, BOXES));
  const images = requireImages ? findNihImages(root) : undefined;
  const unlisted = new Set<string>();
  const seen = (id: string) => trainVal.isMarked(id) || test.isMarked(id) || unlisted.has(id);

  function* rows(): Generator<PublishedRow> {
    const imageFolder = join(root, 'images', '/');
    const parseLabels = labelParser(findings);
    for (const [index, row] of readTable(table, COLUMNS)) {
      const id = row['Image Index'];
      const patient = row['Patient ID'];
      const at = (column: Column) => () => `${rowName(table, index)}, ${column}`;
      const inTrainVal = trainVal.mark(id);
      const inTest = test.mark(id);
      const splits = inTrainVal ? (inTest ? BOTH : TRAIN) : inTest ? TEST : NONE;
      if (inTrainVal === false || inTest === false || unlisted.has(id)) {
        throw inputError({ what: rowName(table, index), found: `${id} again`, expected: 'one row per image' });
      }
      if (splits === NONE) unlisted.add(id);
      if (!patient) throw inputError({ what: at('Patient ID')(), found: 'nothing', expected: 'an identifier' });
      const path = images?.get(id) ?? `${imageFolder}${id}`;
      const view = row['View Position'] || null;
      const sex = parseSex(row['Patient Gender'], at('Patient Gender'));
      const ageYears = parseAge(row['Patient Age'], at('Patient Age'));
      const labels = parseLabels(row['Finding Labels'], at('Finding Labels'));
      for (const split of splits) {
        yield { id, path, patient, split, view, sex, ageYears, labels, boxes: boxes?.of(id) };
      }
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      testIsPublished: true,
      images: images && { ids: images, hasRow: seen },
      notes: () => [
        ...note('rows are in neither list and are left out', [...unlisted]),
        ...note('entries of train_val_list.txt and test_list.txt have no row in the table', [
          ...trainVal.unmarked(),
          ...test.unmarked(),
        ]),
        ...(boxes?.notes(seen) ?? []),
      ],
    },
    options,
  );
}

const TRAIN: readonly Split[] = ['train'];
const TEST: readonly Split[] = ['test'];
const BOTH: readonly Split[] = ['train', 'test'];
const NONE: readonly Split[] = [];

/** Image id to path, for the data sets on these images. */
export function findNihImages(root: string): Map<string, string> {
  const parts = readdirSync(root).filter((name) => /^images_\d+$/.test(name));
  return findImages({
    root,
    folders: ['images', ...parts.sort().map((part) => join(part, 'images'))],
    endings: ['.png'],
    expected: 'PNG files in images/ or in images_001/images/ to images_012/images/',
  });
}

function readBoxes(path: string): BoxIndex | undefined {
  if (!existsSync(path)) return undefined;
  const boxes = new BoxIndex();
  const columns = ['Image Index', 'Finding Label', 'Bbox [x', 'y', 'w', 'h]'] as const;
  for (const [index, row] of readTable(path, columns, [], { ragged: true })) {
    const label = row['Finding Label'];
    const finding = label === 'Infiltrate' ? 'Infiltration' : label;
    const where = () => rowName(path, index);
    if (!FINDINGS.some(({ name }) => name === finding)) {
      throw inputError({ what: where(), found: `"${label}"`, expected: 'one of the 14 findings' });
    }
    const cells = { x: row['Bbox [x'], y: row.y, width: row.w, height: row['h]'] };
    boxes.add(row['Image Index'], boxOfSize(finding, cells, where));
  }
  return boxes;
}

/** Reads cells such as `Effusion|Mass`; the few hundred distinct ones are read once each. */
function labelParser(findings: readonly Finding[]): (cell: string, where: () => string) => Float32Array {
  const known = FINDINGS.map(({ name }) => name);
  const read = new Map<string, Float32Array>();
  return (cell, where) => {
    let labels = read.get(cell);
    if (!labels) {
      const what = where();
      const names = cell.split('|');
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) {
        throw inputError({ what, found: `"${unknown}"`, expected: `some of ${known.join(', ')}, joined by |` });
      }
      if (names.length > 1 && names.includes(NO_FINDING)) {
        throw inputError({ what, found: `"${cell}"`, expected: `${NO_FINDING} to stand alone` });
      }
      labels = Float32Array.from(findings, ({ name }) => (names.includes(name) ? 1 : 0));
      read.set(cell, labels);
    }
    return labels;
  };
}
