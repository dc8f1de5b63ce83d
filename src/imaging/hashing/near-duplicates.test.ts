import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { HammingIndex } from './hamming-index.js';
import { nearDuplicates, nearestHashes } from './near-duplicates.js';
import { hammingDistance } from './perceptual-hash.js';

const random = Random.of(1, 'hashes');
const randomHash = () => BigInt(random.integer(2 ** 32)) | (BigInt(random.integer(2 ** 32)) << 32n);

function changed(hash: bigint, bits: number): bigint {
  const order = random.permutation(64);
  return [...order.slice(0, bits)].reduce((it, bit) => it ^ (1n << BigInt(bit)), hash);
}

/** Hashes of which many are near others, at all distances around those that are searched for, and some equal. */
function crowd(n: number): BigUint64Array {
  const hashes = [randomHash()];
  while (hashes.length < n) {
    const known = hashes[random.integer(hashes.length)]!;
    hashes.push(random.integer(3) === 0 ? randomHash() : changed(known, random.integer(20)));
  }
  return BigUint64Array.from(hashes);
}

describe('HammingIndex', () => {
  const hashes = crowd(1200);

  it.each([0, 1, 2, 3, 4, 5, 7, 8, 10, 12, 16])('finds what a scan of all finds, within %i bits', (distance) => {
    const index = new HammingIndex(hashes, distance);
    const queries = [...hashes.slice(0, 60), ...Array.from({ length: 20 }, randomHash), 0n, 2n ** 64n - 1n];
    let found = 0;
    for (const query of queries) {
      const near: [number, number][] = [];
      index.near(query, (i, bits) => near.push([i, bits]));
      const expected = [...hashes].flatMap((hash, i): [number, number][] => {
        const bits = hammingDistance(hash, query);
        return bits <= distance ? [[i, bits]] : [];
      });
      expect(near.sort(([a], [b]) => a - b)).toEqual(expected);
      found += near.length;
    }
    expect(found).toBeGreaterThanOrEqual(60);
  });

  it('refuses a distance at which everything is near', () => {
    for (const distance of [-1, 1.5, 17, Number.NaN])
      expect(() => new HammingIndex(hashes, distance)).toThrow(RangeError);
  });

  it('takes no hashes at all', () => {
    new HammingIndex(new BigUint64Array(), 4).near(5n, () => expect.unreachable());
  });
});

describe('nearDuplicates', () => {
  it.each([0, 3, 8])(
    'leaves pictures that are far from each other and stand for the rest, within %i bits',
    async (distance) => {
      const hashes = crowd(500);
      const order = Uint32Array.from(random.permutation(500));
      const { by, distance: bits } = await nearDuplicates(hashes, order, { distance });
      expect([...bits]).toEqual([...hashes].map((hash, i) => hammingDistance(hash, hashes[by[i]!]!)));
      expect(Math.max(...bits)).toBeLessThanOrEqual(distance);
      const standing = [...by.keys()].filter((i) => by[i] === i);
      expect(new Set(by)).toEqual(new Set(standing));
      const apart = standing.flatMap((a) =>
        standing.filter((b) => b < a).map((b) => hammingDistance(hashes[a]!, hashes[b]!)),
      );
      expect(Math.min(...apart)).toBeGreaterThan(distance);
      const rank = new Map([...order].map((picture, i) => [picture, i]));
      expect([...by].filter((it, i) => rank.get(it)! > rank.get(i)!)).toEqual([]);
    },
  );

  it('does not hang pictures together by way of others', async () => {
    const hashes = BigUint64Array.from([0b0n, 0b11n, 0b1111n, 0b111111n]);
    const { by } = await nearDuplicates(hashes, Uint32Array.from([0, 1, 2, 3]), { distance: 2 });
    expect([...by]).toEqual([0, 0, 2, 2]);
  });

  it('is quick where many are equal or near', async () => {
    const few = crowd(3);
    const hashes = BigUint64Array.from({ length: 200_000 }, (_, i) => few[i % 3]!);
    const start = performance.now();
    const { by } = await nearDuplicates(hashes, Uint32Array.from(hashes.keys()), { distance: 8 });
    expect(by.every((it) => it < 3)).toBe(true);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('can be stopped', async () => {
    const hashes = BigUint64Array.from({ length: 100_000 }, randomHash);
    const stop = new AbortController();
    const search = nearDuplicates(hashes, Uint32Array.from(hashes.keys()), {
      distance: 12,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(search).rejects.toBe(stop.signal.reason);
  });
});

describe('nearestHashes', () => {
  it('gives the nearest reference, the first of equals, and none where there is none', async () => {
    const references = crowd(500);
    const hashes = BigUint64Array.from({ length: 400 }, () =>
      changed(references[random.integer(500)]!, random.integer(9)),
    );
    const { by, distance } = await nearestHashes(hashes, references, { distance: 6 });
    for (let i = 0; i < 150; i++) {
      const all = [...references].map((hash) => hammingDistance(hash, hashes[i]!));
      const least = Math.min(...all);
      expect([by[i], distance[i]]).toEqual(least <= 6 ? [all.indexOf(least), least] : [-1, 0]);
    }
  });
});
