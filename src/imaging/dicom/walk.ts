/**
 * The elements of a data set, one after another (PS3.5, section 7.1).
 *
 * dicom-parser reads each element's header and the sequences that are wanted. The walk over them is ours, because it
 * must hold where a file is damaged or hostile: sequences that nobody asked for are stepped over without building them
 * or recursing into them, lengths are checked against the file, and 64-bit values (VR OV, SV, UV), which dicom-parser
 * does not know, are read too.
 */
import dicomParser, { type ByteArrayParser, type ByteStream, type Element } from 'dicom-parser';
import { TAGS } from './attributes.js';
import { DicomError } from './error.js';

export const UNDEFINED_LENGTH = 0xffffffff;

/** More elements than any image has, so that a file of nothing but empty elements ends soon. */
const MOST_ELEMENTS = 1_000_000;
const DEEPEST_SEQUENCE = 1000;

const ITEM_END = 'xfffee00d';
const SEQUENCE_END = 'xfffee0dd';
const PIXELS: readonly string[] = [TAGS.PixelData, TAGS.FloatPixelData, TAGS.DoubleFloatPixelData];
/** Groups that hold an attribute of `TAGS`: what lies elsewhere is stepped over. */
const GROUPS = new Set(Object.values(TAGS).map((tag) => tag.slice(1, 5)));

/** How the elements of a data set are encoded. */
export interface Encoding {
  explicit: boolean;
  numbers: ByteArrayParser;
}

export interface Walk {
  /** The elements of the wanted groups, the pixel data last, by tag. */
  elements: Map<string, Element>;
  /** Where the first element that was not read begins. */
  end: number;
  /** Whether the bytes ended within an element: the file is truncated, or only its beginning is at hand. */
  cut: boolean;
}

/**
 * Reads elements from `position` until the pixel data, whose value is not looked at, or until `isPast` says of a tag
 * that it is no longer wanted. Throws a DicomError where the bytes cannot be elements.
 */
export function walk(
  bytes: Uint8Array,
  position: number,
  encoding: Encoding,
  isPast: (tag: string) => boolean = () => false,
): Walk {
  const elements = new Map<string, Element>();
  if (position >= bytes.length) return { elements, end: position, cut: position > bytes.length };
  const headers = new Headers(new dicomParser.ByteStream(encoding.numbers, bytes, position));
  for (let end = position; ; end = headers.position) {
    if (end === bytes.length) return { elements, end, cut: false };
    try {
      const element = headers.next(encoding.explicit);
      if (isPast(element.tag)) return { elements, end, cut: false };
      if (PIXELS.includes(element.tag)) {
        elements.set(element.tag, element);
        return { elements, end: headers.position, cut: false };
      }
      if (element.length === UNDEFINED_LENGTH) {
        headers.skipItems(element.vr === 'UN' ? false : encoding.explicit);
        element.length = headers.position - 8 - element.dataOffset; // without the delimiter
      } else {
        headers.skip(element.length);
      }
      if (GROUPS.has(element.tag.slice(1, 5))) elements.set(element.tag, element);
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      return { elements, end, cut: true };
    }
  }
}

class CutShort extends Error {}

/** Element headers: tag, VR, length. */
class Headers {
  #count = 0;

  constructor(readonly stream: ByteStream) {}

  get position(): number {
    return this.stream.position;
  }

  get #left(): number {
    return this.stream.byteArray.length - this.stream.position;
  }

  next(explicit: boolean): Element {
    if (++this.#count > MOST_ELEMENTS) throw new DicomError(`a DICOM file of more than ${MOST_ELEMENTS} elements`);
    if (this.#left < 8) throw new CutShort();
    const { stream } = this;
    const tag = dicomParser.readTag(stream);
    if (tag.startsWith('xfffe')) return { tag, length: stream.readUint32(), dataOffset: stream.position };
    const withVr = explicit && isVr(stream.byteArray, stream.position);
    stream.seek(-4);
    // Given the element's own tag as the one to stop at, dicom-parser reads no further than its header.
    if (!withVr) return dicomParser.readDicomElementImplicit(stream, tag);
    if (isLong(stream.byteArray, stream.position + 4) && this.#left < 12) throw new CutShort();
    const element = dicomParser.readDicomElementExplicit(stream, [], tag);
    if (NEW_LONG_VRS.includes(element.vr ?? '')) {
      element.length = stream.readUint32();
      element.dataOffset = stream.position;
    }
    return element;
  }

  skip(length: number): void {
    if (length > this.#left) throw new CutShort();
    this.stream.seek(length);
  }

  /** Steps over the items of a sequence of undefined length, its delimiter included. */
  skipItems(explicit: boolean): void {
    const open = [explicit]; // whether the elements at each open level have a VR
    while (open.length > 0) {
      const element = this.next(open.at(-1)!);
      if (element.tag === ITEM_END || element.tag === SEQUENCE_END) open.pop();
      else if (element.length === UNDEFINED_LENGTH) open.push(element.vr === 'UN' ? false : open.at(-1)!);
      else this.skip(element.length);
      if (open.length > DEEPEST_SEQUENCE) throw new DicomError('a DICOM file whose sequences never end');
    }
  }
}

/** VRs with a 32-bit length that dicom-parser takes for ones with 16 bits (PS3.5, section 7.1.2). */
const NEW_LONG_VRS = ['OV', 'SV', 'UV'];
const LONG_VRS = ['OB', 'OD', 'OF', 'OL', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT', ...NEW_LONG_VRS];

function isLong(bytes: Uint8Array, at: number): boolean {
  return LONG_VRS.includes(String.fromCharCode(bytes[at]!, bytes[at + 1]!));
}

/** Two capital letters. What is none of them in an explicit data set has been written without VR, as pydicom reads it. */
export function isVr(bytes: Uint8Array, at: number): boolean {
  const isCapital = (byte = 0) => byte >= 0x41 && byte <= 0x5a;
  return isCapital(bytes[at]) && isCapital(bytes[at + 1]);
}
