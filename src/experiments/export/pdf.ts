import { deflateSync } from 'node:zlib';

/** A font of a PDF. */
export interface PdfFont {
  /** A text as the hexadecimal string that shows it, with its width for letters of size 1; or the first character that the font lacks. */
  encode(text: string): { hex: string; width: number } | { missing: string };
  /** The objects that define it, once every text is encoded: itself first, which gets the number `first`, then what it needs. */
  objects(first: number): (string | Buffer)[];
}

export interface PdfFonts {
  regular: PdfFont;
  bold: PdfFont;
}

/** What a page shows: operators of a content stream (ISO 32000-1, 8 and 9), and what they name. */
export interface PageContent {
  width: number;
  height: number;
  operators: string;
  /** `/F0` and `/F1`. */
  fonts: PdfFonts;
  /** `/O0`, `/O1`, ... in this order. */
  opacities: { fill: number; stroke: number }[];
  /** `/I0`, `/I1`, ...: one bit per pixel, painted in the color of fills where it is set. */
  images: { bits: Buffer; columns: number; rows: number }[];
}

/** A file of one page; lengths in points, 72 to the inch. */
export function pdfPage({ width, height, operators, fonts, opacities, images }: PageContent): Buffer {
  const masks = images.map(({ bits, columns, rows }) =>
    streamObject(
      bits,
      `/Type /XObject /Subtype /Image /ImageMask true /Decode [1 0] /Width ${columns} /Height ${rows} /BitsPerComponent 1`,
    ),
  );
  const before = 4;
  const firstMask = before + 1;
  const regularAt = firstMask + masks.length;
  const regular = fonts.regular.objects(regularAt);
  const boldAt = regularAt + regular.length;
  const states = opacities.map(({ fill, stroke }, i) => `/O${i} << /ca ${fill} /CA ${stroke} >>`).join(' ');
  const names = masks.map((_, i) => `/I${i} ${firstMask + i} 0 R`).join(' ');
  return assembled([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Contents ${before} 0 R ` +
      `/Resources << /Font << /F0 ${regularAt} 0 R /F1 ${boldAt} 0 R >> /ExtGState << ${states} >> /XObject << ${names} >> >> >>`,
    streamObject(Buffer.from(operators, 'latin1')),
    ...masks,
    ...regular,
    ...fonts.bold.objects(boldAt),
  ]);
}

/** A compressed stream with these entries in its dictionary. */
export function streamObject(content: Buffer, entries = ''): Buffer {
  const packed = deflateSync(content);
  return Buffer.concat([
    Buffer.from(`<< ${entries} /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`),
    packed,
    Buffer.from('\nendstream'),
  ]);
}

/** The file around its objects, the first of which is the catalog: header, objects, table of their offsets, trailer. */
function assembled(objects: (string | Buffer)[]): Buffer {
  const parts = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  const offsets: number[] = [];
  let at = parts[0]!.length;
  for (const [i, object] of objects.entries()) {
    const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')]);
    offsets.push(at);
    parts.push(part);
    at += part.length;
  }
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${entries}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
