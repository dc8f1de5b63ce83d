import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from './npy.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-npy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'array.npy');

describe('.npy', () => {
  // Each with the values at both ends of its range, and what NumPy calls it.
  it.each([
    ['|i1', Int8Array.of(-128, 127)],
    ['<i2', Int16Array.of(-32768, 32767)],
    ['<i4', Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    ['|u1', Uint8Array.of(0, 255)],
    ['<u2', Uint16Array.of(0, 65535)],
    ['<u4', Uint32Array.of(0, 2 ** 32 - 1)],
    ['<f4', Float32Array.of(-1.5, 3e38)],
    ['<f8', Float64Array.of(-1e-300, 1e300)],
  ])('keeps %s', (descr, data) => {
    writeNpy(path, { shape: [1, 2], data });
    expect(readNpy(path)).toEqual({ shape: [1, 2], data });
    const bytes = readFileSync(path);
    expect(bytes.toString('latin1', 0, 128)).toContain(
      `{'descr': '${descr}', 'fortran_order': False, 'shape': (1, 2), }`,
    );
    expect((bytes.length - data.byteLength) % 64).toBe(0);
  });

  it('writes a view as its own values alone', () => {
    const data = Uint16Array.of(1, 2, 3, 4).subarray(1, 3);
    writeNpy(path, { shape: [2], data });
    expect([...readNpy(path).data]).toEqual([2, 3]);
    expect(readFileSync(path, 'latin1')).toContain("'shape': (2,)");
  });

  it('refuses a shape that does not hold the data, and a file that is no array', () => {
    expect(() => writeNpy(path, { shape: [2, 2], data: new Uint8Array(3) })).toThrow('shape [2,2] holds 4, data 3');
    writeFileSync(path, 'no array at all');
    expect(() => readNpy(path)).toThrow(`${path}: found no NumPy header`);
    writeNpy(path, { shape: [4], data: new Uint8Array(4) });
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect(() => readNpy(path)).toThrow('found 3 bytes of data');
  });
});
