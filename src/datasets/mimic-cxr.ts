/**
 * MIMIC-CXR and MIMIC-CXR-JPG (MIT, Beth Israel Deaconess Medical Center): 377,110 radiographs of 227,835 studies, 14 labels mined from
 * reports by two labellers. A. Johnson et al., "MIMIC-CXR-JPG, a large publicly available database of labeled chest radiographs",
 * arXiv:1901.07042, 2019. https://physionet.org/content/mimic-cxr-jpg/2.1.0/ and https://physionet.org/content/mimic-cxr/2.1.0/
 *
 * Layout: `mimic-cxr-2.0.0-metadata.csv.gz`, `-split`, `-chexpert` and `-negbio` (unpacked or not; 2.1.0 keeps these names), images in
 * `files/p10/p10000032/s50414267/`, as .jpg or, in MIMIC-CXR, as .dcm: MIMIC-CXR itself has no labels and no split, so that the tables
 * of MIMIC-CXR-JPG lie beside its files. `mimic-cxr-2.1.0-test-set-labeled.csv` has one radiologist's labels of test studies.
 *
 * Quirks: one label row per study; some studies have none; 15,769 images state no view; sex and age are in MIMIC-IV's
 * `patients.csv.gz` alone.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { inputError, nearest } from '../base/index.js';
import { parseNumber, parseSex } from './cells.js';
import { CHEXPERT_FINDINGS, labelColumns, labelReader } from './chexpert-labels.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { publishedFile, publishedFileIfAny } from './image-files.js';
import { note, Tally } from './note.js';
import { type RadiographDataset, type RadiographOptions, SPLITS, type Split } from './radiograph.js';
import { readHeader, readTable, rowName } from './table.js';

const NAME = 'mimic-cxr';
const COLUMNS = ['dicom_id', 'subject_id', 'study_id', 'ViewPosition', 'StudyDate'] as const;
const LABEL_SETS = ['chexpert', 'negbio', 'radiologist'] as const;
type LabelSet = (typeof LABEL_SETS)[number];
const FRONTAL = ['PA', 'AP'];

/**
 * Indexes a folder in the published layout; no image is opened. The official split is kept. Views other than PA and AP are left out
 * unless asked for, and so are images whose study has no labels. `labels: 'radiologist'` takes the test split's labels from the
 * radiologist's table, the others' from the CheXpert labeller. Throws an InputError that names the file, and the row or column, for a
 * missing file, a missing column, an id, split or label of another form, an image with two rows, and where there is no folder of images.
 */
export function indexMimicCxr(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true, views = 'frontal' } = options;
  const findings = selectFindings(NAME, CHEXPERT_FINDINGS, options.findings);
  const labelsOf = readLabels(options, findings);
  const metadata = tableNamed(root, 'metadata');
  const splitTable = tableNamed(root, 'split');
  const splits = new SplitTable(splitTable);
  const persons = readPersons(root);
  const ending = findEnding(root, requireImages);
  const otherViews = new Tally();
  const unlabelled = new Tally();
  const unlisted = new Tally();

  function* rows(): Generator<PublishedRow> {
    const folderOf = studyFolders(root);
    let last = { subject: 0, study: 0, id: '' };
    let ascending = true;
    for (const [index, row] of readTable(metadata, COLUMNS)) {
      const id = row.dicom_id;
      const patient = row.subject_id;
      const where = () => rowName(metadata, index);
      if (!/^[\w-]+$/.test(id)) {
        throw inputError({ what: `${where()}, dicom_id`, found: `"${id}"`, expected: 'letters, digits and hyphens' });
      }
      const subject = readId(patient, () => `${where()}, subject_id`);
      const study = readId(row.study_id, () => `${where()}, study_id`);
      const key = { subject, study, id };
      ascending &&= isAfter(key, last);
      last = key;
      const split = splits.take(id);
      if (!split) {
        unlisted.add(id);
        continue;
      }
      if (views === 'frontal' && !FRONTAL.includes(row.ViewPosition)) {
        otherViews.add(id);
        continue;
      }
      const labels = labelsOf(study, split);
      if (!labels) {
        unlabelled.add(id);
        continue;
      }
      const person = persons?.get(subject);
      yield {
        id,
        path: `${folderOf(patient, study)}/${id}${ending}`,
        patient,
        split,
        view: row.ViewPosition || null,
        sex: person?.sex ?? null,
        ageYears: person ? ageAt(row.StudyDate, person) : Number.NaN,
        labels,
      };
    }
    if (!ascending) refuseRepeated(metadata);
    if (splits.untaken().length > 0) refuseRepeated(splitTable);
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      testIsPublished: true,
      notes: () => [
        ...note('images with another view than PA and AP, or with none stated, are left out', otherViews),
        ...note('images are not in the split table and are left out', unlisted),
        ...note('images belong to studies without labels and are left out', unlabelled),
        ...note('entries of the split table have no row in the metadata', splits.untaken()),
        ...(persons ? [] : ['sex and age are unknown: patients.csv.gz of MIMIC-IV is not beside the tables']),
        ...(requireImages ? [`images are ${ending} files; those without a row were not looked for`] : []),
      ],
    },
    options,
  );
}

