import type { DecodedImage } from '../image.js';
import { DicomError } from './error.js';
import type { DicomImage } from './image.js';
import { type LookupTable, lookUp, readLookupTable } from './lookup-table.js';
import { lookUpAll } from './passes.js';
import { storedValue } from './samples.js';

const COLOURS = ['Red', 'Green', 'Blue'] as const;

/**
 * PALETTE COLOR to RGB [C, H, W] (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6), 0..255 where the tables hold 8 bits, else
 * 0..65535. Throws a DicomError where a table is missing; segmented palettes (C.7.9.2) are not read.
 */
export function showPalette({ dataSet, containers, bits, description }: DicomImage): DecodedImage {
  if (containers instanceof Uint32Array) throw new DicomError('a DICOM file with a palette of 32 bits');
  const { rows: height, columns: width } = description;
  const tables = COLOURS.map((colour) =>
    readLookupTable(
      dataSet,
      bits.signed,
      `${colour}PaletteColorLookupTableDescriptor`,
      `${colour}PaletteColorLookupTableData`,
    ),
  );
  const maximum = tables.some(is16Bits) ? 65535 : 255;
  const n = width * height;
  const data = new (maximum === 255 ? Uint8Array : Uint16Array)(3 * n);
  tables.forEach((table, c) => {
    const levels = data.subarray(c * n, (c + 1) * n);
    const colours = new Uint16Array(2 ** (8 * containers.BYTES_PER_ELEMENT));
    for (let container = 0; container < colours.length; container++)
      colours[container] = lookUp(table, storedValue(container, bits));
    lookUpAll(containers, colours, levels);
  });
  return { width, height, channels: 3, maximum, data };
}

/** Also where the descriptor says 8 bits of words that fill 16, as old writers do. */
function is16Bits({ bits, entries }: LookupTable): boolean {
  return bits > 8 || entries.some((entry) => entry > 255);
}
