/** Files for the benchmark of preparing: radiographs as PNG, and as DICOM as a detector writes it. */
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../src/base/index.js';
import { drawPatient, renderPhantom } from '../src/phantoms/index.js';

/** Different images; more would only take longer to draw. */
const DISTINCT = 8;

/**
 * Writes `count` PNG files of `side` x `side` pixels: copies of those of that size in `folder`, or of drawn phantoms where
 * it holds none. Returns their paths, and what they are.
 */
export async function writePngFiles(
  out: string,
  { count, side, folder }: { count: number; side: number; folder: string },
): Promise<{ paths: string[]; what: string }> {
  mkdirSync(out, { recursive: true });
  let originals = pngFiles(folder, side);
  const real = originals.length > 0;
  if (!real) {
    originals = [];
    for (const [i, pixels] of drawRadiographs(side).entries()) {
      const path = join(out, `phantom-${i}.png`);
      const raw = sharp(pixels, { raw: { width: side, height: side, channels: 1 } }).toColourspace('b-w');
      await raw.png({ compressionLevel: 6, adaptiveFiltering: true }).toFile(path);
      originals.push(path);
    }
  }
  const paths = Array.from({ length: count }, (_, i) => join(out, `${i}.png`));
  for (const [i, path] of paths.entries()) copyFileSync(originals[i % originals.length]!, path);
  return { paths, what: real ? `${originals.length} real radiographs` : `${originals.length} phantoms` };
}

/** 8-bit gray PNG files of a size, by their headers. */
function pngFiles(folder: string, side: number): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.png'));
  } catch {
    return [];
  }
  const header = Buffer.alloc(26);
  return names
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => {
      const fd = openSync(path, 'r');
      const read = readSync(fd, header, 0, header.length, 0);
      closeSync(fd);
      const [width, height, depth, color] = [header.readUInt32BE(16), header.readUInt32BE(20), header[24], header[25]];
      return read === header.length && width === side && height === side && depth === 8 && color === 0;
    });
}

function drawRadiographs(side: number): Uint8Array[] {
  return Array.from({ length: DISTINCT }, (_, i) => {
    const [phantom] = drawPatient(Random.of(1, 'bench', i), { images: 1 });
    return renderPhantom(phantom!, side);
  });
}

/** Writes `count` uncompressed DICOM files of `side` x `side` pixels, 12 of 16 bits stored, MONOCHROME1, with a window. */
export function writeDicomFiles(out: string, { count, side }: { count: number; side: number }): string[] {
  mkdirSync(out, { recursive: true });
  const random = new Random(1);
  const small = side >> 2;
  const contents = drawRadiographs(small).map((pixels) => {
    const values = Buffer.alloc(2 * side * side);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const level = 4095 - 14 * pixels[Math.min(y >> 2, small - 1) * small + Math.min(x >> 2, small - 1)]!;
        values.writeUInt16LE(Math.min(4095, level + random.integer(16)), 2 * (y * side + x));
      }
    }
    return dicomFile(values, side);
  });
  const paths = Array.from({ length: count }, (_, i) => join(out, `${i}.dcm`));
  for (const [i, path] of paths.entries()) writeFileSync(path, contents[i % contents.length]!);
  return paths;
}

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

/** A file of the DICOM standard, part 10: explicit VR, little endian. */
function dicomFile(pixels: Buffer, side: number): Buffer {
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', uid(SECONDARY_CAPTURE)),
    element(0x0002, 0x0003, 'UI', uid('1.2.3.4')),
    element(0x0002, 0x0010, 'UI', uid(EXPLICIT_LITTLE_ENDIAN)),
    element(0x0002, 0x0012, 'UI', uid('1.2.3')),
  ]);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', uint32(meta.length)),
    meta,
    element(0x0008, 0x0016, 'UI', uid(SECONDARY_CAPTURE)),
    element(0x0008, 0x0018, 'UI', uid('1.2.3.4')),
    element(0x0028, 0x0002, 'US', uint16(1)),
    element(0x0028, 0x0004, 'CS', text('MONOCHROME1')),
    element(0x0028, 0x0010, 'US', uint16(side)),
    element(0x0028, 0x0011, 'US', uint16(side)),
    element(0x0028, 0x0100, 'US', uint16(16)),
    element(0x0028, 0x0101, 'US', uint16(12)),
    element(0x0028, 0x0102, 'US', uint16(11)),
    element(0x0028, 0x0103, 'US', uint16(0)),
    element(0x0028, 0x1050, 'DS', text('2048')),
    element(0x0028, 0x1051, 'DS', text('3600')),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

const LONG_FORM = new Set(['OB', 'OW']);

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const tag = Buffer.concat([uint16(group), uint16(number), Buffer.from(vr)]);
  const length = LONG_FORM.has(vr) ? Buffer.concat([uint16(0), uint32(value.length)]) : uint16(value.length);
  return Buffer.concat([tag, length, value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const padded = (value: string, filling: string) => Buffer.from(value.length % 2 ? value + filling : value, 'latin1');
const uid = (value: string) => padded(value, '\0');
const text = (value: string) => padded(value, ' ');
