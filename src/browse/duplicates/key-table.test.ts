import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { KeyTable } from './key-table.js';

describe('KeyTable', () => {
  it.each([0, 1, 2, 1000])('knows the places of %i keys, and none of others', (n) => {
    const random = Random.of(n, 'keys');
    const key = () => BigInt(random.integer(2 ** 32)) | (BigInt(random.integer(2 ** 32)) << 32n);
    const keys = BigUint64Array.from({ length: n }, key);
    const table = new KeyTable(keys);
    expect([...keys].map((it) => table.placeOf(it))).toEqual([...keys.keys()]);
    for (let i = 0; i < 100; i++) expect(table.placeOf(key())).toBe(-1);
  });

  it('takes keys that crowd, and gives the first of equal ones', () => {
    const table = new KeyTable(BigUint64Array.from([5n, 5n, 5n + (1n << 40n), 6n]));
    expect([5n, 5n + (1n << 40n), 6n, 7n].map((key) => table.placeOf(key))).toEqual([0, 2, 3, -1]);
  });
});
