import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { decode } from '../../imaging/index.js';
import { makeFolder } from '../fixtures/make-folder.js';
import { hashesOf } from '../fixtures/source-bytes.js';
import { openPictureSource } from './open-source.js';

const fixtures = join(import.meta.dirname, '../fixtures');
const reference = JSON.parse(readFileSync(join(fixtures, 'shards.json'), 'utf8'));
const files = readdirSync(join(fixtures, 'shards')).filter((name) => name.endsWith('.parquet'));
const open = (source: string, more = {}) => openPictureSource({ source, indexFolder: null, ...more });
const shard = (name: string) => join(fixtures, 'shards', name);

describe('images in Parquet files written by pyarrow', () => {
  it.each(files.filter((name) => !name.startsWith('refused')))('%s', async (name) => {
    const list = await open(shard(name));
    expect(hashesOf(list, (id) => id.slice(name.length + 1))).toEqual(reference[name]);
    for (let i = 0; i < list.length; i++) expect((await decode(list.at(i)!)).height).toBe(6);
    const without = name.startsWith('hf') ? 2 : name.startsWith('bytes') ? 1 : 0;
    expect(list.length).toBe(23 - without);
    expect(list.notes).toEqual(
      without > 0 ? [expect.stringMatching(`^${without} rows have no bytes of an image and are left out: `)] : [],
    );
  });

  it('have the labels that Hugging Face writes', async () => {
    const list = await open(shard('hf-zstd-v2.parquet'), { labels: true });
    expect(list.classes).toEqual(['cat', 'dog', 'ship']);
    for (let i = 0; i < list.length; i++) expect(list.label(i)).toBe(Number(list.id(i).split('/')[1]) % 3);
    await expect(open(shard('required.parquet'), { labels: true })).rejects.toThrow(
      'neither labels.csv nor class folders',
    );
  });

  it('are refused in an encoding that has no place for a value, and where there is no such column', async () => {
    await expect(open(shard('refused-encoding.parquet'))).rejects.toThrow('DELTA_BYTE_ARRAY');
    await expect(open(shard('bytes-lz4.parquet'), { column: 'caption' })).rejects.toThrow('columns of bytes: jpg');
    expect((await open(shard('bytes-lz4.parquet'), { column: 'jpg' })).length).toBe(22);
    const tables = join(fixtures, 'parquet');
    expect((await open(join(tables, 'snappy.parquet'))).length).toBeGreaterThan(0); // its only column of bytes
  });

  it('never fails otherwise, or takes long, on 600 changed files', async () => {
    const random = Random.of(1, 'changed images');
    const wholes = files.map((name) => readFileSync(shard(name)));
    const path = join(makeFolder({}), 'changed.parquet');
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 600; round++) {
      const bytes = Buffer.from(wholes[round % wholes.length]!);
      const from = round % 2 === 0 ? 0 : bytes.length - 900;
      for (let i = 0; i < 1 + (round % 4); i++) bytes[from + random.integer(bytes.length - from)] = random.integer(256);
      writeFileSync(path, bytes);
      const start = performance.now();
      try {
        const list = await open(path);
        for (let i = 0; i < list.length; i++) await decode(list.at(i)!).catch(() => {});
        outcomes.read++;
      } catch (error) {
        expect((error as { exitCode?: number }).exitCode).toBe(2);
        outcomes.refused++;
      }
      expect(performance.now() - start).toBeLessThan(2000);
    }
    expect(outcomes.read).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(50);
  });
});
