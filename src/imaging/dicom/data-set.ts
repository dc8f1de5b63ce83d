import dicomParser, { type ByteArrayParser, type Element } from 'dicom-parser';
import { type Keyword, TAGS } from './attributes.js';
import { DicomError } from './error.js';

/** Larger than any sequence of lookup tables: 8 tables of 65,536 entries are 1 MiB. */
const LONGEST_SEQUENCE = 4 * 2 ** 20;

/** Values of a data set's elements. Every method throws a DicomError that names the attribute it cannot read. */
export class DataSet {
  constructor(
    readonly bytes: Uint8Array,
    readonly explicit: boolean,
    private readonly numbers: ByteArrayParser,
    private readonly elements: ReadonlyMap<string, Element>,
  ) {}

  element(keyword: Keyword): Element | undefined {
    return this.elements.get(TAGS[keyword]);
  }

  /** The VR that the file itself gives, where it gives any. */
  vr(keyword: Keyword): string | undefined {
    return this.element(keyword)?.vr;
  }

  /** The value's bytes; undefined where the element is absent or empty. */
  value(keyword: Keyword): Uint8Array | undefined {
    const element = this.element(keyword);
    if (!element || element.length === 0) return undefined;
    const { dataOffset, length } = element;
    if (dataOffset + length > this.bytes.length) throw new DicomError(`a truncated DICOM file (within ${keyword})`);
    return this.bytes.subarray(dataOffset, dataOffset + length);
  }

  /** Text without the padding at its ends; undefined where it is absent or blank. */
  text(keyword: Keyword): string | undefined {
    const value = this.value(keyword);
    if (!value) return undefined;
    const isUtf8 = keyword !== 'SpecificCharacterSet' && this.text('SpecificCharacterSet') === 'ISO_IR 192';
    const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString(isUtf8 ? 'utf8' : 'latin1');
    return text.replace(/^[\s\0]+|[\s\0]+$/g, '') || undefined;
  }

  /** Decimal strings (VR DS, IS); empty where the element is absent or blank. */
  decimals(keyword: Keyword): number[] {
    const text = this.text(keyword);
    if (text === undefined) return [];
    return text.split('\\').map((part) => {
      const decimal = part.replace(/[\s\0]+/g, '');
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(decimal)) throw invalid(keyword, `'${text}'`);
      return Number(decimal);
    });
  }

  /** 16-bit words (VR US, SS, OW); empty where the element is absent. */
  words(keyword: Keyword, signed = false): number[] {
    const value = this.value(keyword);
    if (!value) return [];
    if (value.length % 2 === 1) throw invalid(keyword, `${value.length} bytes`);
    const read = signed ? this.numbers.readInt16 : this.numbers.readUint16;
    return Array.from({ length: value.length / 2 }, (_, i) => read(value, 2 * i));
  }

  /** A single number of 16 bits (VR US, SS), or of 32 (UL, SL); undefined where the element is absent. */
  integer(keyword: Keyword, signed = false): number | undefined {
    const value = this.value(keyword);
    if (!value) return undefined;
    if (value.length < 2) throw invalid(keyword, `${value.length} bytes`);
    if (value.length === 4 && ['UL', 'SL', undefined].includes(this.vr(keyword)))
      return signed ? this.numbers.readInt32(value, 0) : this.numbers.readUint32(value, 0);
    return signed ? this.numbers.readInt16(value, 0) : this.numbers.readUint16(value, 0);
  }

  /** 64-bit unsigned numbers (VR OV) up to 2^53. */
  longs(keyword: Keyword): number[] {
    const value = this.value(keyword);
    if (!value) return [];
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    return Array.from({ length: value.length >> 3 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
  }

  /** The items of a sequence; none where it is absent. */
  items(keyword: Keyword): DataSet[] {
    const value = this.value(keyword);
    if (!value) return [];
    if (value.length > LONGEST_SEQUENCE) throw invalid(keyword, `${value.length} bytes`);
    const { dataOffset, length } = this.element(keyword)!;
    const element: Element = { tag: TAGS[keyword], length, dataOffset };
    const stream = new dicomParser.ByteStream(this.numbers, this.bytes.subarray(0, dataOffset + length), dataOffset);
    try {
      if (this.explicit) dicomParser.readSequenceItemsExplicit(stream, element, []);
      else dicomParser.readSequenceItemsImplicit(stream, element);
    } catch {
      throw invalid(keyword, 'damaged items');
    }
    return (element.items ?? []).map(
      ({ dataSet }) =>
        new DataSet(this.bytes, this.explicit, this.numbers, new Map(Object.entries(dataSet?.elements ?? {}))),
    );
  }
}

export function invalid(keyword: Keyword, found: string): DicomError {
  return new DicomError(`a DICOM file with an invalid ${keyword} (${found})`);
}
