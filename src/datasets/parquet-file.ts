/**
 * A Parquet file (https://parquet.apache.org/docs/file-format): its metadata, and the pages of a column.
 *
 * hyparquet's readers wait for bytes that may come over a network, and opening a data set does not wait; its decoders of headers
 * do not wait either, and are what is called here. They trust the sizes that a file states, so these are checked before.
 */
import {
  type CompressionCodec,
  type FileMetaData,
  type PageHeader,
  parquetMetadata,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { type InputError, inputError, messageOf } from '../base/index.js';
import { BLOCK_CODECS, type BlockCodec, decompressBlock } from '../imaging/index.js';

export type RowGroup = FileMetaData['row_groups'][number];

/** A page, decompressed, may not be larger; nor may the metadata. */
const MOST_PAGE_BYTES = 2 ** 28;
const MOST_ROWS = 20_000_000;

export interface ParquetFile {
  path: string;
  size: number;
  /** Bytes of the file, fewer where it ends before. */
  read(position: number, length: number): Buffer;
  metadata: FileMetaData;
  schema: SchemaTree;
}

/** Reads the metadata. Throws an InputError that names the file. */
export function openParquet({ path, size, read }: Pick<ParquetFile, 'path' | 'size' | 'read'>): ParquetFile {
  try {
    const tail = size < 8 ? Buffer.alloc(0) : read(size - 8, 8);
    const length = tail.length === 8 ? tail.readUInt32LE() + 8 : 8;
    if (length > Math.min(size, MOST_PAGE_BYTES)) throw new Error(`metadata of ${length} bytes`);
    const metadata = parquetMetadata(read(size - Math.min(length, size), length), { geoparquet: false });
    const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (!(rows <= MOST_ROWS)) throw new Error(`${rows} rows, over the limit of ${MOST_ROWS}`);
    return { path, size, read, metadata, schema: parquetSchema(metadata) };
  } catch (error) {
    throw damaged(path, error);
  }
}

/** A page as it lies in the file, and what it says. */
export interface Page {
  header: PageHeader;
  /** Levels and values, decompressed. */
  bytes: Uint8Array;
  /** What is compressed in the file (values alone, in pages of version 2), from `from` on in `bytes`. */
  stored: { offset: number; length: number; codec: BlockCodec | 'UNCOMPRESSED'; from: number };
}

/**
 * The pages of a column of a row group, the dictionary first; no page may state more values than there are rows. `column` is the
 * path in the schema. Throws an Error where the file is damaged.
 */
export function* pagesOf(file: ParquetFile, group: RowGroup, column: readonly string[]): Generator<Page, void> {
  const name = column.join('.');
  const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === name)?.meta_data;
  if (!chunk) throw new Error(`no data of the column ${name}`);
  const rows = Number(group.num_rows);
  const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const to = from + Number(chunk.total_compressed_size);
  if (!(from >= 4 && to <= file.size)) throw new Error(`the column ${name} lies outside the file`);
  let at = from;
  for (let seen = 0; seen < rows; ) {
    const { header, length } = readHeader(file, at, to);
    at += length;
    const { compressed_page_size: compressed, uncompressed_page_size: size } = header;
    const kind = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
    const values = kind?.num_values ?? 0;
    if (!(values >= 0 && values <= rows)) throw new Error(`a page of ${values} values for ${rows} rows`);
    if (!(size >= 0 && size <= MOST_PAGE_BYTES)) throw new Error(`a page of ${size} bytes`);
    if (!(compressed >= 0 && compressed <= to - at)) throw new Error('a page that is cut off');
    yield decompressed(file.read(at, compressed), at, header, chunk.codec);
    at += compressed;
    if (header.type === 'DICTIONARY_PAGE') continue;
    if ((header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') && values === 0)
      throw new Error('an empty page');
    seen += header.type === 'INDEX_PAGE' ? 0 : values;
  }
}

/** Headers are short, unless they hold statistics of long values. */
const HEADER_BYTES = 2 ** 12;
const MOST_HEADER_BYTES = 2 ** 24;

function readHeader(file: ParquetFile, at: number, to: number): { header: PageHeader; length: number } {
  for (let room = HEADER_BYTES; ; room *= 16) {
    const bytes = file.read(at, Math.min(room, to - at));
    const reader = { view: viewOf(bytes), offset: 0 };
    try {
      const header = parquetHeader(reader);
      return { header, length: reader.offset };
    } catch (error) {
      if (room >= to - at || room >= MOST_HEADER_BYTES) throw error;
    }
  }
}

/** The levels at the beginning of a page of version 2 are never compressed. */
function decompressed(bytes: Buffer, offset: number, header: PageHeader, codec: CompressionCodec): Page {
  const v2 = header.data_page_header_v2;
  const { length } = bytes;
  if (codec === 'UNCOMPRESSED' || v2?.is_compressed === false) {
    return { header, bytes, stored: { offset, length, codec: 'UNCOMPRESSED', from: 0 } };
  }
  if (!isBlockCodec(codec)) throw new Error(`a page of the unknown compression ${codec}`);
  const levels = v2 ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length : 0;
  const size = header.uncompressed_page_size - levels;
  if (!(levels >= 0 && levels <= length && size >= 0)) throw new Error('a page with impossible sizes');
  const page = decompressBlock(codec, bytes.subarray(levels), size);
  return {
    header,
    bytes: v2 ? Buffer.concat([bytes.subarray(0, levels), page]) : page,
    stored: { offset: offset + levels, length: length - levels, codec, from: levels },
  };
}

const isBlockCodec = (codec: CompressionCodec): codec is BlockCodec =>
  (BLOCK_CODECS as readonly string[]).includes(codec);

/** A bit-packed run may be padded: to 8 values in the standard, to a few hundred by some writers. */
const PADDING = 1024;

/**
 * Walks over runs of the RLE / bit-packing hybrid until there are enough values. Throws an Error at a run of more values than that:
 * the decoder would write them all out.
 */
export function checkRuns(bytes: Uint8Array, from: number, length: number, width: number, values: number): void {
  const reader = { view: viewOf(bytes), offset: from };
  for (let seen = 0; seen < values && reader.offset < from + length; ) {
    const run = readVarInt(reader) >>> 0;
    const packed = (run & 1) === 1;
    const count = packed ? (run >>> 1) * 8 : run >>> 1;
    if (count > values + PADDING) throw new Error(`a run of ${count} in a page of ${values} values`);
    reader.offset += packed ? (count / 8) * width : (width + 7) >> 3;
    seen += count;
  }
}

export const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => new DataView(buffer, byteOffset, length);

export function damaged(path: string, error: unknown): InputError {
  const found = `damaged or unknown data (${messageOf(error)})`;
  return inputError({ what: path, found, expected: 'a Parquet file', fix: 'Write the file again.' });
}
