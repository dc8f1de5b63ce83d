/** The marker segments that JPEG (ITU-T T.81, annex B) and JPEG-LS (T.87, annex C) share. */
export const MARKER = {
  DHT: 0xc4,
  DAC: 0xcc,
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DNL: 0xdc,
  DRI: 0xdd,
} as const;
const APP0 = 0xe0;
const APP14 = 0xee;
const SOF_JPEG_LS = 0xf7;

export interface Segment {
  marker: number;
  /** The segment's parameters, without its length. */
  body: Uint8Array;
  /** For SOS alone: the entropy-coded data up to the next marker that is no restart marker. */
  data: Uint8Array;
}

export interface JpegFrame {
  /** n of SOFn; 55 for JPEG-LS. */
  process: number;
  bits: number;
  rows: number;
  columns: number;
  components: readonly { id: number; horizontal: number; vertical: number; quantization: number }[];
}

export interface JpegScan {
  /** For each component of the scan its index in the frame, and the numbers of its Huffman tables. */
  components: readonly { index: number; dc: number; ac: number }[];
  /** Ss, Se, Ah and Al; in JPEG-LS they are NEAR, the interleave mode, and the point transform in Al. */
  spectralStart: number;
  spectralEnd: number;
  successiveHigh: number;
  successiveLow: number;
}

export interface JpegOutline {
  frame: JpegFrame;
  scans: readonly JpegScan[];
  jfif: boolean;
  /** Of Adobe's APP14: 0 for RGB, 1 for YCbCr. */
  adobeTransform: number | undefined;
}

const EMPTY = new Uint8Array(0);

/** The segments after SOI up to EOI, in order. Throws an Error where one is cut off or EOI is missing. */
export function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  if (bytes[0] !== 0xff || bytes[1] !== MARKER.SOI) throw new Error('data that does not start as JPEG');
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (marker === undefined) throw new Error('JPEG data that is cut off');
    if (bytes[at] !== 0xff) throw new Error(`JPEG data without a marker at byte ${at}`);
    at += 2;
    if (marker === MARKER.EOI) return;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (length < 2 || at + length > bytes.length) throw new Error('JPEG data that is cut off');
    const body = bytes.subarray(at + 2, at + length);
    at += length;
    const start = at;
    if (marker === MARKER.SOS) at = endOfEntropyData(bytes, at);
    yield { marker, body, data: marker === MARKER.SOS ? bytes.subarray(start, at) : EMPTY };
  }
}

/** All that can be said without decoding; exactly one frame, and scans as `readScan` checks them. */
export function outlineOf(bytes: Uint8Array): JpegOutline {
  let frame: JpegFrame | undefined;
  let jfif = false;
  let adobeTransform: number | undefined;
  const scans: JpegScan[] = [];
  for (const { marker, body } of segmentsOf(bytes)) {
    if (isFrame(marker)) {
      if (frame) throw new Error('JPEG data of more than one frame');
      frame = readFrame(marker, body);
    } else if (marker === MARKER.SOS) {
      if (!frame) throw new Error('JPEG data whose scan comes before its frame');
      scans.push(readScan(body, frame));
      if (scans.length > frame.components.length) throw new Error('JPEG data of more scans than components');
    } else if (marker === APP0 && startsWith(body, 'JFIF\0')) jfif = true;
    else if (marker === APP14 && startsWith(body, 'Adobe') && body.length >= 12) adobeTransform = body[11];
  }
  if (!frame || scans.length === 0) throw new Error('JPEG data without an image');
  return { frame, scans, jfif, adobeTransform };
}

export function isFrame(marker: number): boolean {
  if (marker === SOF_JPEG_LS) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== MARKER.DHT && marker !== 0xc8 && marker !== MARKER.DAC;
}

export function readFrame(marker: number, body: Uint8Array): JpegFrame {
  const count = body[5] ?? 0;
  if (count === 0 || body.length !== 6 + 3 * count) throw new Error('a JPEG frame header of a wrong length');
  const components = Array.from({ length: count }, (_, c) => ({
    id: body[6 + 3 * c]!,
    horizontal: body[7 + 3 * c]! >> 4,
    vertical: body[7 + 3 * c]! & 15,
    quantization: body[8 + 3 * c]!,
  }));
  const rows = (body[1]! << 8) | body[2]!;
  const columns = (body[3]! << 8) | body[4]!;
  return { process: marker - 0xc0, bits: body[0]!, rows, columns, components };
}

/** A scan's header. Throws an Error where it names a component that the frame lacks, or one twice. */
export function readScan(body: Uint8Array, frame: JpegFrame): JpegScan {
  const count = body[0] ?? 0;
  if (count === 0 || body.length !== 4 + 2 * count) throw new Error('a JPEG scan header of a wrong length');
  const components = Array.from({ length: count }, (_, i) => {
    const index = frame.components.findIndex(({ id }) => id === body[1 + 2 * i]);
    if (index < 0) throw new Error('a JPEG scan of a component that its frame lacks');
    return { index, dc: body[2 + 2 * i]! >> 4, ac: body[2 + 2 * i]! & 15 };
  });
  if (new Set(components.map(({ index }) => index)).size < count) throw new Error('a JPEG scan of one component twice');
  const [spectralStart, spectralEnd, successive] = body.subarray(1 + 2 * count) as unknown as [number, number, number];
  return { components, spectralStart, spectralEnd, successiveHigh: successive >> 4, successiveLow: successive & 15 };
}

/** MCUs from one restart marker to the next; 0 where there are none (T.81, B.2.4.4). */
export function readRestartInterval(body: Uint8Array): number {
  if (body.length !== 2) throw new Error('a JPEG restart interval of a wrong length');
  return (body[0]! << 8) | body[1]!;
}

/** Where the next marker starts: 0xff and a byte from 0xc0, since JPEG stuffs 0x00 and JPEG-LS a byte below 0x80. */
function endOfEntropyData(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) break;
    if (next >= 0xc0 && next !== 0xff && !isRestart(next)) return at;
  }
  throw new Error('JPEG data that is cut off');
}

export function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

function startsWith(body: Uint8Array, text: string): boolean {
  return [...text].every((character, i) => body[i] === character.charCodeAt(0));
}
