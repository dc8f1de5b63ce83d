/** Parquet tables: columns of plain values, as text, in the order of the file. */
import type { PageHeader } from 'hyparquet';
import { readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { inputError, readBytes } from '../base/index.js';
import { checkRuns, damaged, openParquet, type ParquetFile, pagesOf, type RowGroup, viewOf } from './parquet-file.js';
import { requireColumns } from './table.js';

type ColumnDecoder = Parameters<typeof readPage>[2];
type DecodedArray = NonNullable<Parameters<typeof readPage>[3]>;

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
  const read = (position: number, length: number) => bytes.subarray(position, position + length);
  const file = openParquet({ path, size: bytes.length, read });
  requireColumns(
    path,
    file.schema.children.map(({ element }) => element.name),
    columns,
  );
  let index = 0;
  for (const group of file.metadata.row_groups) {
    const rows = Number(group.num_rows);
    const cells = columns.map((name) => readCells(file, group, name));
    for (let i = 0; i < rows; i++) {
      const row = {} as Record<C, string>;
      for (const [c, name] of columns.entries())
        row[name] = textOf(cells[c]![i], () => `${path}: row ${index + 1}, ${name}`);
      yield [index++, row];
    }
  }
}

/** The values of one column of a row group. Throws an InputError that names the file. */
export function readCells(file: ParquetFile, group: RowGroup, name: string): ArrayLike<unknown> {
  const { path, schema } = file;
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
    const rows = Number(group.num_rows);
    const decoder: ColumnDecoder = {
      pathInSchema: [name],
      schemaPath: [schema, column],
      element,
      type: element.type!,
      codec: 'UNCOMPRESSED',
      parsers: DEFAULT_PARSERS,
    };
    const data = readPages(file, group, decoder);
    const cells = data.length === 1 ? data[0]! : data.flatMap((part) => Array.from(part as ArrayLike<unknown>));
    if (cells.length !== rows) throw new Error(`${cells.length} values in the column ${name}, not ${rows}`);
    return cells;
  } catch (error) {
    throw damaged(path, error);
  }
}

/** The values of a column of a row group, page by page. */
function readPages(file: ParquetFile, group: RowGroup, decoder: ColumnDecoder): DecodedArray[] {
  const pages: DecodedArray[] = [];
  let dictionary: DecodedArray | undefined;
  for (const { header, bytes } of pagesOf(file, group, decoder.pathInSchema)) {
    checkPageRuns(bytes, header, decoder);
    const plain = { ...header, compressed_page_size: bytes.length };
    const { data } = readPage({ view: viewOf(bytes), offset: 0 }, plain, decoder, dictionary, undefined, 0);
    if (!data) continue;
    if (header.type === 'DICTIONARY_PAGE') dictionary = convert(data, decoder);
    else pages.push(data);
  }
  return pages;
}

/** Throws where levels or dictionary indices are runs of more values than the page has. */
function checkPageRuns(page: Uint8Array, header: PageHeader, { element, type }: ColumnDecoder): void {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const data = v1 ?? v2;
  if (!data) return;
  const view = viewOf(page);
  const check = (from: number, length: number, width: number) => checkRuns(page, from, length, width, data.num_values);
  let at = v2?.repetition_levels_byte_length ?? 0;
  if (element.repetition_type !== 'REQUIRED') {
    const length = v2?.definition_levels_byte_length ?? view.getUint32(at, true);
    if (v1) at += 4;
    check(at, length, 1);
    at += length;
  }
  if (data.encoding === 'RLE' && type === 'BOOLEAN') check(at + 4, page.length - at - 4, 1);
  else if (/RLE|DICTIONARY/.test(data.encoding) && at < page.length) {
    check(at + 1, page.length - at - 1, view.getUint8(at));
  }
}

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
