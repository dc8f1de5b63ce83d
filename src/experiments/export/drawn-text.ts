import { DOMParser } from 'linkedom';
import sharp from 'sharp';
import { escapeHtml } from '../../pages/index.js';
import type { PdfFonts } from './pdf.js';

/** A text as an image of one bit per pixel, set bits where it is, rows filled up to whole bytes; lengths in units of the drawing. */
export interface DrawnText {
  content: string;
  bits: Buffer;
  /** Pixels. */
  columns: number;
  rows: number;
  width: number;
  height: number;
  /** From the baseline up to the upper edge. */
  ascent: number;
}

export interface TextKey {
  content: string;
  size: number;
  bold: boolean;
}

/** Pixels to a unit: 1152 to the inch, with which edges look as smooth in print as those of letters. */
const SCALE = 12;

export const keyOf = ({ content, size, bold }: TextKey) => `${bold ? 'bold' : 'normal'} ${size} ${content}`;

/** Draws every text of an SVG that has letters which `fonts` lack, with the families of fonts of this machine, and what it has beside them. */
export async function drawMissing(svg: string, families: string, fonts: PdfFonts): Promise<Map<string, DrawnText>> {
  const drawn = new Map<string, DrawnText>();
  for (const text of textsOf(svg)) {
    const letters = fonts[text.bold ? 'bold' : 'regular'].encode(text.content);
    if ('missing' in letters && !drawn.has(keyOf(text))) drawn.set(keyOf(text), await draw(text, families));
  }
  return drawn;
}

function textsOf(svg: string): TextKey[] {
  const document = new DOMParser().parseFromString(svg, 'image/svg+xml');
  return [...document.querySelectorAll('text')].map((element) => {
    const inherited = (name: string) => element.closest(`[${name}]`)?.getAttribute(name);
    return {
      content: element.textContent ?? '',
      size: Number(inherited('font-size') ?? 10),
      bold: inherited('font-weight') === 'bold',
    };
  });
}

async function draw({ content, size, bold }: TextKey, families: string): Promise<DrawnText> {
  // No letter is wider than two of its size.
  const [width, height, ascent] = [2 * size * ([...content].length + 1), 3 * size, 2 * size];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width * SCALE}" height="${height * SCALE}" viewBox="0 0 ${width} ${height}">` +
    `<text x="${size}" y="${ascent}" font-size="${size}" font-family="${families}"${bold ? ' font-weight="bold"' : ''}>` +
    `${escapeHtml(content)}</text></svg>`;
  const { data, info } = await sharp(Buffer.from(svg), { limitInputPixels: false })
    .extractChannel('alpha')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [left, right] = inked(info.width, (x) => some(info.height, (y) => data[y * info.width + x]! > 127));
  const [top, bottom] = inked(info.height, (y) => some(info.width, (x) => data[y * info.width + x]! > 127));
  const [columns, rows] = [right - left, bottom - top];
  const stride = Math.ceil(columns / 8);
  const bits = Buffer.alloc(stride * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      if (data[(top + y) * info.width + left + x]! > 127) bits[y * stride + (x >> 3)]! |= 0x80 >> (x & 7);
    }
  }
  return { content, bits, columns, rows, width: columns / SCALE, height: rows / SCALE, ascent: ascent - top / SCALE };
}

/** The first index that has ink and the one after the last. */
function inked(length: number, hasInk: (at: number) => boolean): [first: number, end: number] {
  let [first, end] = [0, length];
  while (first < length && !hasInk(first)) first++;
  while (end > first && !hasInk(end - 1)) end--;
  return [first, end];
}

function some(length: number, test: (at: number) => boolean): boolean {
  for (let i = 0; i < length; i++) if (test(i)) return true;
  return false;
}
