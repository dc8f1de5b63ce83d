import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync, inflateSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { writePredictions } from '../finetuning/predictions.js';
import { HOSTILE, withHostileNames } from '../report/fixtures/hostile.js';
import { exampleResult } from '../report/fixtures/result.js';
import { sectionsOf } from '../report/sections.js';
import type { ExperimentResult } from '../result/index.js';
import { docxTables } from './docx.js';
import { drawMissing } from './drawn-text.js';
import { helvetica } from './fonts.js';
import { EXPORT_FORMATS, exportExperiment } from './index.js';
import { FONT, standaloneSvg } from './standalone.js';
import { svgToPdf } from './svg-to-pdf.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The first data set of the example, with few curves to draw. */
function smallResult(): ExperimentResult {
  const all = exampleResult();
  const [dataset] = all.datasets;
  const own = <T extends { dataset: string }>(items: T[]) => items.filter((it) => it.dataset === dataset!.name);
  return {
    ...all,
    datasets: [dataset!],
    cells: own(all.cells).map((cell) => ({ ...cell, runs: cell.runs.slice(0, 1), roc: cell.roc.slice(0, 1) })),
    comparisons: own(all.comparisons),
    shortcuts: own(all.shortcuts),
  };
}

describe('exportExperiment', () => {
  const result = smallResult();
  const { findings } = result.datasets[0]!;
  const radiograph = {
    id: 'a.png',
    patient: '7',
    split: 'test',
    labels: Float32Array.of(1, 0, Number.NaN, 0, 1),
  } as const;
  const runs = result.cells.map(({ runs: [run] }) => join(folder, run!.folder));
  for (const path of runs.slice(0, 2)) {
    mkdirSync(path, { recursive: true });
    const probabilities = Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5);
    writePredictions(join(path, 'predictions.csv'), findings, [{ radiograph: radiograph as never, probabilities }]);
  }
  const out = join(folder, 'out');
  const done = exportExperiment(folder, result, { formats: EXPORT_FORMATS, out });

  it('numbers tables and figures as the report does', async () => {
    const { files } = await done;
    for (const path of files) expect(readdirSync(dirname(path))).toContain(path.slice(dirname(path).length + 1));
    const tables = sectionsOf(result).flatMap(({ id, tables }) => tables.map(() => id));
    const names = readdirSync(join(out, 'tables')).filter((name) => name.startsWith('table-'));
    expect(names.sort()).toEqual(tables.map((id, i) => `table-${String(i + 1).padStart(2, '0')}-${id}.tex`));
    const figures = readdirSync(join(out, 'figures'));
    expect(figures.filter((name) => name.endsWith('.svg'))).toContain('figure-01-mean.svg');
    const captions = readFileSync(join(out, 'figures', 'captions.txt'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(captions).toHaveLength(figures.filter((name) => name.endsWith('.svg')).length);
    expect(captions[0]).toMatch(/^figure-01-mean: Figure 1\. Initializations/);
    expect(readFileSync(join(out, 'figures', 'figure-01-mean.tex'), 'utf8')).toMatch(
      /\{figure-01-mean\}\n\\caption\{Initializations .*\}\\label\{fig:figure-01-mean\}/,
    );
    for (const kind of ['png', 'pdf', 'tex']) {
      const own = figures.filter((name) => name.endsWith(kind));
      expect(own).toEqual(figures.filter((name) => name.endsWith('svg')).map((name) => name.replace('svg', kind)));
    }
  });

  it('writes all predictions in one table and says which are missing', async () => {
    const { notes } = await done;
    const rows = parse(readFileSync(join(out, 'predictions.csv')), { columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({
      dataset: result.cells[1]!.dataset,
      initialization: result.cells[1]!.initialization,
      seed: '0',
      id: 'a.png',
      [`label ${findings[0]}`]: '1',
      [`label ${findings[2]}`]: '',
    });
    expect(Math.fround(Number(rows[1]![`probability ${findings[4]}`]))).toBe(0.5);
    expect(notes.filter((note) => !note.startsWith('PDF'))).toEqual([
      `predictions.csv: without ${result.cells[2]!.runs[0]!.folder}, whose predictions are not there`,
    ]);
  });

  it('writes every epoch and every point of a curve', async () => {
    await done;
    const read = (name: string) => parse(readFileSync(join(out, name)), { columns: true }) as Record<string, string>[];
    const [first] = result.cells;
    const epochs = result.cells.flatMap(({ runs }) => runs.flatMap(({ curve }) => curve));
    expect(read('curves.csv')).toHaveLength(epochs.length);
    expect(Number(read('curves.csv')[2]!.validationLoss)).toBe(first!.runs[0]!.curve[2]!.validationLoss);
    expect(
      read('roc.csv')
        .slice(0, 2)
        .map((row) => Number(row.truePositiveRate)),
    ).toEqual(first!.roc[0]!.points.slice(0, 2).map(([, tpr]) => tpr));
  });

  it('draws at 300 dots per inch on white', async () => {
    await done;
    const [svg, png] = ['svg', 'png'].map((kind) => readFileSync(join(out, 'figures', `figure-01-mean.${kind}`)));
    const width = Number(/width="(\d+)"/.exec(svg!.toString())![1]);
    const image = sharp(png);
    expect(await image.metadata()).toMatchObject({ width: Math.round((width * 300) / 96), density: 300 });
    const { data } = await image
      .extract({ left: 0, top: 0, width: 1, height: 1 })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  });
});

describe('standalone svg and pdf', () => {
  const [figure] = sectionsOf(smallResult())
    .find(({ id }) => id === 'findings')!
    .figures();
  const svg = standaloneSvg(figure!);

  it('leave nothing to a style sheet, and keep every text', () => {
    expect(svg).not.toMatch(/var\(|currentColor|NaN|undefined/);
    const { document } = parseHTML(svg);
    const texts = [...document.querySelectorAll('text')].map((it) => it.textContent);
    for (const { name } of figure!.legend) expect(texts).toContain(name);
    expect(texts).toContain(figure!.panels[0]!.title);
    expect(texts).toContain('Sensitivity');
  });

  it('show the same text in the PDF, whose table of offsets is right', () => {
    const pdf = svgToPdf(svg).toString('latin1');
    const offsets = [...pdf.matchAll(/^(\d{10}) 00000 n/gm)].map(([, offset]) => Number(offset));
    for (const [i, offset] of offsets.entries()) expect(pdf.slice(offset)).toMatch(new RegExp(`^${i + 1} 0 obj`));
    const stream = Buffer.from(/stream\n([\s\S]*?)\nendstream/.exec(pdf)![1]!, 'latin1');
    const operators = inflateSync(stream).toString('latin1');
    const shown = [...operators.matchAll(/<([0-9a-f]+)> Tj/g)].map(([, hex]) =>
      Buffer.from(hex!, 'hex').toString('latin1'),
    );
    const { document } = parseHTML(svg);
    const texts = [...document.querySelectorAll('text')].map((it) => it.textContent!.replace('\u2212', '\x01'));
    expect(shown).toEqual(texts);
    expect(operators.match(/^q$/gm)!.length).toBe(operators.match(/^Q$/gm)!.length);
    expect(operators).not.toContain('NaN');
  });

  it('show a text with letters that Helvetica lacks as its image, and as text to those who copy it', async () => {
    const text = (content: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20" font-size="12"><text y="15">${content}</text></svg>`;
    expect(() => svgToPdf(text('\u03b1 = 0.1'))).toThrow("'\u03b1' in '\u03b1 = 0.1'");
    const drawn = await drawMissing(text('\u03b1 = 0.1'), FONT, helvetica());
    const [image] = [...drawn.values()];
    const { bits, columns, rows, width, height, ascent } = image!;
    expect(bits).toHaveLength(Math.ceil(columns / 8) * rows);
    expect(bits.some((byte) => byte !== 0)).toBe(true);
    // Six letters of 12 pixels: about half as wide as high, and most of them above the baseline.
    expect(width).toBeGreaterThan(20);
    expect(width).toBeLessThan(70);
    expect(height).toBeLessThan(16);
    expect(ascent).toBeGreaterThan(0.6 * height);
    const pdf = svgToPdf(text('\u03b1 = 0.1'), { drawn }).toString('latin1');
    expect(pdf).toContain(`/ImageMask true /Decode [1 0] /Width ${columns} /Height ${rows}`);
    expect(pdf).toContain('/XObject << /I0 5 0 R >>');
    const stream = Buffer.from(/stream\n([\s\S]*?)\nendstream/.exec(pdf)![1]!, 'latin1');
    expect(inflateSync(stream).toString('latin1')).toMatch(
      /\/ActualText <feff03b10020003d0020[0-9a-f]+> >> BDC q .* \/I0 Do Q EMC/,
    );
    expect((await drawMissing(text('plain \u2265 \u00e9'), FONT, helvetica())).size).toBe(0);
  });
});

describe('docx', () => {
  it('is an archive of well-formed parts with every cell as text', () => {
    const [table] = sectionsOf(withHostileNames(exampleResult())).find(({ id }) => id === 'findings')!.tables;
    const files = unzip(docxTables('Title\u0001', [table!]));
    expect(Object.keys(files)).toContain('[Content_Types].xml');
    const xml = files['word/document.xml']!;
    expect(xml).not.toContain('\u0001');
    const { document } = parseHTML(xml);
    const texts = [...document.getElementsByTagName('w:t')].map((it) => it.textContent!.trim());
    for (const { rows } of table!.groups) {
      for (const { text } of rows.flat()) expect(texts).toContain(text.trim());
    }
    expect(texts.some((text) => text.startsWith(HOSTILE))).toBe(true);
    expect(document.getElementsByTagName('script')).toHaveLength(0);
  });
});

/** The entries of an archive as its central directory lists them. */
function unzip(archive: Buffer): Record<string, string> {
  const files: Record<string, string> = {};
  let at = archive.readUInt32LE(archive.length - 6);
  while (archive.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const [packed, nameLength, local] = [
      archive.readUInt32LE(at + 20),
      archive.readUInt16LE(at + 28),
      archive.readUInt32LE(at + 42),
    ];
    const data = local + 30 + archive.readUInt16LE(local + 26);
    files[archive.toString('utf8', at + 46, at + 46 + nameLength)] = inflateRawSync(
      archive.subarray(data, data + packed),
    ).toString();
    at += 46 + nameLength;
  }
  return files;
}
