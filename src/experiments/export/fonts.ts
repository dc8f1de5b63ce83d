import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { ENCODING, encoded, textWidth } from './helvetica.js';
import { type PdfFont, type PdfFonts, streamObject } from './pdf.js';
import { TrueType } from './truetype.js';

/** Helvetica, which every reader has: not in the file. */
export const helvetica = (): PdfFonts => ({ regular: standard('Helvetica'), bold: standard('Helvetica-Bold') });

function standard(name: string): PdfFont {
  return {
    encode(text) {
      const letters = encoded(text);
      if ('missing' in letters) return letters;
      return { hex: Buffer.from(letters.codes).toString('hex'), width: textWidth(text, 1) };
    },
    objects: () => [`<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding ${ENCODING} >>`],
  };
}

/** Fonts with the widths of Helvetica, as files are called on Linux, macOS and Windows. */
const FILES = [
  ['LiberationSans-Regular.ttf', 'LiberationSans-Bold.ttf'],
  ['Arimo-Regular.ttf', 'Arimo-Bold.ttf'],
  ['Arial.ttf', 'Arial Bold.ttf'],
  ['arial.ttf', 'arialbd.ttf'],
] as const;

const folders = () => [
  '/usr/share/fonts',
  '/usr/local/share/fonts',
  join(homedir(), '.local/share/fonts'),
  join(homedir(), '.fonts'),
  join(homedir(), 'Library/Fonts'),
  '/Library/Fonts',
  '/System/Library/Fonts/Supplemental',
  join(process.env.WINDIR ?? 'C:\\Windows', 'Fonts'),
];

/**
 * A font of this machine that looks as Helvetica does, to be put into files: what is returned makes it anew for every file.
 * undefined where there is none.
 */
export function machineFonts(places: readonly string[] = folders()): (() => PdfFonts) | undefined {
  const paths = new Map(places.flatMap(filesIn).map((path) => [basename(path), path]));
  for (const [regular, bold] of FILES) {
    const [own, ownBold] = [paths.get(regular), paths.get(bold)];
    if (!own || !ownBold) continue;
    const [font, boldFont] = [own, ownBold].map((path) => new TrueType(readFileSync(path)));
    return () => ({ regular: embedded(font!, regular), bold: embedded(boldFont!, bold) });
  }
  return undefined;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path)));
  } catch {
    return [];
  }
}

/** A TrueType font of which the file gets the glyphs that are used (ISO 32000-1, 9.7: composite fonts). */
function embedded(font: TrueType, file: string): PdfFont {
  const used = new Map<number, string>();
  return {
    encode(text) {
      const glyphs = [...text.normalize('NFC')].map((char) => ({ char, glyph: font.glyphOf(char) }));
      const missing = glyphs.find(({ glyph }) => glyph === 0);
      if (missing) return { missing: missing.char };
      for (const { char, glyph } of glyphs) used.set(glyph, char);
      return {
        hex: glyphs.map(({ glyph }) => hex16(glyph)).join(''),
        width: glyphs.reduce((sum, { glyph }) => sum + font.widthOf(glyph), 0) / 1000,
      };
    },
    objects(first) {
      const program = font.subset(used.keys());
      const name = `${tagOf(program)}+${file.replace(/\.ttf$/, '').replaceAll(' ', '')}`;
      const { left, bottom, right, top } = font.box;
      const glyphs = [...used.keys()].sort((a, b) => a - b);
      const widths = glyphs.map((glyph) => `${glyph} [${font.widthOf(glyph)}]`).join(' ');
      return [
        `<< /Type /Font /Subtype /Type0 /BaseFont /${name} /Encoding /Identity-H /DescendantFonts [${first + 1} 0 R] /ToUnicode ${first + 4} 0 R >>`,
        `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /${name} /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> ` +
          `/FontDescriptor ${first + 2} 0 R /CIDToGIDMap /Identity /W [${widths}] >>`,
        `<< /Type /FontDescriptor /FontName /${name} /Flags 4 /FontBBox [${left} ${bottom} ${right} ${top}] /ItalicAngle 0 ` +
          `/Ascent ${top} /Descent ${bottom} /CapHeight 729 /StemV 80 /FontFile2 ${first + 3} 0 R >>`,
        streamObject(program, `/Length1 ${program.length}`),
        streamObject(Buffer.from(toUnicode(used), 'latin1')),
      ];
    },
  };
}

/** Six letters that tell subsets of one font apart where programs join files (ISO 32000-1, 9.6.4). */
const tagOf = (program: Buffer) =>
  [...createHash('sha256').update(program).digest().subarray(0, 6)]
    .map((byte) => String.fromCharCode(65 + (byte % 26)))
    .join('');

const hex16 = (value: number) => value.toString(16).padStart(4, '0');

/** What the glyphs mean, for those who search or copy (ISO 32000-1, 9.10.3). */
function toUnicode(used: ReadonlyMap<number, string>): string {
  const lines = [...used].map(([glyph, char]) => {
    const utf16 = Array.from({ length: char.length }, (_, i) => hex16(char.charCodeAt(i))).join('');
    return `<${hex16(glyph)}> <${utf16}>`;
  });
  // No more than 100 to a block.
  const blocks = Array.from({ length: Math.ceil(lines.length / 100) }, (_, i) => lines.slice(100 * i, 100 * (i + 1)));
  return [
    '/CIDInit /ProcSet findresource begin 12 dict begin begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /Adobe-Identity-UCS def /CMapType 2 def',
    '1 begincodespacerange <0000> <ffff> endcodespacerange',
    ...blocks.map((block) => `${block.length} beginbfchar\n${block.join('\n')}\nendbfchar`),
    'endcmap CMapName currentdict /CMap defineresource pop end end',
  ].join('\n');
}
