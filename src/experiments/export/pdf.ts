import { deflateSync } from 'node:zlib';
import { ENCODING } from './helvetica.js';

/** What a page shows: operators of a content stream (ISO 32000-1, 8 and 9), and the opacities that it names. */
export interface PageContent {
  width: number;
  height: number;
  operators: string;
  /** `/O0`, `/O1`, ... in this order. */
  opacities: { fill: number; stroke: number }[];
  /** `/I0`, `/I1`, ...: one bit per pixel, painted in the color of fills where it is set. */
  images: { bits: Buffer; columns: number; rows: number }[];
}

/** One page with Helvetica as `/F0` and Helvetica-Bold as `/F1`; lengths in points, 72 to the inch. */
export function pdfPage({ width, height, operators, opacities, images }: PageContent): Buffer {
  const font = (name: string) => `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding 7 0 R >>`;
  const states = opacities.map(({ fill, stroke }, i) => `/O${i} << /ca ${fill} /CA ${stroke} >>`).join(' ');
  const masks = images.map(({ bits, columns, rows }) =>
    stream(
      bits,
      `/Type /XObject /Subtype /Image /ImageMask true /Decode [1 0] /Width ${columns} /Height ${rows} /BitsPerComponent 1`,
    ),
  );
  const first = 8;
  const names = masks.map((_, i) => `/I${i} ${first + i} 0 R`).join(' ');
  const objects: (string | Buffer)[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Contents 4 0 R ` +
      `/Resources << /Font << /F0 5 0 R /F1 6 0 R >> /ExtGState << ${states} >> /XObject << ${names} >> >> >>`,
    stream(Buffer.from(operators, 'latin1')),
    font('Helvetica'),
    font('Helvetica-Bold'),
    ENCODING,
    ...masks,
  ];
  return assembled(objects);
}

function stream(content: Buffer, entries = ''): Buffer {
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
