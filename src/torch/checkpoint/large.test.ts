import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytes, dict, integer, pickle, storage, tensor, text, tuple, uint32 } from '../../../test/pickles.js';
import type { Tensor } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { readCheckpoint } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COUNT = 1_200_000_000;
const SIZE = 4 * COUNT;
const uint64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

/** A file with holes between the parts, which take no room on the disk. */
function sparse(name: string, parts: [number, Uint8Array][]): string {
  const descriptor = openSync(join(folder, name), 'w');
  for (const [position, content] of parts) writeSync(descriptor, content, 0, content.length, position);
  closeSync(descriptor);
  return join(folder, name);
}

function expectLarge(path: string): void {
  const before = process.memoryUsage().rss;
  const start = performance.now();
  scope(() => {
    const { large, small } = readCheckpoint(path).root as Record<string, Tensor>;
    expect([...large!.shape]).toEqual([COUNT]);
    expect([0, 1, COUNT - 1].map((at) => large!.select(0, at).item())).toEqual([1.5, 0, 2.5]);
    expect([0, 1].map((at) => small!.select(0, at).item())).toEqual([3.5, 4.5]);
    large!.select(0, COUNT - 1).fill_(9);
    expect(large!.select(0, COUNT - 1).item()).toBe(9);
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  expect(performance.now() - start).toBeLessThan(5000); // a copy would take longer
}

/** An entry of a ZIP and its record in the directory, both with ZIP64 sizes. The header has 60 bytes with a name of 10. */
function entry(name: string, place: number, length: number): { local: Buffer; record: Buffer } {
  const sizes = bytes(uint64(length), uint64(length));
  const full = bytes(uint32(0xffffffff), uint32(0xffffffff), name.length, 0);
  const version = bytes(45, 0, Buffer.alloc(6), Buffer.alloc(6));
  const local = bytes('PK\x03\x04', version, full, 20, 0, name, 1, 0, 16, 0, sizes);
  const fields = bytes(28, 0, Buffer.alloc(10), uint32(0xffffffff), name, 1, 0, 24, 0, sizes, uint64(place));
  return { local, record: bytes('PK\x01\x02', 45, 0, version, full, fields) };
}

describe('a file over 4 GiB', () => {
  const skipped = !process.env.HILUM_TEST_FULL;

  it.skipIf(skipped)('of safetensors (with HILUM_TEST_FULL=1)', () => {
    const header = JSON.stringify({
      large: { dtype: 'F32', shape: [COUNT], data_offsets: [0, SIZE] },
      small: { dtype: 'F32', shape: [2], data_offsets: [SIZE, SIZE + 8] },
    }).padEnd(256);
    const start = 8 + header.length;
    const parts: [number, Uint8Array][] = [
      [0, bytes(uint64(header.length), header, floats(1.5))],
      [start + SIZE - 4, floats(2.5, 3.5, 4.5)],
    ];
    expectLarge(sparse('large.safetensors', parts));
  });

  it.skipIf(skipped)('of torch.save, with one storage over 4 GiB and others behind it (with HILUM_TEST_FULL=1)', () => {
    const vector = (key: string, length: number) =>
      tensor(integer(0), tuple(integer(length)), tuple(integer(1)), storage(key, length));
    const content = pickle(dict(text('large'), vector('00', COUNT), text('small'), vector('01', 2)));
    const first = entry('ab/data/00', 0, SIZE);
    const second = entry('ab/data/01', first.local.length + SIZE, 8);
    const third = entry('ab/data.pkl', first.local.length + SIZE + second.local.length + 8, content.length);
    const tail = bytes(floats(2.5), second.local, floats(3.5, 4.5), third.local, content);
    const directory = bytes(first.record, second.record, third.record);
    const place = first.local.length + SIZE - 4 + tail.length;
    const end64 = bytes(
      'PK\x06\x06',
      uint64(44),
      45,
      0,
      45,
      0,
      Buffer.alloc(8),
      uint64(3),
      uint64(3),
      uint64(directory.length),
      uint64(place),
    );
    const locator = bytes('PK\x06\x07', Buffer.alloc(4), uint64(place + directory.length), uint32(1));
    const end = bytes('PK\x05\x06', Buffer.alloc(4), 3, 0, 3, 0, uint32(0xffffffff), uint32(0xffffffff), 0, 0);
    const path = sparse('large.pth', [
      [0, bytes(first.local, floats(1.5))],
      [first.local.length + SIZE - 4, bytes(tail, directory, end64, locator, end)],
    ]);
    expectLarge(path);
  });
});
