import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { makeFolder } from '../fixtures/make-folder.js';
import { readIndex, writeIndex } from './index-file.js';
import { IndexBuilder, SourceIndex } from './source-index.js';

const stamp = { size: 5, modified: 1000.25 };

/** Three units, the second without pictures. */
function builderOf(kind: 'folder' | 'parquet'): IndexBuilder {
  const builder = new IndexBuilder(kind);
  builder.classes = ['cat', 'dög'];
  const block = builder.addBlock({ offset: 4, length: 99, size: 200, codec: 'ZSTD' });
  builder.add({ name: 'a.png', offset: 0, length: 7, modified: 1.5, label: 1, block });
  builder.add({ name: 'größe 😀.png', offset: 2 ** 40 + 1, length: 2 ** 33, modified: 2.5 });
  builder.end('', stamp, 2 ** 42);
  builder.remark('are left out', 'x.txt');
  builder.remark('are left out', 'y.txt');
  builder.end('empty', stamp, 1500);
  const other = builder.addBlock({ offset: 300, length: 1, size: 2, codec: 'SNAPPY' });
  builder.add({ name: 'b.png', offset: 8, length: 9, block: other });
  builder.remark('are left out', 'z.txt');
  builder.end('last', stamp, 2 ** 42);
  return builder;
}

describe('the index of a source', () => {
  it.each(['folder', 'parquet'] as const)('is on the disk what it was in memory: %s', (kind) => {
    const path = join(makeFolder({}), 'deep/source.index');
    const index = builderOf(kind).index(true);
    writeIndex(path, index);
    const read = readIndex(path) as SourceIndex;
    expect(read).toBeInstanceOf(SourceIndex);
    expect(read.columns).toEqual(index.columns);
    expect([read.kind, read.classes, read.complete, read.length, read.unitCount]).toEqual([
      kind,
      ['cat', 'dög'],
      true,
      3,
      3,
    ]);
    expect([0, 1, 2].map((i) => read.columns.entries.names.at(i))).toEqual(['a.png', 'größe 😀.png', 'b.png']);
    expect([0, 1, 2].map((i) => read.unitOf(i))).toEqual([0, 0, 2]);
    expect(read.remarks()).toEqual([
      { what: 'are left out', count: 3, first: ['empty/x.txt', 'empty/y.txt', 'last/z.txt'] },
    ]);
    const places = kind === 'folder' ? [undefined, undefined] : [4, 300];
    expect([read.blockOf(0, 0)?.offset, read.blockOf(2, 2)?.offset]).toEqual(places);
    expect(read.blockOf(0, 1)).toBeUndefined();
  });

  it('takes units over from another, in any order', () => {
    const index = builderOf('parquet').index(true);
    const builder = new IndexBuilder('parquet');
    for (const unit of [2, 0]) builder.copy(index, unit);
    const copy = builder.index(false);
    expect([0, 1, 2].map((i) => copy.columns.entries.names.at(i))).toEqual(['b.png', 'a.png', 'größe 😀.png']);
    expect(copy.blockOf(0, 0)).toEqual({ offset: 300, length: 1, size: 2, codec: 'SNAPPY' });
    expect(copy.blockOf(1, 1)).toEqual({ offset: 4, length: 99, size: 200, codec: 'ZSTD' });
    expect(copy.remarks()).toEqual([{ what: 'are left out', count: 1, first: ['last/z.txt'] }]);
  });

  it('knows a unit again by size and time, unless it was looked at right after its change', () => {
    const index = builderOf('folder').index(true);
    expect(index.isCurrent(0, stamp)).toBe(true);
    expect(index.isCurrent(1, stamp)).toBe(false);
    expect(index.isCurrent(0, { ...stamp, size: 6 })).toBe(false);
    expect(index.isCurrent(0, { ...stamp, modified: 1000.5 })).toBe(false);
  });

  it('is refused with a reason where it is cut off, changed anywhere, of another version, or something else', () => {
    const path = join(makeFolder({}), 'source.index');
    writeIndex(path, builderOf('parquet').index(true));
    const bytes = readFileSync(path);
    const random = Random.of(1, 'changed index');
    for (let round = 0; round < 300; round++) {
      const changed = Buffer.from(bytes);
      const at = random.integer(bytes.length);
      changed[at] = changed[at]! ^ (1 + random.integer(255));
      writeFileSync(path, changed);
      expect(readIndex(path)).toEqual({ reason: expect.stringMatching(/./) });
    }
    for (let length = 0; length < bytes.length; length += 7) {
      writeFileSync(path, bytes);
      truncateSync(path, length);
      expect(readIndex(path)).toEqual({ reason: expect.stringMatching(/./) });
    }
    const older = Buffer.from(bytes);
    older.writeUInt32LE(7, 8);
    writeFileSync(path, older);
    expect(readIndex(path)).toEqual({ reason: 'version 7 of the index' });
    expect(readIndex(join(path, 'gone'))).toEqual({ reason: expect.stringContaining('ENOTDIR') });
    writeFileSync(path, 'something that was never an index');
    expect(readIndex(path)).toEqual({ reason: 'another kind of file' });
  });
});
