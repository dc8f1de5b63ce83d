/** A DICOM file's bytes to its data set (PS3.10, section 7; transfer syntaxes: PS3.5, section 10 and annex A). */
import { promisify } from 'node:util';
import { constants, inflateRaw, inflateRawSync } from 'node:zlib';
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

/** Reads the data set up to its pixel data. Throws a DicomError. */
export async function readDataSet(bytes: Uint8Array): Promise<DicomFile> {
  const start = readMeta(bytes);
  return start.stated === DEFLATED
    ? readBody(start, await inflated(bytes.subarray(start.end)), 0)
    : readBody(start, bytes);
}

/**
 * Reads a data set from the beginning of its file up to where `isPast` says of a tag that it is no longer wanted,
 * without waiting: `cut` says where the beginning was too short. Throws a DicomError.
 */
export function readFirstElements(bytes: Uint8Array, isPast: (tag: string) => boolean): DicomFile {
  const start = readMeta(bytes);
  if (start.stated !== DEFLATED) return readBody(start, bytes, start.end, isPast);
  const maxOutputLength = imageLimits.bytes;
  try {
    const body = inflateRawSync(bytes.subarray(start.end), { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
    return readBody(start, body, 0, isPast);
  } catch (error) {
    throw inflationError(error);
  }
}

/** The meta information, and what follows from it. */
interface Meta {
  /** The transfer syntax that the file states. */
  stated: string | undefined;
  bare: ReturnType<typeof bareEncoding>;
  /** Where the data set begins. */
  end: number;
  notes: string[];
  cut: boolean;
}

function readMeta(bytes: Uint8Array): Meta {
  const notes: string[] = [];
  const bare = hasPreamble(bytes) ? undefined : bareEncoding(bytes);
  const start = bare ? 0 : 132;
  const { elements, end, cut } =
    bare && !bare.meta ? emptyWalk() : walk(bytes, start, META, (tag) => tag > 'x0002ffff');
  if (bare) notes.push(bare.meta ? 'no preamble' : 'no meta information: the transfer syntax is told from the data');
  const stated = new DataSet(bytes, true, META.numbers, elements).text('TransferSyntaxUID');
  if (!stated && (!bare || bare.meta)) notes.push('no transfer syntax stated: told from the data');
  return { stated, bare, end, notes, cut };
}

function readBody(meta: Meta, body: Uint8Array, position = meta.end, isPast?: (tag: string) => boolean): DicomFile {
  const { stated, bare, notes } = meta;
  const explicit = isVr(body, position + 4);
  const transferSyntax = stated ?? (explicit ? (bare?.transferSyntax ?? EXPLICIT) : IMPLICIT);
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
async function inflated(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflate(bytes, { maxOutputLength: imageLimits.bytes });
  } catch (error) {
    throw inflationError(error);
  }
}

function inflationError(error: unknown): DicomError {
  if (error instanceof DicomError) return error;
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
    return new DicomError(`a deflated DICOM file of more than ${imageLimits.bytes} bytes`);
  return new DicomError('a truncated or damaged deflated DICOM file');
}
