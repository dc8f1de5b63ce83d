/**
 * Open-I, the Indiana University collection: 7,470 radiographs, frontal and lateral, of 3,955 reports with terms of MeSH.
 * D. Demner-Fushman et al., "Preparing a collection of radiology examinations for distribution and retrieval", JAMIA 23 (2016),
 * 304-310. https://openi.nlm.nih.gov/faq
 *
 * Layout: the reports in `NLMCXR_reports/ecgen-radiology/*.xml` or `ecgen-radiology/`, the images in `NLMCXR_png/` or beside, or as
 * DICOM in `NLMCXR_dcm/`. Which images are frontal is in none of them but the DICOM headers, so with PNG images the tables are
 * needed that torchxrayvision gives with its reader: `nlmcxr_dicom_metadata.csv`, and `nlmcxr_tsne_pa.csv` for what that one leaves
 * blank.
 *
 * Labels: a finding is positive where a word for it is part of one of the report's terms, as torchxrayvision's `Openi_Dataset` has it:
 * of the terms that a program found (`automatic`, the default) or of those that people chose (`major`).
 *
 * Quirks: one report is one patient, and the DICOM headers agree; images of patient 1 are called CXR1_1_IM-0001-3001, others
 * CXR2_IM-0652-1001; a report that nobody indexed has the term "No Indexing".
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { readDicomHeader } from '../imaging/index.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { findImages, publishedFileIfAny } from './image-files.js';
import { note } from './note.js';
import { type OpenIReport, readReport } from './open-i-report.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';
import { readTable } from './table.js';

const NAME = 'open-i';
const REPORTS = ['NLMCXR_reports/ecgen-radiology', 'ecgen-radiology', 'NLMCXR_reports'];
const METADATA = 'nlmcxr_dicom_metadata.csv';
const TSNE = 'nlmcxr_tsne_pa.csv';
const FRONTAL: readonly (string | null)[] = ['PA', 'AP'];
const LABELS = ['automatic', 'major'] as const;
const NO_FINDING = 'No Finding';

/** Findings with the words that stand for them, in small letters. */
const TERMS: readonly (Finding & { words: readonly string[] })[] = [
  { name: 'Atelectasis', shared: 'atelectasis', words: ['atelectasis', 'atelectases'] },
  { name: 'Calcified Granuloma', shared: null, words: ['calcified granuloma'] },
  { name: 'Cardiomegaly', shared: 'cardiomegaly', words: ['cardiomegaly'] },
  { name: 'Edema', shared: 'edema', words: ['edema'] },
  { name: 'Effusion', shared: 'pleural effusion', words: ['effusion'] },
  { name: 'Emphysema', shared: 'emphysema', words: ['emphysema'] },
  { name: 'Fibrosis', shared: 'fibrosis', words: ['fibrosis'] },
  { name: 'Fracture', shared: 'fracture', words: ['fracture'] },
  { name: 'Granuloma', shared: null, words: ['granuloma'] },
  { name: 'Hernia', shared: 'hernia', words: ['hernia'] },
  { name: 'Infiltration', shared: 'infiltrates', words: ['infiltration', 'infiltrate'] },
  { name: 'Lung Lesion', shared: 'lung lesion', words: ['lesion'] },
  { name: 'Lung Opacity', shared: 'lung opacity', words: ['opacity'] },
  { name: 'Mass', shared: 'mass', words: ['mass'] },
  { name: 'Nodule', shared: 'nodule', words: ['nodule'] },
  { name: 'Pleural_Thickening', shared: 'pleural thickening', words: ['pleural_thickening', 'pleural thickening'] },
  { name: 'Pneumonia', shared: 'pneumonia', words: ['pneumonia'] },
  { name: 'Pneumothorax', shared: 'pneumothorax', words: ['pneumothorax'] },
];
const FINDINGS: readonly Finding[] = [
  ...TERMS.map(({ name, shared }) => ({ name, shared })),
  { name: NO_FINDING, shared: 'no finding' },
];

/**
 * Indexes a folder in a published layout; of DICOM images without tables the headers are read, other images are not opened. Splits
 * are drawn by patient. Throws an InputError that names the file for missing or damaged reports, for an image in two of them, and where
 * frontal images are asked for (the default) and nothing tells which they are.
 */