const repeated = (what: string, id: string) =>
  inputError({ what, found: `${id} again`, expected: 'one row per image' });

type Key = { subject: number; study: number; id: string };

/** The order of the published table: where it holds throughout, no image has two rows, and none need be remembered. */
function isAfter(a: Key, b: Key): boolean {
  if (a.subject !== b.subject) return a.subject > b.subject;
  return a.study === b.study ? a.id > b.id : a.study > b.study;
}

/** Throws an InputError where an image has two rows. */
function refuseRepeated(table: string): void {
  const seen = new Set<string>();
  for (const [index, { dicom_id: id }] of readTable(table, ['dicom_id'])) {
    if (seen.add(id).size === index) throw repeated(rowName(table, index), id);
  }
}

/** The table of either edition, compressed or not. */
function tableNamed(root: string, name: string): string {
  return publishedFile(root, [`mimic-cxr-2.1.0-${name}.csv`, `mimic-cxr-2.0.0-${name}.csv`], 'MIMIC-CXR-JPG');
}

/** The identifiers are whole numbers of 8 digits, and look-up tables are quicker with numbers. */
function readId(cell: string, where: () => string): number {
  let id = cell.length === 8 ? 0 : Number.NaN;
  for (let i = 0; i < cell.length; i++) {
    const digit = cell.charCodeAt(i) - ZERO;
    id = digit >= 0 && digit <= 9 ? 10 * id + digit : Number.NaN;
  }
  if (!Number.isNaN(id)) return id;
  throw inputError({ what: where(), found: `"${cell}"`, expected: 'a number of 8 digits' });
}

const ZERO = '0'.charCodeAt(0);

/** The folder of a study. The images of one stand together in the table and share the string. */
function studyFolders(root: string): (patient: string, study: number) => string {
  let last = { patient: '', study: -1, folder: '' };
  return (patient, study) => {
    if (study !== last.study || patient !== last.patient) {
      last = { patient, study, folder: `${root}/files/p${patient.slice(0, 2)}/p${patient}/s${study}` };
    }
    return last.folder;
  };
}

/** The labels of a study in a split; undefined where the table has none. */
function readLabels(
  { root, labels = 'chexpert', uncertain = 'zeros' }: RadiographOptions,
  findings: readonly Finding[],
): (study: number, split: Split) => Float32Array | undefined {
  if (!isLabelSet(labels)) {
    throw inputError({
      what: `${NAME}: labels`,
      found: `"${labels}"`,
      expected: `one of: ${LABEL_SETS.join(', ')}`,
      fix: `Did you mean "${nearest(labels, [...LABEL_SETS])}"?`,
    });
  }
  const tableOf = (table: string) => {
    const columns = labelColumns(readHeader(table));
    const read = labelReader(findings, columns, uncertain);
    const studies = new Map<number, Float32Array>();
    for (const [index, row] of readTable(table, ['study_id'], [], { together: columns })) {
      const where = () => rowName(table, index);
      const study = readId(row.study_id, () => `${where()}, study_id`);
      if (studies.set(study, read(row.together!, where)).size === index) {
        throw inputError({ what: where(), found: `study ${study} again`, expected: 'one row per study' });
      }
    }
    return studies;
  };
  const mined = tableOf(tableNamed(root, labels === 'negbio' ? 'negbio' : 'chexpert'));
  if (labels !== 'radiologist') return (study) => mined.get(study);
  const radiologist = tableOf(tableNamed(root, 'test-set-labeled'));
  return (study, split) => (split === 'test' ? radiologist : mined).get(study);
}

