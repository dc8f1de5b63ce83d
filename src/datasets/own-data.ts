/**
 * Anybody's own radiographs: a table (CSV, TSV, compressed or not, or Parquet), a folder of images, and a small YAML file that says
 * which column is what. docs/datasets.md describes that file, with examples.
 */
import { resolve } from 'node:path';
import { inputError } from '../base/index.js';
import type { DicomHeader } from '../imaging/index.js';
import { parseAge } from './cells.js';
import { collect, type PublishedRow } from './collect.js';
import { selectFindings } from './findings.js';
import { note } from './note.js';
import { type Description, readDescription, sameWord } from './own-description.js';
import { openImages } from './own-images.js';
import { labelReader } from './own-labels.js';
import { readParquet } from './parquet.js';
import type { Radiograph, RadiographDataset, RadiographOptions, Split } from './radiograph.js';
import { readTable, rowName } from './table.js';

const NAME = 'table';
const DESCRIPTION = 'hilum.yaml';

/**
 * Indexes a table by its description, `hilum.yaml` in the root unless said; its paths start from the root. Splits that the table
 * names are kept, others drawn by patient. Where views are known, only those that the description calls frontal are kept unless
 * asked for. Throws an InputError that names the field, or the row and column, for a fault in the description, a missing file or
 * column, a word that the description does not explain, a path that leads out of the folder of images, and an image with two rows.
 */
export function indexOwnData(options: RadiographOptions): RadiographDataset {
  const { root, description: file = DESCRIPTION, requireImages = true, uncertain = 'zeros', views } = options;
  const source = resolve(root, file);
  const description = readDescription(source);
  const { columns, match, extension, headers } = description;
  const labels = labelReader(description, uncertain, source);
  const findings = selectFindings(source, labels.findings, options.findings);
  const chosen = findings.map((finding) => labels.findings.findIndex(({ name }) => name === finding.name));
  const folder = resolve(root, description.images);
  const table = openTable(resolve(root, description.table), description.separator, [
    ...Object.values(columns).filter((column) => column !== undefined),
    ...labels.columns,
  ]);
  const images = openImages({ folder, match, extension, headers, requireImages });
  const knowsViews = columns.view !== undefined || headers;
  const onlyFrontal = knowsViews && views !== 'all';
  const otherViews = new Map<string | null, number>();
  const absent = new Set<string>();
  const withoutImage: string[] = [];
  const withoutPatient: string[] = [];

  function* rows(): Generator<PublishedRow> {
    let index = 0;
    const at = (column: string) => () => `${table.rowName(index)}, ${column}`;
    const facts = factReader(description, at);
    const readLabels = oncePerKind(labels.columns, (row) => {
      const values = labels.read(row, at);
      return Float32Array.from(chosen, (i) => values[i]!);
    });
    const imageCell = at(columns.image);
    const seen = new Set<string>();
    for (const [number, row] of table.rows()) {
      index = number;
      const cell = row[columns.image]!;
      const found = images.find(cell, imageCell);
      if (found.length === 0) {
        if (headers) withoutImage.push(cell);
        else {
          absent.add(cell);
          found.push({ id: cell, path: images.pathOf(cell) });
        }
      }
      const own = readLabels(row);
      for (const { id, path, header } of found) {
        if (seen.size === seen.add(id).size) {
          throw inputError({ what: table.rowName(index), found: `${id} again`, expected: 'one row per image' });
        }
        const { frontal, ...known } = facts(row, header);
        const { view, patient } = known;
        if (onlyFrontal && !frontal) otherViews.set(view, (otherViews.get(view) ?? 0) + 1);
        else if (patient === '') withoutPatient.push(id);
        else yield { id, path, ...known, labels: own };
      }
    }
  }

  const dataset = collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      hasImage: ({ id }) => !absent.has(id),
      imagesWithoutRow: images.unused,
      notes: () => [
        ...[...otherViews].map(
          ([view, count]) => `${count} images of view ${view ?? 'unknown'} are not frontal and are left out`,
        ),
        ...(knowsViews || views === 'all' ? [] : ['views are not known: every image counts as frontal']),
        ...note('images have no patient and are left out', withoutPatient),
        ...images.notes(),
      ],
    },
    options,
  );
  return { ...dataset, rowsWithoutImage: [...dataset.rowsWithoutImage, ...withoutImage] };
}

interface Table {
  rows(): Iterable<[index: number, row: Record<string, string>]>;
  rowName(index: number): string;
}

