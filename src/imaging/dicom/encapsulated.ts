/** Encapsulated pixel data: which fragments are the first frame (PS3.5, A.4). */
import type { Element } from 'dicom-parser';
import type { DataSet } from './data-set.js';
import { DicomError } from './error.js';

export const RLE = '1.2.840.10008.1.2.5';

const ITEM = 0xe000fffe;
const SEQUENCE_END = 0xe0ddfffe;
const MOST_FRAGMENTS = 1_000_000;

interface Fragment {
  /** Where its item begins, counted from the first item after the basic offset table. */
  offset: number;
  bytes: Uint8Array;
}

/**
 * The first frame's bytes, its fragments joined. Where neither an extended nor a basic offset table says where the
 * second frame begins, it begins with the fragment that starts as a JPEG, JPEG-LS or JPEG 2000 codestream does. Throws
 * a DicomError, also where the file ends within the frame.
 */
export function firstFrame(dataSet: DataSet, element: Element, frames: number, transferSyntax: string): Uint8Array {
  const { bytes } = dataSet;
  const fragments = fragmentsOf(bytes, element);
  const table = fragments.next().value?.bytes;
  if (!table) throw new DicomError('a DICOM file whose encapsulated pixel data has no basic offset table');
  const isWhole = endOfFirst(dataSet, table, frames, transferSyntax);
  const parts: Uint8Array[] = [];
  for (const fragment of fragments) {
    if (parts.length > 0 && isWhole(fragment)) break;
    if (fragment.bytes.length > 0) parts.push(fragment.bytes);
    if (parts.length > MOST_FRAGMENTS) throw new DicomError(`a frame in more than ${MOST_FRAGMENTS} fragments`);
  }
  if (parts.length === 0) throw new DicomError('a DICOM file whose pixel data is empty');
  const [length] = dataSet.longs('ExtendedOffsetTableLengths');
  const joined = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  return length && length < joined.length ? joined.subarray(0, length) : joined;
}

/** Tells of a fragment whether it belongs to the second frame. */
function endOfFirst(
  dataSet: DataSet,
  table: Uint8Array,
  frames: number,
  transferSyntax: string,
): (fragment: Fragment) => boolean {
  if (frames === 1) return () => false;
  const extended = dataSet.longs('ExtendedOffsetTable');
  const second =
    extended[1] ?? (table.length >= 8 ? Buffer.from(table.buffer, table.byteOffset).readUInt32LE(4) : undefined);
  if (second !== undefined) return ({ offset }) => offset >= second;
  if (transferSyntax === RLE) return () => true; // a frame is one fragment (PS3.5, A.4.2)
  return ({ bytes }) => bytes[0] === 0xff && (bytes[1] === 0xd8 || (bytes[1] === 0x4f && bytes[2] === 0xff));
}

/** The items of the pixel data, the basic offset table first, each within the file. */
function* fragmentsOf(bytes: Uint8Array, element: Element): Generator<Fragment, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = element.dataOffset;
  let first: number | undefined;
  while (at + 8 <= bytes.length) {
    const tag = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (tag === SEQUENCE_END) return;
    if (tag !== ITEM) throw new DicomError('a DICOM file whose encapsulated pixel data is damaged');
    if (at + 8 + length > bytes.length)
      throw new DicomError(
        `a truncated DICOM file: ${bytes.length - at - 8} bytes of a fragment of ${length} bytes of pixel data`,
      );
    yield { offset: at - (first ?? at), bytes: bytes.subarray(at + 8, at + 8 + length) };
    first ??= at + 8 + length;
    at += 8 + length;
  }
  if (first === undefined || first === at) throw new DicomError('a truncated DICOM file: no fragment of pixel data');
}
