import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeFileAtomic } from '../../base/index.js';
import { counted, listed } from '../../pages/index.js';
import { csvFiles, curvesCsv, rocCsv } from '../report/csv.js';
import { sectionsOf } from '../report/sections.js';
import { assertFinite, type ExperimentResult } from '../result/index.js';
import { docxTables } from './docx.js';
import { drawMissing } from './drawn-text.js';
import { helvetica, machineFonts } from './fonts.js';
import { latexDocument, latexFigure, latexTable } from './latex.js';
import { writeAllPredictions } from './predictions-table.js';
import { FONT, standaloneSvg } from './standalone.js';
import { svgToPdf } from './svg-to-pdf.js';

/** latex, docx: the tables; svg, png, pdf: the figures; csv: every number, the curves and all predictions. */
export const EXPORT_FORMATS = ['latex', 'docx', 'csv', 'svg', 'png', 'pdf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Of PNG files: 300 dots per inch, as journals ask for. */
const DENSITY = 300;
/** libvips draws SVG with one pixel per unit at 72 dots per inch, where SVG itself has 96 units to the inch. */
const SVG_DENSITY = (DENSITY * 72) / 96;

export interface Exported {
  /** In the order written. */
  files: string[];
  /** What could not be exported, and why. */
  notes: string[];
}

/**
 * Writes the tables and figures of a finished experiment's report, and its numbers and predictions, as files of their own:
 * `tables/`, `figures/` and `*.csv` below `out`. Tables and figures are numbered as in the report.
 */
export async function exportExperiment(
  folder: string,
  result: ExperimentResult,
  { formats, out }: { formats: readonly ExportFormat[]; out: string },
): Promise<Exported> {
  assertFinite(result);
  const exported: Exported = { files: [], notes: [] };
  const write = (path: string, content: string | Uint8Array) => {
    writeFileAtomic(path, content);
    exported.files.push(path);
  };
  mkdirSync(out, { recursive: true });
  const wanted = new Set(formats);
  writeTables(result, join(out, 'tables'), wanted, write);
  await writeFigures(result, join(out, 'figures'), wanted, write, exported.notes);
  if (wanted.has('csv')) {
    for (const { name, text } of csvFiles(result)) write(join(out, name), text());
    write(join(out, 'curves.csv'), curvesCsv(result));
    write(join(out, 'roc.csv'), rocCsv(result));
    const predictions = join(out, 'predictions.csv');
    const missing = writeAllPredictions(predictions, folder, result);
    exported.files.push(predictions);
    for (const run of missing) exported.notes.push(`predictions.csv: without ${run}, whose predictions are not there`);
  }
  return exported;
}

type Write = (path: string, content: string | Uint8Array) => void;

const numbered = (kind: string, number: number, id: string) => `${kind}-${String(number).padStart(2, '0')}-${id}`;

function writeTables(result: ExperimentResult, folder: string, wanted: ReadonlySet<ExportFormat>, write: Write): void {
  if (!wanted.has('latex') && !wanted.has('docx')) return;
  mkdirSync(folder, { recursive: true });
  const tables = sectionsOf(result).flatMap(({ id, tables }) => tables.map((table) => ({ id, table })));
  if (wanted.has('latex')) {
    const names = tables.map(({ id }, i) => numbered('table', i + 1, id));
    for (const [i, { table }] of tables.entries()) {
      write(join(folder, `${names[i]}.tex`), latexTable(table, `tab:${names[i]}`));
    }
    write(join(folder, 'tables.tex'), latexDocument(names));
  }
  if (wanted.has('docx')) {
    const all = tables.map(({ table }) => table);
    write(join(folder, 'tables.docx'), docxTables(result.name, all));
  }
}

async function writeFigures(
  result: ExperimentResult,
  folder: string,
  wanted: ReadonlySet<ExportFormat>,
  write: Write,
  notes: string[],
): Promise<void> {
  if (!wanted.has('svg') && !wanted.has('png') && !wanted.has('pdf')) return;
  mkdirSync(folder, { recursive: true });
  const figures = sectionsOf(result).flatMap(({ id, figures }) =>
    figures()
      .filter(({ panels }) => panels.length > 0)
      .map((figure) => ({ id, figure })),
  );
  const names = figures.map(({ id }, i) => numbered('figure', i + 1, id));
  write(
    join(folder, 'captions.txt'),
    figures.map(({ figure }, i) => `${names[i]}: Figure ${i + 1}. ${figure.caption}\n`).join(''),
  );
  const ofMachine = wanted.has('pdf') ? machineFonts() : undefined;
  const newFonts = ofMachine ?? helvetica;
  const asImages = new Set<string>();
  for (const [i, { figure }] of figures.entries()) {
    const path = join(folder, names[i]!);
    if (wanted.has('latex')) write(`${path}.tex`, latexFigure(figure, names[i]!));
    const svg = standaloneSvg(figure);
    if (wanted.has('svg')) write(`${path}.svg`, svg);
    if (wanted.has('png')) {
      const image = sharp(Buffer.from(svg), { density: SVG_DENSITY, limitInputPixels: false });
      write(
        `${path}.png`,
        await image.flatten({ background: '#fff' }).withMetadata({ density: DENSITY }).png().toBuffer(),
      );
    }
    if (wanted.has('pdf')) {
      const fonts = newFonts();
      const drawn = await drawMissing(svg, FONT, fonts);
      for (const { content } of drawn.values()) asImages.add(content);
      write(`${path}.pdf`, svgToPdf(svg, { fonts, drawn }));
    }
  }
  if (wanted.has('pdf') && !ofMachine) {
    notes.push('PDF: with Helvetica, which is not in the files: this machine has neither Liberation Sans nor Arial');
  }
  if (asImages.size > 0) {
    const some = [...asImages].slice(0, 3).map((content) => `'${content}'`);
    notes.push(
      `PDF: ${counted(asImages.size, 'text')} with letters that the font lacks (${listed(some)}${asImages.size > some.length ? ', ...' : ''}) ` +
        'shown as images, with the fonts of this machine: look whether they have the letters',
    );
  }
}