/** A table of any kind, told by its ending. */
function openTable(path: string, separator: string | undefined, columns: readonly string[]): Table {
  if (/\.(parquet|pq)$/i.test(path)) {
    return { rows: () => readParquet(path, columns), rowName: (index) => `${path}: row ${index + 1}` };
  }
  const fix = 'Correct the description, or the header.';
  const options = { separator: separator ?? (/\.tsv(\.gz)?$/i.test(path) ? '\t' : ','), fix };
  return { rows: () => readTable(path, columns, [], options), rowName: (index) => rowName(path, index) };
}

/** Rows with the same cells in the given columns, of which there are few kinds, are read once and share the result. */
function oncePerKind<T>(columns: readonly string[], read: (row: Record<string, string>) => T) {
  const kinds = new Map<string, T>();
  return (row: Record<string, string>): T => {
    let kind = '';
    for (const column of columns) kind += `${row[column]}\0`;
    let result = kinds.get(kind);
    if (result === undefined) {
      result = read(row);
      kinds.set(kind, result);
    }
    return result;
  };
}

type At = (column: string) => () => string;
type Facts = Pick<Radiograph, 'patient' | 'view' | 'sex' | 'ageYears' | 'scanner' | 'site'> & {
  split: Split | null;
  frontal: boolean;
};

/** What a row says besides its labels; what has no column comes from the header of the image, where headers are read. */
function factReader({ columns, views, splits, sexes, ageUnit }: Description, at: At) {
  const perYear = { years: 1, months: 12, days: 365.25 }[ageUnit];
  const patientIn = columnReader(columns.patient, at, patientOf);
  const splitIn = columnReader(columns.split, at, wordReader<Split>(splits));
  const viewIn = columnReader(columns.view, at, (cell) => cell.trim());
  const sexIn = columnReader(columns.sex, at, wordReader<'M' | 'F' | 'unknown'>(sexes));
  const ageIn = columnReader(columns.age, at, (cell, where) => parseAge(cell.trim(), where) / perYear);
  const scannerIn = columnReader(columns.scanner, at, (cell) => cell.trim());
  const siteIn = columnReader(columns.site, at, (cell) => cell.trim());
  const frontal = new Set(views.frontal);
  return (row: Record<string, string>, header?: DicomHeader): Facts => {
    const view = (viewIn ? viewIn(row) : header?.viewPosition) ?? '';
    const scanner = scannerIn ? scannerIn(row) : scannerOf(header);
    const site = siteIn?.(row);
    const sex = sexIn ? sexIn(row) : header?.patientSex;
    return {
      patient: (patientIn ? patientIn(row) : header?.patientId) ?? '',
      split: splitIn?.(row) ?? null,
      view: view || null,
      sex: sex === 'M' || sex === 'F' ? sex : null,
      ageYears: (ageIn ? ageIn(row) : header?.patientAgeYears) ?? Number.NaN,
      ...(scanner && { scanner }),
      ...(site && { site }),
      frontal: frontal.has(sameWord(view)),
    };
  };
}

/** Manufacturer and model. */
function scannerOf(header: DicomHeader | undefined): string {
  return [header?.manufacturer, header?.manufacturerModelName].filter(Boolean).join(' ');
}

/** Reads one column of a row; undefined where the description names none. */
function columnReader<T>(column: string | undefined, at: At, read: (cell: string, where: () => string) => T) {
  if (column === undefined) return undefined;
  const where = at(column);
  return (row: Record<string, string>): T => read(row[column]!, where);
}

function patientOf(cell: string, where: () => string): string {
  if (cell.trim() !== '') return cell.trim();
  throw inputError({ what: where(), found: 'nothing', expected: 'an identifier' });
}

/** Reads cells of which the description says what each means. */
function wordReader<Meaning extends string>(meanings: Record<Meaning, readonly string[]>) {
  const entries = Object.entries(meanings) as [Meaning, readonly string[]][];
  const known = new Map(entries.flatMap(([meaning, words]) => words.map((word) => [word, meaning] as const)));
  return (cell: string, where: () => string): Meaning => {
    const meaning = known.get(cell) ?? known.get(sameWord(cell));
    if (meaning !== undefined) return meaning;
    const words = [...known.keys()].map((word) => (word === '' ? 'nothing' : word));
    const fix = 'Say in the description what it means.';
    throw inputError({ what: where(), found: `"${cell}"`, expected: `one of: ${words.join(', ')}`, fix });
  };
}
