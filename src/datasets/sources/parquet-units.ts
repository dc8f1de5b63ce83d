/**
 * Parquet files with encoded images in a column: Hugging Face's `image: {bytes, path}` (datasets/features/image.py), or plain
 * bytes. Every file is a unit, every row with bytes a picture, which is read where it lies: a value's place in the file or, where
 * its page is compressed, in the page.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { PageHeader, SchemaTree } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { HilumError, inputError, messageOf } from '../../base/index.js';
import { readCells } from '../parquet.js';
import { checkRuns, damaged, openParquet, type Page, type ParquetFile, pagesOf, viewOf } from '../parquet-file.js';
import type { IndexBuilder } from './source-index.js';

/** Where a value lies: in the file, or in one of the unit's blocks. */
interface Place {
  block: number;
  offset: number;
  length: number;
}

/** Names that a column of images tends to have; of several columns of bytes, the first of these is taken. */
const USUAL = ['image', 'img', 'jpg', 'jpeg', 'png', 'webp', 'picture', 'bytes', 'image_bytes', 'data'];
const LABEL = 'label';

/**
 * Adds the pictures of one file, named by the number of their row from 0; the caller ends the unit. Rows without bytes, and what
 * stands after damage, are remarked. Yields after each row group. Returns whether the whole file was read. Throws an InputError
 * where there is no column of images, or more than one that it may be.
 */
export function* addParquet(
  path: string,
  size: number,
  builder: IndexBuilder,
  column?: string,
): Generator<void, boolean> {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const file = openParquet({ path, size, read: readerOf(fd) });
    const images = imageColumn(file, column);
    if (builder.classes.length === 0) builder.classes = classNames(file);
    const labelled = file.schema.children.find(
      ({ element }) => element.name === LABEL && /^INT/.test(element.type ?? ''),
    );
    let row = 0;
    for (const group of file.metadata.row_groups) {
      const labels = labelled ? readCells(file, group, LABEL) : [];
      let i = 0;
      for (const place of placesOf(file, group, images, builder)) {
        if (place === null) builder.remark('rows have no bytes of an image and are left out', String(row + i));
        else builder.add({ name: String(row + i), ...place, label: labelOf(labels[i]) });
        i++;
      }
      row += Number(group.num_rows);
      yield;
    }
    return true;
  } catch (error) {
    if (error instanceof ColumnError) throw error.input;
    const reason = error instanceof HilumError ? error.message : damaged(path, error).message;
    builder.remark('Parquet files are damaged, and used up to there', reason);
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A wrong choice of column, which stops everything, unlike a damaged file. */
class ColumnError extends Error {
  constructor(readonly input: Error) {
    super(messageOf(input));
  }
}

function readerOf(fd: number): ParquetFile['read'] {
  return (position, length) => {
    const bytes = Buffer.from(new ArrayBuffer(length));
    let at = 0;
    for (let count = -1; at < length && count !== 0; at += count) {
      count = readSync(fd, bytes, at, length - at, position + at);
    }
    return bytes.subarray(0, at);
  };
}

/** From the schema's root to the column of bytes. */
type SchemaPath = [SchemaTree, ...SchemaTree[]];

function imageColumn({ path, schema }: ParquetFile, wanted: string | undefined): SchemaPath {
  const bytesOf = (column: SchemaTree): SchemaPath | undefined => {
    const inner = column.children.find(({ element }) => element.name === 'bytes');
    if (column.children.length > 0) return inner && isBytes(inner) ? [schema, column, inner] : undefined;
    return isBytes(column) ? [schema, column] : undefined;
  };
  const found = schema.children.flatMap((column) => {
    const place = column.element.repetition_type === 'REPEATED' ? undefined : bytesOf(column);
    return place ? [{ name: column.element.name, place }] : [];
  });
  const chosen = wanted === undefined ? usual(found) : found.find(({ name }) => name === wanted);
  if (chosen) return chosen.place;
  const names = found.map(({ name }) => name).join(', ');
  throw new ColumnError(
    inputError({
      what: wanted === undefined ? path : `${path}: ${wanted}`,
      found: found.length === 0 ? 'no column of encoded images' : `columns of bytes: ${names}`,
      expected: 'one of bytes, or of {bytes, path} as Hugging Face writes it',
      fix: found.length === 0 ? 'Write the encoded images into the file.' : 'Name the column.',
    }),
  );
}

function usual<T extends { name: string }>(found: readonly T[]): T | undefined {
  if (found.length === 1) return found[0];
  return USUAL.map((name) => found.find((column) => column.name === name)).find((column) => column !== undefined);
}

function isBytes({ element }: SchemaTree): boolean {
  const isText = element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING';
  return element.type === 'BYTE_ARRAY' && !isText && element.repetition_type !== 'REPEATED';
}

/** One place per row of a row group, null where there are no bytes. Throws an Error where the file is damaged. */
function* placesOf(
  file: ParquetFile,
  group: ParquetFile['metadata']['row_groups'][number],
  path: SchemaPath,
  builder: IndexBuilder,
): Generator<Place | null, void> {
  const names = path.slice(1).map(({ element }) => element.name);
  const mostLevel = path.filter(({ element }) => element.repetition_type === 'OPTIONAL').length;
  let dictionary: Place[] = [];
  for (const page of pagesOf(file, group, names)) {
    const { header } = page;
    if (header.dictionary_page_header) {
      dictionary = plainPlaces(page, 0, header.dictionary_page_header.num_values, placing(page, builder));
      continue;
    }
    const data = header.data_page_header ?? header.data_page_header_v2;
    if (!data) continue;
    const { levels, at } = levelsOf(page.bytes, header, mostLevel);
    const present = levels ? levels.reduce((sum, level) => sum + (level === mostLevel ? 1 : 0), 0) : data.num_values;
    const places = valuePlaces(page, at, present, data.encoding, dictionary, builder);
    let next = 0;
    for (let i = 0; i < data.num_values; i++) {
      yield !levels || levels[i] === mostLevel ? places[next++]! : null;
    }
  }
}

/** The definition levels of a page, where it has any, and where its values begin. */
function levelsOf(bytes: Uint8Array, header: PageHeader, mostLevel: number): { levels?: Uint8Array; at: number } {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const values = (v1 ?? v2)!.num_values;
  if (mostLevel === 0) return { at: v2 ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length : 0 };
  const from = v2 ? v2.repetition_levels_byte_length : 4;
  const length = v2 ? v2.definition_levels_byte_length : viewOf(bytes).getUint32(0, true);
  if (!(from + length <= bytes.length)) throw new Error('levels that are cut off');
  const width = Math.ceil(Math.log2(mostLevel + 1));
  checkRuns(bytes, from, length, width, values);
  const levels = new Array<number>(values).fill(0);
  readRleBitPackedHybrid({ view: viewOf(bytes), offset: from }, width, levels, length);
  return { levels: Uint8Array.from(levels.slice(0, values)), at: from + length };
}

function valuePlaces(
  page: Page,
  at: number,
  count: number,
  encoding: string,
  dictionary: readonly Place[],
  builder: IndexBuilder,
): readonly Place[] {
  if (count === 0) return [];
  if (encoding === 'PLAIN') return plainPlaces(page, at, count, placing(page, builder));
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') return deltaPlaces(page, at, count, placing(page, builder));
  if (encoding !== 'RLE_DICTIONARY' && encoding !== 'PLAIN_DICTIONARY') {
    throw new Error(`images in the encoding ${encoding}; expected PLAIN, DELTA_LENGTH_BYTE_ARRAY or a dictionary`);
  }
  const { bytes } = page;
  const width = bytes[at] ?? 255;
  if (width > 32) throw new Error(`dictionary indices of ${width} bits`);
  const length = bytes.length - at - 1;
  checkRuns(bytes, at + 1, length, width, count);
  const indices = new Array<number>(count).fill(0);
  if (width > 0) readRleBitPackedHybrid({ view: viewOf(bytes), offset: at + 1 }, width, indices, length);
  return indices.slice(0, count).map((index) => {
    const place = dictionary[index];
    if (!place) throw new Error(`value ${index} of a dictionary of ${dictionary.length}`);
    return place;
  });
}

type Placing = (at: number, length: number) => Place;

/** From a place in a page's bytes to one in the file, or in a block that is added for the page. */
function placing({ stored, bytes: { length: end } }: Page, builder: IndexBuilder): Placing {
  const { codec, offset, length, from } = stored;
  if (codec === 'UNCOMPRESSED') return (at, bytes) => ({ block: -1, offset: offset + at - from, length: bytes });
  let block = -1;
  return (at, bytes) => {
    if (block < 0) block = builder.addBlock({ offset, length, codec, size: end - from });
    return { block, offset: at - from, length: bytes };
  };
}

/** Values with their length, 32 bits, before each. */
function plainPlaces({ bytes }: Page, from: number, count: number, place: Placing): Place[] {
  if (count * 4 > bytes.length - from) throw new Error(`${count} values in ${bytes.length - from} bytes`);
  const view = viewOf(bytes);
  const places: Place[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.length - at) throw new Error('a value that is cut off');
    places.push(place(at, length));
    at += length;
  }
  return places;
}

