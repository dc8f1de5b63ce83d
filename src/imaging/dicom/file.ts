/** A DICOM file's bytes to its data set (PS3.10, section 7; transfer syntaxes: PS3.5, section 10 and annex A). */
import { promisify } from 'node:util';
import { constants, inflateRaw } from 'node:zlib';
import dicomParser from 'dicom-parser';
import { imageLimits } from '../limits.js';
import { DataSet } from './data-set.js';
import { DicomError } from './error.js';
import { type Encoding, isVr, type Walk, walk } from './walk.js';

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

/** The transfer syntaxes whose pixel data is not encapsulated, with their names. */
export const nativeSyntaxes: ReadonlyMap<string, string> = new Map([
  [IMPLICIT, 'Implicit VR Little Endian'],
  [EXPLICIT, 'Explicit VR Little Endian'],
  [DEFLATED, 'Deflated Explicit VR Little Endian'],
  [BIG_ENDIAN, 'Explicit VR Big Endian'],
]);

export interface DicomFile {
  dataSet: DataSet;
  /** UID of the transfer syntax. */
  transferSyntax: string;
  bigEndian: boolean;
  /** What a reader of the image should know, e.g. that the transfer syntax was not stated. */
  notes: string[];
  /** Whether the bytes ended within an element. */
  cut: boolean;
}

const { bigEndianByteArrayParser, littleEndianByteArrayParser } = dicomParser;

const META: Encoding = { explicit: true, numbers: littleEndianByteArrayParser };

/** Whether bytes are a DICOM file: 'DICM' after the preamble or, without these, a data set that begins as one. */
export function isDicom(bytes: Uint8Array): boolean {
  return hasPreamble(bytes) || bareEncoding(bytes) !== undefined;
}

function hasPreamble(bytes: Uint8Array): boolean {
  return bytes.length > 132 && Buffer.from(bytes.buffer, bytes.byteOffset + 128, 4).toString('latin1') === 'DICM';
}

/** The encoding of a data set without meta information, told from its first element in group 0002 or 0008. */
function bareEncoding(bytes: Uint8Array): { transferSyntax: string; meta: boolean } | undefined {
  if (bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const group = view.getUint16(0, true);
  const element = view.getUint16(2, true);
  if (isVr(bytes, 4) && group === 0x0002 && element <= 0x0102) return { transferSyntax: EXPLICIT, meta: true };
  if (isVr(bytes, 4) && group === 0x0008 && element <= 0x0018) return { transferSyntax: EXPLICIT, meta: false };
  if (isVr(bytes, 4) && view.getUint16(0) === 0x0008 && view.getUint16(2) <= 0x0018)
    return { transferSyntax: BIG_ENDIAN, meta: false };
  const length = view.getUint32(4, true);
  if (group !== 0x0008 || element > 0x0018 || length > 64 || length % 2 === 1 || 10 + length > bytes.length)
    return undefined;
  return view.getUint16(8 + length, true) === 0x0008 ? { transferSyntax: IMPLICIT, meta: false } : undefined;
}

/**
 * Reads the data set up to its pixel data, or up to where `isPast` says of a tag that it is no longer wanted. `bytes`
 * may be the beginning of a file: `cut` says where it was too short. Throws a DicomError.
 */
export async function readDataSet(bytes: Uint8Array, isPast?: (tag: string) => boolean): Promise<DicomFile> {
  const notes: string[] = [];
  const bare = hasPreamble(bytes) ? undefined : bareEncoding(bytes);
  const start = bare ? 0 : 132;
  const meta = bare && !bare.meta ? emptyWalk() : walk(bytes, start, META, (tag) => tag > 'x0002ffff');
  if (bare) notes.push(bare.meta ? 'no preamble' : 'no meta information: the transfer syntax is told from the data');
  const stated = new DataSet(bytes, true, META.numbers, meta.elements).text('TransferSyntaxUID');
  if (!stated && (!bare || bare.meta)) notes.push('no transfer syntax stated: told from the data');

  let body = bytes;
  let position = meta.end;
  if (stated === DEFLATED) {
    body = await inflated(bytes.subarray(position), isPast !== undefined);
    position = 0;
  }
  const transferSyntax = stated ?? (isVr(bytes, position + 4) ? (bare?.transferSyntax ?? EXPLICIT) : IMPLICIT);
  const explicit = isVr(body, position + 4);
  if (stated && body.length > position + 8 && explicit !== (stated !== IMPLICIT))
    notes.push(`the data set ${explicit ? 'has VRs' : 'has no VRs'}, against its transfer syntax`);
  const bigEndian = transferSyntax === BIG_ENDIAN;
  const numbers = bigEndian ? bigEndianByteArrayParser : littleEndianByteArrayParser;
  const { elements, cut } = walk(body, position, { explicit, numbers }, isPast);
  const dataSet = new DataSet(body, explicit, numbers, elements);
  return { dataSet, transferSyntax, bigEndian, notes, cut: cut || meta.cut };
}

function emptyWalk(): Walk {
  return { elements: new Map(), end: 0, cut: false };
}

const inflate = promisify(inflateRaw);

/** The data set of a deflated file (PS3.5, A.5), no larger than any image file may be. */
async function inflated(bytes: Uint8Array, isPart: boolean): Promise<Uint8Array> {
  try {
    const maxOutputLength = imageLimits.bytes;
    return await inflate(bytes, { maxOutputLength, ...(isPart && { finishFlush: constants.Z_SYNC_FLUSH }) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DicomError(`a deflated DICOM file of more than ${imageLimits.bytes} bytes`);
    throw new DicomError('a truncated or damaged deflated DICOM file');
  }
}
