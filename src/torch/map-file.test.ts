import { mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { mapFile } from './map-file.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-map-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, length: number): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    Uint8Array.from({ length }, (_, i) => i % 251),
  );
  return path;
}

/** Places of this process's memory at which a file is mapped (Linux). */
const maps = (path: string) =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(path)).length;

describe('mapFile', () => {
  it('gives the bytes of the file, whole or its beginning, also after the file has lost its name', () => {
    const path = written('whole.bin', 100_000);
    const bytes = readFileSync(path);
    const whole = new Uint8Array(mapFile(path, 100_000));
    expect(Buffer.compare(whole, bytes)).toBe(0);
    const beginning = mapFile(path, 5000);
    expect(beginning.byteLength).toBe(5000);
    unlinkSync(path);
    expect(Buffer.compare(new Uint8Array(beginning), bytes.subarray(0, 5000))).toBe(0);
    expect(whole[99_999]).toBe(99_999 % 251);
  });

  it('keeps a write to itself', () => {
    const path = written('private.bin', 5000);
    const [one, other] = [new Uint8Array(mapFile(path, 5000)), new Uint8Array(mapFile(path, 5000))];
    one[17] = 200;
    expect([one[17], other[17], readFileSync(path)[17]]).toEqual([200, 17, 17]);
  });

  it('maps more than there is memory, where the file has holes', () => {
    const path = written('sparse.bin', 1);
    truncateSync(path, 2 ** 32 - 1);
    const views = Array.from({ length: 16 }, () => new Uint8Array(mapFile(path, 2 ** 32 - 1)));
    expect(views.map((view) => view[2 ** 31])).toEqual(Array(16).fill(0));
  });

  it.runIf(process.platform === 'linux')('takes the map down when nothing refers to it', async () => {
    const path = written('freed.bin', 5000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    (() => expect(new Uint8Array(mapFile(path, 5000))[3]).toBe(3))();
    for (let turn = 0; turn < 50 && maps(path) > 0; turn++) {
      collect();
      await new Promise((next) => setTimeout(next, 10));
    }
    expect(maps(path)).toBe(0);
  });

  it('refuses a file that is absent, too short or none, and lengths that make no sense', () => {
    const path = written('short.bin', 10);
    expect(() => mapFile(path, 11)).toThrow(`${path}: found a file of 10 bytes; expected a file of at least 11 bytes.`);
    expect(() => mapFile(join(folder, 'none'), 1)).toThrow('none: found No such file or directory; expected');
    expect(() => mapFile(folder, 1)).toThrow('found not a regular file');
    expect(() => mapFile(path, 2 ** 40)).toThrow('found 1099511627776 bytes to map; expected at most');
    for (const bytes of [0, -1, 2.5, Number.NaN]) expect(() => mapFile(path, bytes)).toThrow(RangeError);
  });
});
