import type { CodestreamHeader } from './samples.js';

const SOC = 0xff4f;
const SIZ = 0xff51;
const SOT = 0xff90;
const EOC = 0xffd9;
const JP2_SIGNATURE = 0x6a502020;
const JP2_CODESTREAM = 0x6a703263;

export interface Jpeg2000Header extends CodestreamHeader {
  signed: boolean;
  /** Where the components' depth bytes lie; their bit 7 says signed. */
  depthOffsets: readonly number[];
}

/** The codestream itself: DICOM asks for it bare, but some software leaves JP2's boxes around it (ITU-T T.800, annex I). */
export function codestreamOf(encoded: Uint8Array): Uint8Array {
  const view = viewOf(encoded);
  if (encoded.length < 12) throw new Error(`JPEG 2000 data of ${encoded.length} bytes`);
  if (view.getUint32(4) !== JP2_SIGNATURE) return encoded;
  for (let at = 0; at + 8 <= encoded.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === JP2_CODESTREAM) return encoded.subarray(at + 8, length ? at + length : undefined);
    if (length < 8) break;
    at += length;
  }
  throw new Error('a JP2 file without a codestream');
}

/**
 * What SIZ says (ITU-T T.800, A.5.1). Throws an Error for a codestream that is cut off, told from its tile-parts' lengths
 * and its end marker, since decoders make up what is missing; and for what DICOM's images do not use: an offset,
 * subsampled or unlike components.
 */
export function readJpeg2000Header(codestream: Uint8Array): Jpeg2000Header {
  const view = viewOf(codestream);
  if (codestream.length < 42 || view.getUint16(0) !== SOC || view.getUint16(2) !== SIZ)
    throw new Error('data that does not start as JPEG 2000');
  const [right, bottom, left, top, tileWidth, tileHeight] = Array.from({ length: 6 }, (_, i) =>
    view.getUint32(8 + 4 * i),
  ) as [number, number, number, number, number, number];
  const components = view.getUint16(40);
  const length = view.getUint16(4);
  if (length !== 38 + 3 * components || components === 0 || codestream.length < 4 + length)
    throw new Error('a JPEG 2000 image header of a wrong length');
  if (left !== 0 || top !== 0) throw new Error('JPEG 2000 data with an image offset, which is not read');
  const tiles = Math.ceil(right / tileWidth) * Math.ceil(bottom / tileHeight);
  if (!(tiles > 0 && tiles <= 65535)) throw new Error(`JPEG 2000 data of ${tiles} tiles`);

  const depthOffsets = Array.from({ length: components }, (_, c) => 42 + 3 * c);
  const depth = codestream[42]!;
  for (const at of depthOffsets) {
    if (codestream[at] !== depth) throw new Error('JPEG 2000 data of components unlike each other');
    if (view.getUint16(at + 1) !== 0x0101) throw new Error('JPEG 2000 data with subsampled components');
  }
  checkTileParts(view, 4 + length, tiles);
  return { rows: bottom, columns: right, components, bits: (depth & 0x7f) + 1, signed: depth >= 0x80, depthOffsets };
}

/** From the marker after SIZ to the end (T.800, A.4.2). */
function checkTileParts(view: DataView, start: number, tiles: number): void {
  const cut = () => new Error('JPEG 2000 data that is cut off');
  let at = start;
  while (at + 4 <= view.byteLength && view.getUint16(at) !== SOT) {
    if (view.getUint16(at) < 0xff00) throw new Error(`JPEG 2000 data without a marker at byte ${at}`);
    at += 2 + view.getUint16(at + 2);
  }
  const seen = new Set<number>();
  for (;;) {
    if (at + 2 > view.byteLength) throw cut();
    const marker = view.getUint16(at);
    if (marker === EOC) break;
    if (marker !== SOT) throw new Error(`JPEG 2000 data without a tile at byte ${at}`);
    if (at + 12 > view.byteLength) throw cut();
    seen.add(view.getUint16(at + 4));
    const length = view.getUint32(at + 6);
    if (length === 0) {
      if (!endsWithEoc(view)) throw cut();
      break;
    }
    if (length < 14) throw new Error(`a JPEG 2000 tile-part of ${length} bytes`);
    at += length;
  }
  if (seen.size !== tiles) throw new Error(`JPEG 2000 data with ${seen.size} of its ${tiles} tiles`);
}

/** A tile-part of length 0 reaches to the end of the codestream, after which DICOM may pad. */
function endsWithEoc(view: DataView): boolean {
  const end = view.byteLength;
  return view.getUint16(end - 2) === EOC || (view.getUint8(end - 1) === 0 && view.getUint16(end - 3) === EOC);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
