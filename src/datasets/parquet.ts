/**
 * Parquet tables (https://parquet.apache.org/docs/file-format): columns of plain values, as text, in the order of the file.
 *
 * hyparquet's readers wait for bytes that may come over a network, and opening a data set does not wait; its decoder of one page
 * does not wait either, and is what is called here. It trusts the sizes that a file states, so they are checked before.
 */
import { type CompressionCodec, type FileMetaData, type PageHeader, parquetMetadata, parquetSchema } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { compressors } from 'hyparquet-compressors';
import { type InputError, inputError, messageOf, readBytes } from '../base/index.js';
import { requireColumns } from './table.js';

type ColumnDecoder = Parameters<typeof readPage>[2];
type DecodedArray = NonNullable<Parameters<typeof readPage>[3]>;
type RowGroup = FileMetaData['row_groups'][number];
type Schema = ReturnType<typeof parquetSchema>;

/** A page, decompressed, and a table may not be larger. */
const MOST_PAGE_BYTES = 2 ** 28;
const MOST_ROWS = 20_000_000;

/**
 * Reads the named columns, one object per row, row group by row group; null, missing and NaN are ''. Integers, decimals, truth
 * values and dates are written as JavaScript writes them. Compressed by Snappy, GZIP, Brotli, LZ4, ZSTD, or not.
 * Throws an InputError that names the file and the reason, also for columns of lists, structures or bytes.
 */
export function* readParquet<C extends string>(
  path: string,
  columns: readonly C[],
): Generator<[index: number, row: Record<C, string>], void> {
  const bytes = readBytes(path);
  const { metadata, schema } = describe(path, bytes);
  requireColumns(
    path,
    schema.children.map(({ element }) => element.name),
    columns,
  );
  let index = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const cells = columns.map((name) => readCells(path, bytes, schema, group, name));
    for (let i = 0; i < rows; i++) {
      const row = {} as Record<C, string>;
      for (const [c, name] of columns.entries())
        row[name] = textOf(cells[c]![i], () => `${path}: row ${index + 1}, ${name}`);
      yield [index++, row];
    }
  }
}

function describe(path: string, bytes: Buffer): { metadata: FileMetaData; schema: Schema } {
  try {
    const metadata = parquetMetadata(bytes, { geoparquet: false });
    const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (!(rows <= MOST_ROWS)) throw new Error(`${rows} rows, over the limit of ${MOST_ROWS}`);
    return { metadata, schema: parquetSchema(metadata) };
  } catch (error) {
    throw damaged(path, error);
  }
}

/** The values of one column of a row group. */
function readCells(path: string, bytes: Buffer, schema: Schema, group: RowGroup, name: string): ArrayLike<unknown> {
  const column = schema.children.find(({ element }) => element.name === name)!;
  const { element } = column;
  if (column.children.length > 0 || element.repetition_type === 'REPEATED') {
    const fix = 'Write the list as text with a separator, such as "a|b".';
    throw inputError({
      what: `${path}: ${name}`,
      found: 'a column of lists or structures',
      expected: 'plain values',
      fix,
    });
  }
  try {
    const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data;
    if (!chunk) throw new Error(`no data of the column ${name}`);
    const rows = Number(group.num_rows);
    const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const to = from + Number(chunk.total_compressed_size);
    if (!(from >= 4 && to <= bytes.length)) throw new Error(`the column ${name} lies outside the file`);
    const decoder: ColumnDecoder = {
      pathInSchema: [name],
      schemaPath: [schema, column],
      element,
      type: chunk.type,
      codec: 'UNCOMPRESSED',
      parsers: DEFAULT_PARSERS,
    };
    const data = readPages(bytes.subarray(from, to), rows, chunk.codec, decoder);
    const cells = data.length === 1 ? data[0]! : data.flatMap((part) => Array.from(part as ArrayLike<unknown>));
    if (cells.length !== rows) throw new Error(`${cells.length} values in the column ${name}, not ${rows}`);
    return cells;
  } catch (error) {
    throw damaged(path, error);
  }
}

