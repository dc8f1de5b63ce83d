import { HilumError } from '../../base/index.js';

/** The tables of a font that a PDF needs to draw its glyphs (ISO 32000-1, 9.9), in the order of their tags. */
const NEEDED = ['cvt ', 'fpgm', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'prep'];

/** A TrueType font file (OpenType specification 1.9 with `glyf` outlines): which glyph a letter has, how wide it is, and smaller files of some glyphs. */
export class TrueType {
  readonly #tables = new Map<string, Buffer>();
  readonly #glyphs: (codePoint: number) => number;
  /** Where each glyph begins in `glyf`, and where the last ends. */
  readonly #offsets: number[];
  readonly unitsPerEm: number;

  /** Throws a HilumError where the file is none or lacks a table. */
  constructor(readonly file: Buffer) {
    const count = file.length > 12 && file.readUInt32BE(0) === 0x00010000 ? file.readUInt16BE(4) : 0;
    for (let i = 0; i < count; i++) {
      const at = 12 + 16 * i;
      const [offset, length] = [file.readUInt32BE(at + 8), file.readUInt32BE(at + 12)];
      this.#tables.set(file.toString('latin1', at, at + 4), file.subarray(offset, offset + length));
    }
    this.unitsPerEm = this.#table('head').readUInt16BE(18);
    const [long, loca] = [this.#table('head').readInt16BE(50) === 1, this.#table('loca')];
    const glyphs = this.#table('maxp').readUInt16BE(4);
    this.#offsets = Array.from({ length: glyphs + 1 }, (_, i) =>
      long ? loca.readUInt32BE(4 * i) : 2 * loca.readUInt16BE(2 * i),
    );
    this.#glyphs = characterMap(this.#table('cmap'));
  }

