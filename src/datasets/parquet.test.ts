import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError, Random } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import { readParquet } from './parquet.js';

const fixtures = join(import.meta.dirname, 'fixtures', 'parquet');
const files = readdirSync(fixtures).sort();
const COLUMNS = ['patient', 'image', 'sex', 'age', 'effusion', 'mass', 'taken'] as const;

/** The rows that fixtures/make-parquet.py writes, as text. */
const expected = Array.from({ length: 60 }, (_, i) => ({
  patient: String(1000 + (i >> 1)),
  image: `p${String(i >> 1).padStart(3, '0')}/${String(i).padStart(4, '0')}.png`,
  sex: ['M', 'F', ''][i % 3],
  age: i % 7 === 0 ? '' : String(20 + i / 2),
  effusion: i % 11 === 0 ? '' : String(i % 5),
  mass: String(i % 3 === 0),
  taken: new Date(Date.UTC(2020, 0, 1 + (i % 28))).toISOString(),
}));

const rowsOf = (path: string, columns: readonly string[] = COLUMNS) =>
  [...readParquet(path, columns)].map(([, row]) => row);

describe('Parquet tables written by pyarrow', () => {
  it.each(files)('%s', (file) => {
    const path = join(fixtures, file);
    expect([...readParquet(path, COLUMNS)].map(([index]) => index)).toEqual(expected.map((_, i) => i));
    expect(rowsOf(path)).toEqual(expected);
  });

  const path = join(fixtures, 'snappy.parquet');

  it('names a missing column, and a column that holds no plain values', () => {
    expect(messageFrom(() => rowsOf(path, ['image', 'pid']))).toContain('expected a column "pid"');
    expect(messageFrom(() => rowsOf(path, ['words']))).toContain(
      `${path}: words: found a column of lists or structures`,
    );
    expect(rowsOf(path, ['reader'])).toHaveLength(60);
  });

  it('refuses what is cut off or no Parquet file', () => {
    const bytes = readFileSync(path);
    const root = makeFolder({
      'cut.parquet': bytes.subarray(0, 2000),
      'empty.parquet': '',
      'magic.parquet': 'PAR1PAR1',
      'middle.parquet': Buffer.concat([bytes.subarray(0, 200), bytes.subarray(700)]),
    });
    for (const name of ['cut', 'empty', 'magic', 'middle']) {
      const file = join(root, `${name}.parquet`);
      expect(messageFrom(() => rowsOf(file))).toContain(`${file}: found damaged or unknown data (`);
    }
  });

  it('never fails otherwise, or takes long or much, on 1500 mutated files', () => {
    const random = Random.of(1, 'mutated parquet');
    const originals = files.map((file) => readFileSync(join(fixtures, file)));
    const mutated = join(makeFolder({}), 'mutated.parquet');
    const outcomes = { read: 0, refused: 0 };
    let slowest = 0;
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 1500; round++) {
      const bytes = Buffer.from(originals[round % originals.length]!);
      // Half of the rounds change the metadata at the end, which the sizes and offsets come from.
      const from = round % 2 === 0 ? 0 : bytes.length - 1500;
      for (let i = 0; i < 1 + (round % 4); i++) bytes[from + random.integer(bytes.length - from)] = random.integer(256);
      writeFileSync(mutated, bytes);
      const start = performance.now();
      try {
        rowsOf(mutated);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof InputError)) throw new Error(`round ${round}: ${(error as Error).stack}`);
        outcomes.refused++;
      }
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(outcomes.refused).toBeGreaterThan(200);
    expect(outcomes.read).toBeGreaterThan(200);
    expect(slowest).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 29);
  }, 60_000);
});
