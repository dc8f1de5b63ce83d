import type { FrameFormat } from '../frame.js';
import { type Interleave, type JpegLsParameters, JpegLsScan } from './jpeg-ls-scan.js';
import { type JpegFrame, type JpegScan, MARKER } from './jpeg-markers.js';
import { decodeScans } from './jpeg-scans.js';
import { checkHeader, type Samples } from './samples.js';

const LSE = 0xf8;
const SOF_JPEG_LS = 55;
const INTERLEAVES: readonly Interleave[] = ['none', 'line', 'sample'];

/** Preset parameters of an LSE segment (ITU-T T.87, C.2.4.1.1); 0 asks for the default. */
type Presets = readonly [maximum: number, t1: number, t2: number, t3: number, reset: number];

/**
 * JPEG-LS, lossless or near-lossless (ITU-T T.87), 2 to 16 bits, gray or RGB, in one scan or one per component. Throws an
 * Error for broken or other data; mapping tables, restart intervals and point transforms are not read.
 *
 * Not CharLS, whose release for WebAssembly takes minutes over some broken data of a kilobyte.
 */
export function decodeJpegLs(encoded: Uint8Array, format: FrameFormat): Samples {
  let presets: Presets = [0, 0, 0, 0, 0];
  return decodeScans(encoded, format, {
    checkFrame,
    readSegment: (marker, body) => {
      if (marker === LSE) presets = readPresets(body);
      else if (marker === MARKER.DRI) throw new Error('JPEG-LS data with restart intervals, which are not read');
    },
    decodeScan: (data, frame, scan, samples) => decodeScan(data, frame, scan, presets, samples),
  });
}

function checkFrame(frame: JpegFrame, format: FrameFormat): void {
  if (frame.process !== SOF_JPEG_LS) throw new Error(`JPEG data of process SOF${frame.process} where JPEG-LS is due`);
  checkHeader({ ...frame, components: frame.components.length }, format);
  if (frame.bits < 2) throw new Error(`JPEG-LS data of ${frame.bits} bits`);
  if (frame.components.some(({ horizontal, vertical }) => horizontal * vertical !== 1))
    throw new Error('JPEG-LS data with subsampled components');
}

function readPresets(body: Uint8Array): Presets {
  if (body[0] !== 1 || body.length !== 11) throw new Error('JPEG-LS data with mapping tables, which are not read');
  const value = (i: number) => (body[1 + 2 * i]! << 8) | body[2 + 2 * i]!;
  return [value(0), value(1), value(2), value(3), value(4)];
}

function decodeScan(
  data: Uint8Array,
  { rows, columns, bits, components }: JpegFrame,
  scan: JpegScan,
  presets: Presets,
  samples: Uint8Array | Uint16Array,
): void {
  const interleave = INTERLEAVES[scan.spectralEnd];
  const several = scan.components.length > 1;
  if (!interleave || several !== (interleave !== 'none')) throw new Error('JPEG-LS data interleaved in no known way');
  if (scan.successiveLow !== 0) throw new Error('JPEG-LS data with a point transform, which is not read');
  if (scan.components.some(({ dc, ac }) => dc !== 0 || ac !== 0))
    throw new Error('JPEG-LS data with mapping tables, which are not read');
  const parameters = parametersOf(presets, bits, scan.spectralStart);
  const count = components.length;
  new JpegLsScan(data, parameters).decode(rows, columns, scan.components.length, interleave, (line, y, component) => {
    let at = y * columns * count + scan.components[component]!.index;
    for (let x = 0; x < columns; x++, at += count) samples[at] = line[x]!;
  });
}

/** The parameters that hold, defaults filled in (C.2.4.1.1.1). Throws an Error where they are out of their ranges. */
function parametersOf([preset, ...given]: Presets, bits: number, near: number): JpegLsParameters {
  const maximum = preset || 2 ** bits - 1;
  if (maximum >= 2 ** bits || near > Math.min(255, maximum >> 1))
    throw new Error(`JPEG-LS data of values up to ${maximum} and errors up to ${near} in ${bits} bits`);
  const scale = Math.floor((Math.min(maximum, 4095) + 128) / 256);
  const shrink = Math.floor(256 / (maximum + 1));
  const basic = [3, 7, 21].map((threshold, i) => {
    const least = i + 2;
    const allowance = (2 * i + 3) * near;
    return maximum >= 128
      ? scale * (threshold - least) + least + allowance
      : Math.max(least, Math.floor(threshold / shrink) + allowance);
  });
  const thresholds: number[] = [];
  for (const [i, value] of basic.entries()) {
    const lowest = thresholds[i - 1] ?? near + 1;
    const threshold = given[i] || (value > maximum || value < lowest ? lowest : value);
    if (threshold < lowest || threshold > maximum) throw new Error(`JPEG-LS data with a threshold of ${threshold}`);
    thresholds.push(threshold);
  }
  const reset = given[3] || 64;
  if (reset < 3 || reset > 255) throw new Error(`JPEG-LS data with RESET ${reset}`);
  return { maximum, near, thresholds: thresholds as [number, number, number], reset };
}
