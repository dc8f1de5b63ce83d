import type { FrameFormat } from '../frame.js';
import { type BitReader, type HuffmanTable, HuffmanTables, restartIntervalsOf } from './jpeg-huffman.js';
import { type JpegFrame, type JpegScan, MARKER, readRestartInterval } from './jpeg-markers.js';
import { decodeScans } from './jpeg-scans.js';
import { checkHeader, type Samples } from './samples.js';

/**
 * JPEG Lossless, process 14: Huffman-coded differences to one of seven predictions (ITU-T T.81, annex H), 2 to 16 bits,
 * one or three components without subsampling, in one scan or several. Throws an Error for broken or other data.
 */
export function decodeJpegLossless(encoded: Uint8Array, format: FrameFormat): Samples {
  const tables = new HuffmanTables();
  let restartInterval = 0;
  return decodeScans(encoded, format, {
    checkFrame,
    readSegment: (marker, body) => {
      if (marker === MARKER.DHT) tables.read(body);
      else if (marker === MARKER.DRI) restartInterval = readRestartInterval(body);
    },
    decodeScan: (data, frame, scan, samples) => decodeScan(data, frame, scan, tables, restartInterval, samples),
  });
}

function checkFrame(frame: JpegFrame, format: FrameFormat): void {
  if (frame.process !== 3) throw new Error(`JPEG data of process SOF${frame.process} where lossless, SOF3, is due`);
  checkHeader({ ...frame, components: frame.components.length }, format);
  if (frame.bits < 2) throw new Error(`JPEG lossless data of ${frame.bits} bits`);
  if (frame.components.length > 1 && frame.components.some(({ horizontal, vertical }) => horizontal * vertical !== 1))
    throw new Error('JPEG lossless data with subsampled components');
}

function decodeScan(
  data: Uint8Array,
  frame: JpegFrame,
  scan: JpegScan,
  tables: HuffmanTables,
  restartInterval: number,
  samples: Uint8Array | Uint16Array,
): void {
  const { rows, columns } = frame;
  const { spectralStart: predictor, successiveLow: pointTransform } = scan;
  if (predictor < 1 || predictor > 7) throw new Error(`JPEG lossless data of predictor ${predictor}`);
  if (pointTransform >= frame.bits) throw new Error(`JPEG lossless data of point transform ${pointTransform}`);
  if (restartInterval % columns !== 0) throw new Error('a JPEG lossless restart interval of broken rows');
  const scanTables = scan.components.map(({ dc }) => tables.table('dc', dc));
  const rowsPerInterval = restartInterval === 0 ? rows : restartInterval / columns;
  const first = 1 << (frame.bits - pointTransform - 1);
  const width = scan.components.length;
  const channels = frame.components.length;
  const differences = new Int32Array(columns * width);
  let above = new Int32Array(columns * width);
  let row = new Int32Array(columns * width);
  for (const [interval, reader] of restartIntervalsOf(data, Math.ceil(rows / rowsPerInterval)).entries()) {
    const start = interval * rowsPerInterval;
    const end = Math.min(start + rowsPerInterval, rows);
    for (let y = start; y < end; y++) {
      readDifferences(reader, scanTables, differences);
      if (reader.exhausted) throw new Error(`JPEG data that ends in row ${y + 1} of ${rows}`);
      for (let c = 0; c < width; c++) {
        if (y === start) addToLeft(differences, row, c, width, first);
        else addToPrediction(differences, above, row, c, width, predictor);
        const offset = y * columns * channels + scan.components[c]!.index;
        for (let x = c, at = offset; x < row.length; x += width, at += channels)
          samples[at] = row[x]! << pointTransform;
      }
      [above, row] = [row, above];
    }
  }
}

/**
 * One row's differences, `[columns, components of the scan]` (T.81, H.1.2.2): each a code for its size and as many bits,
 * read without branches, which would go wrong at every other sample of a noisy image.
 */
function readDifferences(reader: BitReader, tables: readonly HuffmanTable[], differences: Int32Array): void {
  const { bytes } = reader;
  let { position } = reader;
  for (let c = 0, x = 0; x < differences.length; x++) {
    const table = tables[c]!;
    c = c + 1 === tables.length ? 0 : c + 1;
    const at = position >>> 3;
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const window = (word << (position & 7)) | (bytes[at + 4]! >> (8 - (position & 7)));
    const entry = table[window >>> 16]!;
    const length = entry >> 8;
    const size = entry & 0xff;
    if (entry === 0 || size > 16) throw new Error('JPEG data with bits that are no Huffman code');
    const value = ((window << length) >>> 1) >>> (31 - size);
    const negative = ((value >>> (size - 1)) & 1) - 1;
    differences[x] = size === 16 ? 32768 : value + (negative & (1 - (1 << size)));
    position += size === 16 ? length : length + size;
  }
  reader.position = position;
}

/** The first row of a restart interval: each sample is predicted by the one to its left. */
function addToLeft(differences: Int32Array, row: Int32Array, c: number, width: number, first: number): void {
  let left = first;
  for (let x = c; x < row.length; x += width) {
    left = (left + differences[x]!) & 0xffff;
    row[x] = left;
  }
}

/** Other rows (T.81, table H.1): a is the sample to the left, b the one above, d the one above left. */
function addToPrediction(
  differences: Int32Array,
  above: Int32Array,
  row: Int32Array,
  c: number,
  width: number,
  predictor: number,
): void {
  let a = (above[c]! + differences[c]!) & 0xffff;
  row[c] = a;
  let d = above[c]!;
  for (let x = c + width; x < row.length; x += width) {
    const b = above[x]!;
    let prediction: number;
    if (predictor === 1) prediction = a;
    else if (predictor === 2) prediction = b;
    else if (predictor === 3) prediction = d;
    else if (predictor === 4) prediction = a + b - d;
    else if (predictor === 5) prediction = a + ((b - d) >> 1);
    else if (predictor === 6) prediction = b + ((a - d) >> 1);
    else prediction = (a + b) >> 1;
    a = (prediction + differences[x]!) & 0xffff;
    row[x] = a;
    d = b;
  }
}
