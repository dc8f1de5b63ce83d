import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { helvetica, machineFonts } from './fonts.js';
import { textWidth } from './helvetica.js';
import { svgToPdf } from './svg-to-pdf.js';
import { TrueType } from './truetype.js';

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value & 0xffff, 2 * i);
  return bytes;
};

/** Glyphs: none, A, an accent, A with the accent, B; 1000 units to the em. */
const OUTLINES = [
  words(),
  words(1, 0, 0, 500, 700, 0xaaaa),
  words(1, 0, 0, 100, 100, 0xbbbb),
  // Two components, arguments as words for the first, whose flags say that more follow.
  words(-1, 0, 0, 500, 900, 0x0021, 1, 0, 0, 0x0000, 2, 0),
  words(1, 0, 0, 400, 700, 0xcccc),
];
const FORMAT_4 = words(4, 40, 0, 6, 0, 0, 0, 0x42, 0xc1, 0xffff, 0, 0x41, 0xc1, 0xffff, 1 - 0x41, 0, 1, 0, 4, 0, 3, 4);
const FORMAT_12 = words(12, 0, 0, 28, 0, 0, 0, 1, 0, 0xc1, 0, 0xc1, 0, 3);

function font(subtable: Buffer): Buffer {
  const ends = [0];
  for (const outline of OUTLINES) ends.push(ends.at(-1)! + outline.length / 2);
  const head = Buffer.alloc(54);
  head.writeUInt16BE(1000, 18);
  const hhea = Buffer.alloc(36);
  hhea.writeUInt16BE(2, 34);
  const tables: [string, Buffer][] = [
    ['cmap', Buffer.concat([words(0, 1, 3, subtable === FORMAT_4 ? 1 : 10, 0, 12), subtable])],
    ['glyf', Buffer.concat(OUTLINES)],
    ['head', head],
    ['hhea', hhea],
    ['hmtx', words(100, 0, 667, 0, 0, 0, 0)],
    ['loca', words(...ends)],
    ['maxp', words(1, 0, OUTLINES.length)],
    ['name', words(0)],
  ];
  return packed(tables);
}

function packed(tables: [string, Buffer][]): Buffer {
  let at = 12 + 16 * tables.length;
  const entries = tables.map(([tag, table]) => {
    const entry = Buffer.concat([Buffer.from(tag), words(0, 0, at >> 16, at, 0, table.length)]);
    at += table.length;
    return entry;
  });
  return Buffer.concat([words(1, 0, tables.length, 0, 0, 0), ...entries, ...tables.map(([, table]) => table)]);
}

function tablesOf(file: Buffer): Map<string, Buffer> {
  return new Map(
    Array.from({ length: file.readUInt16BE(4) }, (_, i) => {
      const at = 12 + 16 * i;
      const offset = file.readUInt32BE(at + 8);
      const table = file.subarray(offset, offset + file.readUInt32BE(at + 12));
      return [file.toString('latin1', at, at + 4), table];
    }),
  );
}

describe('TrueType', () => {
  it('finds glyphs by both kinds of character maps, and widths beyond the last that is written out', () => {
    const four = new TrueType(font(FORMAT_4));
    expect(['A', '\u00c1', 'Z', '\u0100'].map((char) => four.glyphOf(char))).toEqual([1, 3, 0, 0]);
    const twelve = new TrueType(font(FORMAT_12));
    expect(['A', '\u00c1'].map((char) => twelve.glyphOf(char))).toEqual([0, 3]);
    expect([0, 1, 3].map((glyph) => twelve.widthOf(glyph))).toEqual([100, 667, 667]);
  });

  it('keeps of a subset the glyphs that were asked for and what they are made of, under their numbers', () => {
    const tables = tablesOf(new TrueType(font(FORMAT_4)).subset([3]));
    expect([...tables.keys()]).toEqual(['glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp']);
    expect(tables.get('head')!.readInt16BE(50)).toBe(1);
    const loca = tables.get('loca')!;
    const outline = (glyph: number) =>
      tables.get('glyf')!.subarray(loca.readUInt32BE(4 * glyph), loca.readUInt32BE(4 * glyph + 4));
    for (const glyph of [1, 2, 3]) expect(outline(glyph).subarray(0, OUTLINES[glyph]!.length)).toEqual(OUTLINES[glyph]);
    expect(outline(4)).toHaveLength(0);
    expect(loca.readUInt32BE(4 * OUTLINES.length)).toBe(tables.get('glyf')!.length);
  });

  it('refuses what is no TrueType font', () => {
    expect(() => new TrueType(Buffer.from('OTTO and more than twelve bytes'))).toThrow('no TrueType font');
  });
});

describe('fonts of a PDF', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20" font-size="12"><text y="15">\u03b1 = \u010c</text></svg>';

  it('is Helvetica where the machine has no other', () => {
    expect(machineFonts(['/nowhere'])).toBeUndefined();
    expect(helvetica().regular.encode('AV')).toEqual({ hex: '4156', width: 1.334 });
    expect(helvetica().regular.encode('\u03b1')).toEqual({ missing: '\u03b1' });
  });

  const ofMachine = machineFonts();
  it.skipIf(!ofMachine)(
    'is in the file where the machine has Liberation Sans or Arial, and tells what its glyphs mean',
    () => {
      const pdf = svgToPdf(svg, { fonts: ofMachine!() }).toString('latin1');
      expect(pdf).toMatch(/\/BaseFont \/[A-Z]{6}\+(LiberationSans|Arimo|Arial|arial)\S* \/Encoding \/Identity-H/);
      const streams = [...pdf.matchAll(/\/Length (\d+) \/Filter \/FlateDecode >>\nstream\n/g)].map((match) => {
        const from = match.index + match[0].length;
        return inflateSync(Buffer.from(pdf.slice(from, from + Number(match[1])), 'latin1')).toString('latin1');
      });
      const [shown] = /<([0-9a-f]{20})> Tj/.exec(streams[0]!)!.slice(1);
      const map = streams.find((stream) => stream.includes('beginbfchar'))!;
      const meant = shown!.match(/..../g)!.map((glyph) => new RegExp(`<${glyph}> <(....)>`).exec(map)![1]);
      expect(meant).toEqual(['03b1', '0020', '003d', '0020', '010c']);
      const text = 'Mean test AUROC 0.834 [0.814, 0.852]';
      expect(ofMachine!().regular.encode(text)).toMatchObject({ width: expect.closeTo(textWidth(text, 1), 2) });
    },
  );
});
