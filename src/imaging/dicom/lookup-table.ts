import type { Keyword } from './attributes.js';
import { type DataSet, invalid } from './data-set.js';
import { DicomError } from './error.js';

/** A lookup table (PS3.3, C.11.1.1 and C.11.2.1.1). */
export interface LookupTable {
  /** The input that the first entry is for; smaller inputs take the first entry, larger than the last the last one. */
  first: number;
  entries: Uint16Array;
  /** Bits per entry: outputs are 0..2^bits - 1. */
  bits: number;
}

/**
 * Reads a table from its descriptor and data. `signed` says what the first input is where the file gives no VR. Throws
 * a DicomError where the two do not fit.
 */
export function readLookupTable(
  dataSet: DataSet,
  signed: boolean,
  descriptor: Keyword = 'LUTDescriptor',
  data: Keyword = 'LUTData',
): LookupTable {
  const [count, first, bits] = dataSet.words(descriptor);
  if (count === undefined || first === undefined || bits === undefined)
    throw new DicomError(`a DICOM file without ${descriptor}`);
  if (bits < 1 || bits > 16) throw invalid(descriptor, `${bits} bits per entry`);
  const length = count || 65536; // 0 says 65,536 in 16 bits
  const vr = dataSet.vr(descriptor);
  const isSigned = vr === 'SS' || (vr !== 'US' && signed);
  const value = dataSet.value(data);
  if (!value) throw new DicomError(`a DICOM file without ${data}`);
  const isBytes = bits <= 8 && value.length < 2 * length;
  const entries = isBytes ? Uint16Array.from(value) : Uint16Array.from(dataSet.words(data));
  if (entries.length < length) throw invalid(data, `${entries.length} entries where ${descriptor} says ${length}`);
  return { first: isSigned ? (first << 16) >> 16 : first, entries: entries.subarray(0, length), bits };
}

/** The table's output for an input, whose fraction is cut off. */
export function lookUp({ first, entries }: LookupTable, input: number): number {
  const index = Math.trunc(input - first);
  return entries[index < 0 ? 0 : index < entries.length ? index : entries.length - 1]!;
}
