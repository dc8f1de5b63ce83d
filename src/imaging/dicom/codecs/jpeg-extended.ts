import type { FrameFormat } from '../frame.js';
import { type BitReader, type HuffmanTable, HuffmanTables, restartIntervalsOf } from './jpeg-huffman.js';
import { inverseDct12 } from './jpeg-idct.js';
import {
  isFrame,
  type JpegFrame,
  type JpegScan,
  MARKER,
  readFrame,
  readRestartInterval,
  readScan,
  segmentsOf,
} from './jpeg-markers.js';
import { checkHeader, type Samples } from './samples.js';

/** Where the coefficients of a block come from in its zigzag order (ITU-T T.81, figure A.6). */
const ZIGZAG = new Uint8Array([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);

interface Tables {
  huffman: HuffmanTables;
  /** In zigzag order. */
  quantization: (Uint16Array | undefined)[];
  restartInterval: number;
}

/**
 * JPEG Extended, process 4: sequential DCT, Huffman-coded, of one component of 12 bits (ITU-T T.81, annex F). The samples
 * equal libjpeg's. Throws an Error for broken or other data.
 */
export function decodeJpegExtended12(encoded: Uint8Array, format: FrameFormat): Samples {
  const tables: Tables = { huffman: new HuffmanTables(), quantization: [], restartInterval: 0 };
  let frame: JpegFrame | undefined;
  let samples: Uint16Array | undefined;
  for (const { marker, body, data } of segmentsOf(encoded)) {
    if (marker === MARKER.DHT) tables.huffman.read(body);
    else if (marker === MARKER.DQT) readQuantizationTables(body, tables);
    else if (marker === MARKER.DRI) tables.restartInterval = readRestartInterval(body);
    else if (isFrame(marker)) {
      if (frame) throw new Error('JPEG data of more than one frame');
      frame = readFrame(marker, body);
      checkFrame(frame, format);
    } else if (marker === MARKER.SOS) {
      if (!frame) throw new Error('JPEG data whose scan comes before its frame');
      if (samples) throw new Error('JPEG data of more scans than components');
      samples = decodeScan(data, frame, readScan(body, frame), tables);
    }
  }
  if (!samples) throw new Error('JPEG data without an image');
  return { data: samples, bits: 12, photometricInterpretation: format.photometricInterpretation };
}

function checkFrame(frame: JpegFrame, format: FrameFormat): void {
  checkHeader({ ...frame, components: frame.components.length }, format);
  if (frame.process !== 1) throw new Error(`JPEG data of process SOF${frame.process} where extended, SOF1, is due`);
  if (frame.bits !== 12) throw new Error(`JPEG extended data of ${frame.bits} bits`);
  if (frame.components.length !== 1) throw new Error('JPEG extended data of 12 bits in colour, which is not read');
}

function readQuantizationTables(body: Uint8Array, tables: Tables): void {
  for (let at = 0; at < body.length; ) {
    const selector = body[at++]!;
    const bytes = (selector >> 4) + 1;
    if (bytes > 2 || (selector & 15) > 3 || at + 64 * bytes > body.length)
      throw new Error('a broken JPEG quantization table');
    const from = at;
    tables.quantization[selector & 15] = Uint16Array.from({ length: 64 }, (_, k) =>
      bytes === 1 ? body[from + k]! : (body[from + 2 * k]! << 8) | body[from + 2 * k + 1]!,
    );
    at += 64 * bytes;
  }
}

/** Samples `[H, W]`. One component's blocks come row by row, whatever its sampling factors (T.81, A.2.2). */
function decodeScan(data: Uint8Array, frame: JpegFrame, scan: JpegScan, tables: Tables): Uint16Array {
  const { rows, columns } = frame;
  const { dc, ac } = scan.components[0]!;
  const dcTable = tables.huffman.table('dc', dc);
  const acTable = tables.huffman.table('ac', ac);
  const quantization = tables.quantization[frame.components[0]!.quantization];
  if (!quantization) throw new Error('JPEG data without its quantization table');
  const across = Math.ceil(columns / 8);
  const blocks = across * Math.ceil(rows / 8);
  const perInterval = tables.restartInterval || blocks;
  const samples = new Uint16Array(rows * columns);
  const coefficients = new Int32Array(64);
  const block = new Uint16Array(64);
  for (const [interval, reader] of restartIntervalsOf(data, Math.ceil(blocks / perInterval)).entries()) {
    let prediction = 0;
    const end = Math.min((interval + 1) * perInterval, blocks);
    for (let b = interval * perInterval; b < end; b++) {
      prediction = readBlock(reader, dcTable, acTable, quantization, prediction, coefficients);
      if (reader.exhausted) throw new Error(`JPEG data that ends in block ${b + 1} of ${blocks}`);
      inverseDct12(coefficients, block);
      const x = 8 * (b % across);
      const y = 8 * Math.floor(b / across);
      const width = Math.min(8, columns - x);
      for (let i = 0; i < 8 && y + i < rows; i++)
        samples.set(block.subarray(8 * i, 8 * i + width), (y + i) * columns + x);
    }
  }
  return samples;
}

/** One block's coefficients, dequantized, in natural order; returns its undequantized first one (T.81, F.2.2). */
function readBlock(
  reader: BitReader,
  dcTable: HuffmanTable,
  acTable: HuffmanTable,
  quantization: Uint16Array,
  prediction: number,
  coefficients: Int32Array,
): number {
  coefficients.fill(0);
  const size = reader.decode(dcTable);
  if (size > 15) throw new Error(`JPEG data with a difference of ${size} bits`);
  const first = prediction + (size === 0 ? 0 : reader.receive(size));
  coefficients[0] = Math.imul(first, quantization[0]!);
  for (let k = 1; k < 64; k++) {
    const symbol = reader.decode(acTable);
    const bits = symbol & 15;
    const run = symbol >> 4;
    if (bits === 0) {
      if (run !== 15) break;
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) throw new Error('JPEG data with a block of more than 64 coefficients');
    coefficients[ZIGZAG[k]!] = Math.imul(reader.receive(bits), quantization[k]!);
  }
  return first;
}
