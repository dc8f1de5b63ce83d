/**
 * CheXpert (Stanford): 224,316 radiographs of 65,240 patients, 14 labels mined from reports, with "uncertain" ones; validation and
 * test labels by radiologists. J. Irvin et al., "CheXpert: A Large Chest Radiograph Dataset with Uncertainty Labels and Expert
 * Comparison", AAAI 2019. https://stanfordmlgroup.github.io/competitions/chexpert/
 *
 * Layout: `train.csv` and `valid.csv` in `CheXpert-v1.0-small/` or `CheXpert-v1.0/`, images in `train/patient00001/study1/` and
 * `valid/`; or v1.0 in four batches as Stanford AIMI gives it now. The test set was published apart, as
 * `CheXpert/test_labels.csv` with the images in `CheXpert/test/` (part of CheXlocalize).
 *
 * Quirks: one row per image, but labels per study, so that both views of a study have the same; patient and study are in the path;
 * an age of 0 stands for unknown; `AP/PA` also says LL and RL on 17 rows; test_labels.csv has neither sex, age nor view.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inputError } from '../base/index.js';
import { parseAge, parseSex } from './cells.js';
import { CHEXPERT_FINDINGS, labelColumns, labelReader } from './chexpert-labels.js';
import { collect, type PublishedRow } from './collect.js';
import { selectFindings } from './findings.js';
import { note, Tally } from './note.js';
import type { RadiographDataset, RadiographOptions, Split } from './radiograph.js';
import { readHeader, readTable, requireColumns, rowName } from './table.js';

const NAME = 'chexpert';
const FOLDERS = ['CheXpert-v1.0-small', 'CheXpert-v1.0'];
const BATCH_1 = 'CheXpert-v1.0 batch 1 (validate & csv)';
const TRAINING_BATCHES = [
  'CheXpert-v1.0 batch 2 (train 1)',
  'CheXpert-v1.0 batch 3 (train 2)',
  'CheXpert-v1.0 batch 4 (train 3)',
];
/** Beside train.csv, and from the folder that was named. */
const TEST_TABLES = ['test.csv', 'test_labels.csv'];
const RELEASED_TEST_TABLES = ['CheXpert/test_labels.csv', 'chexlocalize/CheXpert/test_labels.csv'];

/**
 * Indexes a folder in a published layout, or the one above it; no image is opened. train.csv is train, valid.csv validate and the
 * test table, where it is present, test; otherwise test patients are drawn from train.csv. Lateral views are left out unless asked
 * for. Throws an InputError that names the file, and the row or column, for a missing file, a missing column, a path, sex, age, view or
 * label of another form, an image with two rows, and where there is no folder of images.
 */
export function indexChexpert(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true, views = 'frontal', uncertain = 'zeros' } = options;
  const findings = selectFindings(NAME, CHEXPERT_FINDINGS, options.findings);
  const tables = publishedTables(root);
  const batches = trainingBatches(tables.train);
  if (requireImages) requireImageFolder(root, tables, batches);
  const lateral = new Tally();
  const ageZero = new Tally();

  function* rows(): Generator<PublishedRow> {
    const seen = new Set<string>();
    for (const [split, table] of Object.entries(tables) as [Split, string][]) {
      const header = readHeader(table);
      if (basename(table) !== 'test_labels.csv') requireColumns(table, header, FACTS);
      const columns = labelColumns(header);
      const readLabels = labelReader(findings, columns, uncertain);
      const folder = dirname(table);
      for (const [index, row] of readTable(table, ['Path'], FACTS, { together: columns })) {
        const id = row.Path;
        const at = (column: string) => () => `${rowName(table, index)}, ${column}`;
        const [, inside, patient, study, name] = PATH.exec(id) ?? [];
        if (!inside || !patient) {
          const expected = 'a path such as CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg';
          throw inputError({ what: at('Path')(), found: `"${id}"`, expected });
        }
        const size = seen.size;
        if (seen.add(id).size === size) {
          throw inputError({ what: rowName(table, index), found: `${id} again`, expected: 'one row per image' });
        }
        const isLateral = readLateral(row['Frontal/Lateral'] ?? viewInName(name!), at('Frontal/Lateral'));
        if (isLateral && views === 'frontal') {
          lateral.add(id);
          continue;
        }
        const ageYears = parseAge(row.Age ?? '', at('Age'));
        if (ageYears === 0) ageZero.add(id);
        const batch = split === 'train' ? batches?.get(patient) : undefined;
        yield {
          id,
          path: batch ? `${batch}/${patient}/${study}/${name}` : `${folder}/${inside}`,
          patient,
          split,
          view: row['AP/PA'] || (isLateral ? 'Lateral' : null),
          sex: parseSex(row.Sex ?? '', at('Sex')),
          ageYears: ageYears === 0 ? Number.NaN : ageYears,
          labels: readLabels(row.together!, () => rowName(table, index)),
        };
      }
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      notes: () => [
        ...note('lateral images are left out', lateral),
        ...note('ages are 0 and count as unknown', ageZero),
        ...(requireImages ? ['images without a row were not looked for'] : []),
      ],
    },
    options,
  );
}

