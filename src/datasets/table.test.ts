import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { readHeader, readList, readTable } from './table.js';

const fileOf = (content: string | Uint8Array) => join(makeFolder({ 'table.csv': content }), 'table.csv');
const rowsOf = (content: string | Uint8Array, columns: string[], ragged = false) =>
  [...readTable(fileOf(content), columns, [], { ragged })].map(([, row]) => columns.map((name) => row[name]));

describe('tables', () => {
  it('reads the named columns, wherever they stand, quoted or not', () => {
    const text =
      '\uFEFFid,"a ""b""",c\r\n1,"x, y",short\r\n\r\n2,"two\nlines",a cell of more than 13\r\n3,"""q""",\r\n';
    expect(readHeader(fileOf(text))).toEqual(['id', 'a "b"', 'c']);
    expect(rowsOf(text, ['c', 'a "b"', 'id'])).toEqual([
      ['short', 'x, y', '1'],
      ['a cell of more than 13', 'two\nlines', '2'],
      ['', '"q"', '3'],
    ]);
    expect(rowsOf(gzipSync(text), ['id'])).toEqual([['1'], ['2'], ['3']]);
  });

  it('reads letters beyond ASCII, in short cells and long ones', () => {
    const cells = ['ñ', 'cardiomegalia en estudio de niño', 'plain text of some length'];
    expect(rowsOf(`a,b,c\n${cells}\n`, ['a', 'b', 'c'])).toEqual([cells]);
  });

  it('leaves out optional columns that are absent, and fills ragged rows', () => {
    const path = fileOf('a,b,c\n1\n1,2,3,4\n');
    expect(() => [...readTable(path, ['a'])]).toThrow('row 2: found 1 fields; expected 3, as in the header');
    expect([...readTable(path, ['a'], ['c', 'd'], { ragged: true })]).toEqual([
      [0, { a: '1', c: '' }],
      [1, { a: '1', c: '3' }],
    ]);
  });

  it('joins the cells of several columns, side by side or not, quoted or not', () => {
    const path = fileOf('a,b,c,d\n1,2,3,4\n1,"2","3",4\n');
    const joined = (together: string[]) => [...readTable(path, [], [], { together })].map(([, row]) => row.together);
    expect(joined(['b', 'c'])).toEqual(['2,3', '2,3']);
    expect(joined(['d', 'b'])).toEqual(['4,2', '4,2']);
    expect(() => joined(['b', 'e'])).toThrow('expected a column "e"');
  });

  it('lists lines', () => {
    expect(readList(fileOf('\uFEFFa \r\n\n b\nc'))).toEqual(['a', 'b', 'c']);
  });

  it('names what is wrong with a file', () => {
    expect(() => rowsOf('a,b\n', ['a', 'z'])).toThrow('header: found a, b; expected a column "z"');
    expect(() => rowsOf('', ['a'])).toThrow('found an empty file');
    expect(() => rowsOf('a\n"never\nclosed\n', ['a'])).toThrow('a quotation mark that is never closed ("never');
    expect(() => rowsOf('a,b\nx"y,"z""\n', ['a'])).toThrow('a quotation mark that is never closed');
    const compressed = gzipSync(`a\n${'1\n'.repeat(10_000)}`);
    expect(() => rowsOf(compressed.subarray(0, -9), ['a'])).toThrow('damaged or oversized gzip data');
  });

  it('gives up on a quotation mark that opens a large file, at once', () => {
    const text = `a\n"${'1\n'.repeat(4_000_000)}`;
    const start = performance.now();
    expect(() => rowsOf(text, ['a'])).toThrow('a quotation mark that is never closed');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('does not unpack a gzip bomb', () => {
    const member = gzipSync(new Uint8Array(2 ** 24), { level: 9 });
    const bomb = Buffer.concat(Array.from({ length: 40 }, () => member));
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(() => rowsOf(bomb, ['a'])).toThrow('damaged or oversized gzip data');
  });

  it('reads back what RFC 4180 wrote', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', ' ', 'a longer piece') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
        const quoted = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join());
        expect(rowsOf(['a,b,c', ...quoted].join('\n'), ['a', 'b', 'c'])).toEqual(rows);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('ends on any text, with rows or an InputError', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r', '\0', 'é'), maxLength: 40 });
    fc.assert(
      fc.property(text, (content) => {
        try {
          rowsOf(`a,b\n${content}`, ['b'], true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});