/** The values of a column chunk, page by page; no page may state more values than there are rows. */
function readPages(bytes: Buffer, rows: number, codec: CompressionCodec, decoder: ColumnDecoder): DecodedArray[] {
  const reader = { view: viewOf(bytes), offset: 0 };
  const pages: DecodedArray[] = [];
  let dictionary: DecodedArray | undefined;
  for (let seen = 0; seen < rows; ) {
    const header = parquetHeader(reader);
    const { compressed_page_size: compressed, uncompressed_page_size: size } = header;
    const kind = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
    const values = kind?.num_values ?? 0;
    if (!(values >= 0 && values <= rows)) throw new Error(`a page of ${values} values for ${rows} rows`);
    if (!(size >= 0 && size <= MOST_PAGE_BYTES)) throw new Error(`a page of ${size} bytes`);
    if (!(compressed >= 0 && compressed <= bytes.length - reader.offset)) throw new Error('a page that is cut off');
    const page = decompress(bytes.subarray(reader.offset, reader.offset + compressed), header, codec);
    reader.offset += compressed;
    checkRuns(page, header, decoder);
    const plain = { ...header, compressed_page_size: page.length };
    const { data } = readPage({ view: viewOf(page), offset: 0 }, plain, decoder, dictionary, undefined, 0);
    if (!data) continue;
    if (header.type === 'DICTIONARY_PAGE') dictionary = convert(data, decoder);
    else if (data.length === 0) throw new Error('an empty page');
    else {
      pages.push(data);
      seen += data.length;
    }
  }
  return pages;
}

/** A page's bytes; the levels at the beginning of a page of version 2 are never compressed. */
function decompress(bytes: Uint8Array, header: PageHeader, codec: CompressionCodec): Uint8Array {
  const v2 = header.data_page_header_v2;
  if (codec === 'UNCOMPRESSED' || v2?.is_compressed === false) return bytes;
  const levels = v2 ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length : 0;
  const length = header.uncompressed_page_size - levels;
  if (!(levels >= 0 && levels <= bytes.length && length >= 0)) throw new Error('a page with impossible sizes');
  const page = compressors[codec]?.(bytes.subarray(levels), length);
  if (page?.length !== length) throw new Error(`a page of compression ${codec} that cannot be read`);
  return v2 ? Buffer.concat([bytes.subarray(0, levels), page]) : page;
}

/** Throws where levels or dictionary indices are runs of more values than the page has: the decoder would write them all out. */
function checkRuns(page: Uint8Array, header: PageHeader, { element, type }: ColumnDecoder): void {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const data = v1 ?? v2;
  if (!data) return;
  const view = viewOf(page);
  const walk = (from: number, length: number, width: number) => walkRuns(view, from, length, width, data.num_values);
  let at = v2?.repetition_levels_byte_length ?? 0;
  if (element.repetition_type !== 'REQUIRED') {
    const length = v2?.definition_levels_byte_length ?? view.getUint32(at, true);
    if (v1) at += 4;
    walk(at, length, 1);
    at += length;
  }
  if (data.encoding === 'RLE' && type === 'BOOLEAN') walk(at + 4, page.length - at - 4, 1);
  else if (/RLE|DICTIONARY/.test(data.encoding) && at < page.length) {
    walk(at + 1, page.length - at - 1, view.getUint8(at));
  }
}

/** A bit-packed run may be padded: to 8 values in the standard, to a few hundred by some writers. */
const PADDING = 1024;

/** Walks over runs of the RLE / bit-packing hybrid until there are enough values. */
function walkRuns(view: DataView, from: number, length: number, width: number, values: number): void {
  const reader = { view, offset: from };
  for (let seen = 0; seen < values && reader.offset < from + length; ) {
    const run = readVarInt(reader) >>> 0;
    const packed = (run & 1) === 1;
    const count = packed ? (run >>> 1) * 8 : run >>> 1;
    if (count > values + PADDING) throw new Error(`a run of ${count} in a page of ${values} values`);
    reader.offset += packed ? (count / 8) * width : (width + 7) >> 3;
    seen += count;
  }
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => new DataView(buffer, byteOffset, length);

function textOf(value: unknown, where: () => string): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isNaN(value) ? '' : String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      return '';
    default:
      if (value === null) return '';
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
      throw inputError({
        what: where(),
        found: value instanceof Date ? 'an impossible date' : 'bytes or a structure',
        expected: 'text, a number, a date or true or false',
      });
  }
}

function damaged(path: string, error: unknown): InputError {
  const found = `damaged or unknown data (${messageOf(error)})`;
  return inputError({ what: path, found, expected: 'a Parquet file', fix: 'Write the file again.' });
}