/** Writers take 128 or 256. */
const MOST_DELTAS = 2 ** 16;

/** All lengths first, then the values behind one another. */
function deltaPlaces({ bytes }: Page, from: number, count: number, place: Placing): Place[] {
  const lengths = new Int32Array(count);
  const reader = { view: viewOf(bytes), offset: from };
  const [block, parts] = [readVarInt(reader), readVarInt(reader)];
  if (!(block > 0 && parts > 0 && block <= MOST_DELTAS && parts <= block))
    throw new Error(`blocks of ${block} lengths`);
  reader.offset = from;
  deltaBinaryUnpack(reader, count, lengths);
  let at = reader.offset;
  return Array.from(lengths, (length) => {
    if (!(length >= 0 && length <= bytes.length - at)) throw new Error('a value that is cut off');
    at += length;
    return place(at - length, length);
  });
}

function labelOf(cell: unknown): number {
  const label = typeof cell === 'bigint' || typeof cell === 'number' ? Number(cell) : -1;
  return Number.isInteger(label) && label >= 0 && label < 2 ** 31 ? label : -1;
}

/** The names of the labels, as Hugging Face writes them into the file's metadata; none where it did not. */
function classNames({ metadata }: ParquetFile): string[] {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const names: unknown = JSON.parse(text ?? 'null')?.info?.features?.[LABEL]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : [];
  } catch {
    return [];
  }
}