const isLabelSet = (labels: string): labels is LabelSet => (LABEL_SETS as readonly string[]).includes(labels);

/**
 * The split of each image. The published table has the images in the order of the metadata, so that each look-up is one step on;
 * what another order skips over is kept until it is asked for.
 */
class SplitTable {
  private readonly rows: ReturnType<typeof readTable<'dicom_id' | 'split'>>;
  private readonly skipped = new Map<string, Split>();

  constructor(private readonly table: string) {
    this.rows = readTable(table, ['dicom_id', 'split']);
  }

  /** The split of an image; undefined where the table has none, or no second one. */
  take(id: string): Split | undefined {
    const split = this.skipped.get(id);
    if (split) {
      this.skipped.delete(id);
      return split;
    }
    for (let next = this.rows.next(); !next.done; next = this.rows.next()) {
      const [index, row] = next.value;
      const split = SPLITS.find((name) => name === row.split);
      if (!split) {
        const expected = `one of: ${SPLITS.join(', ')}`;
        throw inputError({ what: `${rowName(this.table, index)}, split`, found: `"${row.split}"`, expected });
      }
      if (this.skipped.has(row.dicom_id)) throw repeated(rowName(this.table, index), row.dicom_id);
      if (row.dicom_id === id) return split;
      this.skipped.set(row.dicom_id, split);
    }
    return undefined;
  }

  /** The images that nobody took. */
  untaken(): string[] {
    this.take('');
    return [...this.skipped.keys()];
  }
}

interface Person {
  sex: 'M' | 'F' | null;
  /** Age in years in the anchor year; 91 stands for all above 89. */
  anchorAge: number;
  anchorYear: number;
}

/** Subject to sex and age, from MIMIC-IV; undefined where its table is not at hand. */
function readPersons(root: string): Map<number, Person> | undefined {
  const table = publishedFileIfAny(root, ['patients.csv', 'hosp/patients.csv']);
  if (!table) return undefined;
  const persons = new Map<number, Person>();
  for (const [index, row] of readTable(table, ['subject_id', 'gender', 'anchor_age', 'anchor_year'])) {
    const at = (column: string) => () => `${rowName(table, index)}, ${column}`;
    persons.set(readId(row.subject_id, at('subject_id')), {
      sex: parseSex(row.gender, at('gender')),
      anchorAge: parseNumber(row.anchor_age, at('anchor_age')),
      anchorYear: parseNumber(row.anchor_year, at('anchor_year')),
    });
  }
  return persons;
}

/** Age in years at a date such as 21800506, which is shifted as the anchor year is; NaN where it makes no sense. */
function ageAt(date: string, { anchorAge, anchorYear }: Person): number {
  const age = anchorAge + Number(date.slice(0, 4)) - anchorYear;
  return /^\d{8}/.test(date) && age >= 0 ? age : Number.NaN;
}

/** Whether the images are .jpg or .dcm files: what the first folder that has any holds; .jpg where none is there, or both are. */
function findEnding(root: string, requireImages: boolean): '.jpg' | '.dcm' {
  const files = join(root, 'files');
  const endings = endingsBelow(files, 3);
  if (requireImages && endings.length === 0) {
    throw inputError({
      what: files,
      found: existsSync(files) ? 'no .jpg or .dcm file' : 'no such folder',
      expected: 'images such as files/p10/p10000032/s50414267/<dicom_id>.jpg or .dcm',
      fix: 'Name the folder that holds the tables and files/.',
    });
  }
  return endings.length === 1 ? endings[0]! : '.jpg';
}

/** Which of .jpg and .dcm lie in the first folder, depth first and at most so many levels down, that has any. */
function endingsBelow(folder: string, levels: number): ('.jpg' | '.dcm')[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const endings = (['.jpg', '.dcm'] as const).filter((ending) => names.some((name) => extname(name) === ending));
  for (const name of levels > 0 && endings.length === 0 ? names : []) {
    const below = endingsBelow(join(folder, name), levels - 1);
    if (below.length > 0) return below;
  }
  return endings;
}