export function indexOpenI(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true, views = 'frontal', labels = 'automatic' } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  if (!isLabels(labels)) {
    throw inputError({ what: `${NAME}: labels`, found: `"${labels}"`, expected: `one of: ${LABELS.join(', ')}` });
  }
  const reports = reportFiles(root);
  const images = requireImages ? imagesIn(root) : undefined;
  const viewOf = viewReader(root, images);
  if (!viewOf && views === 'frontal') {
    const fix = 'Put them into the root (they come with torchxrayvision), or ask for all views.';
    throw inputError({ what: root, found: `no ${METADATA}`, expected: 'a table that tells frontal from lateral', fix });
  }
  const seen = new Set<string>();
  const notFrontal: string[] = [];
  const viewless: string[] = [];
  const unindexed: string[] = [];

  function* rows(): Generator<PublishedRow> {
    for (const path of reports) {
      const report = readReport(path);
      const own = labelsOf(report, labels as (typeof LABELS)[number], findings);
      if (isUnindexed(report)) unindexed.push(report.id);
      for (const id of report.images) {
        if (seen.size === seen.add(id).size) {
          throw inputError({ what: path, found: `${id} again`, expected: 'each image in one report' });
        }
        const view = viewOf?.(id) ?? null;
        if (views === 'frontal' && !FRONTAL.includes(view)) {
          (view === null ? viewless : notFrontal).push(id);
          continue;
        }
        const file = images?.get(id) ?? join(root, 'NLMCXR_png', `${id}.png`);
        yield { id, path: file, patient: report.id, split: null, view, sex: null, ageYears: Number.NaN, labels: own };
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
        ...note('images are not frontal and are left out', notFrontal),
        ...note('images say no view and are left out', viewless),
        ...note('reports were indexed by nobody: No Finding is unknown, as are all labels of "major"', unindexed),
        ...(viewOf ? [] : ['no table of views: frontal and lateral images are mixed']),
      ],
    },
    options,
  );
}

const isLabels = (labels: string): labels is (typeof LABELS)[number] => (LABELS as readonly string[]).includes(labels);

/** Chosen by people, whose word for health is "normal". */
const isUnindexed = ({ major }: OpenIReport) => major.length === 0 || major.includes('no indexing');

function labelsOf(report: OpenIReport, from: 'automatic' | 'major', findings: readonly Finding[]): Float32Array {
  const unindexed = isUnindexed(report);
  const terms = report[from];
  return Float32Array.from(findings, ({ name }) => {
    if (unindexed && (name === NO_FINDING || from === 'major')) return Number.NaN;
    if (name === NO_FINDING) return report.major.includes('normal') ? 1 : 0;
    const { words } = TERMS.find((finding) => finding.name === name)!;
    return terms.some((term) => words.some((word) => term.includes(word))) ? 1 : 0;
  });
}

/** Sorted by number. */
function reportFiles(root: string): string[] {
  for (const folder of REPORTS.map((name) => join(root, name)).filter((path) => existsSync(path))) {
    const names = readdirSync(folder).filter((name) => /^\d+\.xml$/.test(name));
    if (names.length === 0) continue;
    return names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).map((name) => join(folder, name));
  }
  const fix = 'Unpack NLMCXR_reports.tgz there.';
  throw inputError({ what: root, found: 'no reports', expected: `XML files in ${REPORTS[0]}/`, fix });
}

/** Published id to path; DICOM files have names of their own. */
function imagesIn(root: string): Map<string, string> {
  const found = findImages({
    root,
    folders: ['NLMCXR_png', 'NLMCXR_dcm', '.'],
    endings: ['.png', '.dcm'],
    deep: true,
    bareIds: true,
    expected: 'PNG files in NLMCXR_png/ or DICOM files in NLMCXR_dcm/',
  });
  return new Map(
    [...found].map(([name, path]) => [
      /^\d/.test(name) ? `CXR${name.startsWith('1_') ? '1_' : ''}${name}` : name,
      path,
    ]),
  );
}

/** From image id to view; undefined where nothing knows it. */
function viewReader(root: string, images?: Map<string, string>): ((id: string) => string | undefined) | undefined {
  const views = new Map<string, string>();
  for (const [table, column] of [
    [METADATA, 'View Position'],
    [TSNE, 'tsne-view'],
  ] as const) {
    const path = publishedFileIfAny(root, [table]);
    if (!path) continue;
    for (const [, row] of readTable(path, ['imageid', column])) {
      if (row[column] && !views.has(row.imageid)) views.set(row.imageid, row[column]);
    }
  }
  if (views.size > 0) return (id) => views.get(id);
  const isDicom = (path: string | undefined) => path?.toLowerCase().endsWith('.dcm');
  if (![...(images?.values() ?? [])].some(isDicom)) return undefined;
  return (id) => {
    const path = images!.get(id);
    try {
      return isDicom(path) ? readDicomHeader(path!).viewPosition : undefined;
    } catch {
      return undefined; // the data check says what is wrong with the file
    }
  };
}