const FACTS = ['Sex', 'Age', 'Frontal/Lateral', 'AP/PA'] as const;

/** Published path: the part from `train/` on, patient, study, file name. */
const PATH =
  /^(?:CheXpert-v1\.0(?:-small)?\/)?((?:train|valid|test)\/(patient\d+)\/(study\d+)\/([\w-]+\.(?:jpg|jpeg|png)))$/;

const viewInName = (name: string) => /_(frontal|lateral)\./.exec(name)?.[1] ?? name;

function readLateral(cell: string, where: () => string): boolean {
  const view = cell.toLowerCase();
  if (view === 'frontal' || view === 'lateral') return view === 'lateral';
  throw inputError({ what: where(), found: `"${cell}"`, expected: 'Frontal or Lateral' });
}

type Tables = { train: string; validate: string; test?: string };

function publishedTables(root: string): Tables {
  const [folder, second] = ['', ...FOLDERS, BATCH_1]
    .map((name) => join(root, name))
    .filter((candidate) => existsSync(join(candidate, 'train.csv')));
  if (!folder) {
    throw inputError({
      what: root,
      found: `no train.csv, nor one in ${[...FOLDERS, BATCH_1].join(', ')}`,
      expected: 'CheXpert as published',
      fix: 'Name the folder that holds train.csv, or the folder above it.',
    });
  }
  if (second) {
    const found = `train.csv in ${folder} and in ${second}`;
    throw inputError({ what: root, found, expected: 'one edition', fix: 'Name the folder of one of them.' });
  }
  const test = [
    ...TEST_TABLES.map((name) => join(folder, name)),
    ...RELEASED_TEST_TABLES.map((name) => join(root, name)),
  ].find((candidate) => existsSync(candidate));
  return { train: join(folder, 'train.csv'), validate: join(folder, 'valid.csv'), ...(test ? { test } : {}) };
}

/** Patient to the batch that holds the patient's folder; undefined where the images are not in batches. */
function trainingBatches(trainTable: string): Map<string, string> | undefined {
  const folder = dirname(trainTable);
  if (basename(folder) !== BATCH_1) return undefined;
  const batches = new Map<string, string>();
  for (const batch of TRAINING_BATCHES.map((name) => join(folder, '..', name))) {
    for (const patient of existsSync(batch) ? readdirSync(batch) : []) batches.set(patient, batch);
  }
  return batches;
}

function requireImageFolder(root: string, tables: Tables, batches: Map<string, string> | undefined): void {
  if (batches && batches.size > 0) return;
  const folders = [join(dirname(tables.train), 'train'), join(dirname(tables.train), 'valid')];
  if (folders.some((folder) => existsSync(folder))) return;
  throw inputError({
    what: root,
    found: 'no folder of images',
    expected: batches ? TRAINING_BATCHES.join(', ') : folders.join(' or '),
    fix: 'Unpack the image archives there.',
  });
}