  #table(tag: string): Buffer {
    const found = this.#tables.get(tag);
    if (!found) throw new HilumError(`no TrueType font: it has no table '${tag}'`);
    return found;
  }

  /** 0 where the font lacks the character. */
  glyphOf(char: string): number {
    const glyph = this.#glyphs(char.codePointAt(0)!);
    return glyph < this.#offsets.length - 1 ? glyph : 0;
  }

  /** In thousandths of the size. */
  widthOf(glyph: number): number {
    const last = this.#table('hhea').readUInt16BE(34) - 1;
    return this.#scaled(this.#table('hmtx').readUInt16BE(4 * Math.min(glyph, last)));
  }

  /** Of all glyphs together, in thousandths of the size. */
  get box(): { left: number; bottom: number; right: number; top: number } {
    const [left, bottom, right, top] = [36, 38, 40, 42].map((at) => this.#scaled(this.#table('head').readInt16BE(at)));
    return { left: left!, bottom: bottom!, right: right!, top: top! };
  }

  #scaled(units: number): number {
    return Math.round((1000 * units) / this.unitsPerEm);
  }

  /** The font with these glyphs alone, under the numbers they have. */
  subset(wanted: Iterable<number>): Buffer {
    const glyf = this.#table('glyf');
    const kept = new Set<number>();
    const keep = (glyph: number) => {
      if (kept.has(glyph) || glyph >= this.#offsets.length - 1) return;
      kept.add(glyph);
      componentsOf(glyf.subarray(this.#offsets[glyph]!, this.#offsets[glyph + 1]!)).forEach(keep);
    };
    for (const glyph of [0, ...wanted]) keep(glyph);
    const outlines: Buffer[] = [];
    const loca = Buffer.alloc(4 * this.#offsets.length);
    let at = 0;
    for (const i of this.#offsets.keys()) {
      loca.writeUInt32BE(at, 4 * i);
      if (!kept.has(i)) continue;
      const outline = padded(glyf.subarray(this.#offsets[i]!, this.#offsets[i + 1]!));
      outlines.push(outline);
      at += outline.length;
    }
    const head = Buffer.from(this.#table('head'));
    head.writeUInt32BE(0, 8);
    head.writeInt16BE(1, 50);
    const changed = new Map([
      ['glyf', Buffer.concat(outlines)],
      ['loca', loca],
      ['head', head],
    ]);
    return fontFile(
      NEEDED.flatMap((tag) => {
        const table = changed.get(tag) ?? this.#tables.get(tag);
        return table ? [{ tag, table }] : [];
      }),
    );
  }
}

/** From Unicode to glyphs: the `cmap` subtable of format 12, else of format 4. */
function characterMap(cmap: Buffer): (codePoint: number) => number {
  const subtables = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => {
    const [platform, encoding] = [cmap.readUInt16BE(4 + 8 * i), cmap.readUInt16BE(6 + 8 * i)];
    const table = cmap.subarray(cmap.readUInt32BE(8 + 8 * i));
    return { unicode: platform === 0 || (platform === 3 && (encoding === 1 || encoding === 10)), table };
  }).filter(({ unicode }) => unicode);
  const of = (format: number) => subtables.find(({ table }) => table.readUInt16BE(0) === format)?.table;
  const [groups, segments] = [of(12), of(4)];
  if (groups) return (codePoint) => inGroups(groups, codePoint);
  if (segments) return (codePoint) => inSegments(segments, codePoint);
  throw new HilumError('no TrueType font that tells its Unicode characters');
}

function inGroups(table: Buffer, codePoint: number): number {
  for (let i = 0; i < table.readUInt32BE(12); i++) {
    const [first, last] = [table.readUInt32BE(16 + 12 * i), table.readUInt32BE(20 + 12 * i)];
    if (codePoint >= first && codePoint <= last) return table.readUInt32BE(24 + 12 * i) + codePoint - first;
  }
  return 0;
}

function inSegments(table: Buffer, codePoint: number): number {
  const twice = table.readUInt16BE(6);
  for (let i = 0; i < twice; i += 2) {
    if (codePoint > table.readUInt16BE(14 + i)) continue;
    const first = table.readUInt16BE(16 + twice + i);
    if (codePoint < first) return 0;
    const delta = table.readUInt16BE(16 + 2 * twice + i);
    const rangeAt = 16 + 3 * twice + i;
    const range = table.readUInt16BE(rangeAt);
    if (range === 0) return (codePoint + delta) & 0xffff;
    const glyph = table.readUInt16BE(rangeAt + range + 2 * (codePoint - first));
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}

/** The glyphs that a composite glyph, e.g. a letter with its accent, is made of. */
function componentsOf(outline: Buffer): number[] {
  if (outline.length < 10 || outline.readInt16BE(0) >= 0) return [];
  const components: number[] = [];
  let at = 10;
  let flags: number;
  do {
    flags = outline.readUInt16BE(at);
    components.push(outline.readUInt16BE(at + 2));
    // Arguments as words; then one scale, two, or a matrix of four.
    at += 4 + (flags & 0x1 ? 4 : 2) + (flags & 0x8 ? 2 : flags & 0x40 ? 4 : flags & 0x80 ? 8 : 0);
  } while (flags & 0x20);
  return components;
}

function fontFile(tables: readonly { tag: string; table: Buffer }[]): Buffer {
  const log = Math.floor(Math.log2(tables.length));
  const header = Buffer.alloc(12 + 16 * tables.length);
  header.writeUInt32BE(0x00010000, 0);
  header.writeUInt16BE(tables.length, 4);
  header.writeUInt16BE(16 * 2 ** log, 6);
  header.writeUInt16BE(log, 8);
  header.writeUInt16BE(16 * (tables.length - 2 ** log), 10);
  let offset = header.length;
  for (const [i, { tag, table }] of tables.entries()) {
    header.write(tag, 12 + 16 * i, 'latin1');
    header.writeUInt32BE(checksum(padded(table)), 16 + 16 * i);
    header.writeUInt32BE(offset, 20 + 16 * i);
    header.writeUInt32BE(table.length, 24 + 16 * i);
    offset += padded(table).length;
  }
  return Buffer.concat([header, ...tables.map(({ table }) => padded(table))]);
}

const padded = (table: Buffer) => Buffer.concat([table, Buffer.alloc(-table.length & 3)]);

function checksum(table: Buffer): number {
  let sum = 0;
  for (let at = 0; at < table.length; at += 4) sum = (sum + table.readUInt32BE(at)) >>> 0;
  return sum;
}
