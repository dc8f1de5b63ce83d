import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError, Random } from '../../base/index.js';
import { toBytes } from '../memory.js';
import { liveTensors } from '../runtime.js';
import { Tensor } from '../tensor.js';
import { elementCount, scope } from '../tensor-base.js';
import { type CheckpointValue, readCheckpoint } from './index.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const ROUNDS = process.env.HILUM_TEST_FULL ? 5000 : 150;
const folder = mkdtempSync(join(tmpdir(), 'hilum-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const OPCODES = [
  0x28, 0x30, 0x31, 0x32, 0x52, 0x51, 0x61, 0x62, 0x63, 0x65, 0x68, 0x71, 0x73, 0x74, 0x75, 0x80, 0x81, 0x85, 0x86,
  0x93, 0x94,
];

/** The bytes with one to four changes of a random kind, within the given part. */
function mutated(original: Buffer, random: Random, from: number, to: number): Buffer {
  let bytes = Buffer.from(original);
  const at = () => Math.min(Math.floor(random.between(from, to)), bytes.length - 1);
  for (let changes = 1 + (random.uint32() % 4); changes > 0; changes--) {
    const place = at();
    const length = 1 + (random.uint32() % 16);
    const kind = random.uint32() % 7;
    if (kind === 0) bytes[place]! ^= 1 << (random.uint32() % 8);
    else if (kind === 1) bytes[place] = random.uint32() % 256;
    else if (kind === 2) bytes[place] = OPCODES[random.uint32() % OPCODES.length]!;
    else if (kind === 3) bytes.fill(random.uint32() % 2 ? 0xff : 0, place, Math.min(place + length, bytes.length));
    else if (kind === 4) bytes.copy(bytes, place, at(), bytes.length);
    else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + length)]);
    else bytes = Buffer.concat([bytes.subarray(0, place + length), bytes.subarray(place)]);
  }
  return bytes;
}

/** Touches every element. */
function use(value: CheckpointValue): void {
  if (value instanceof Tensor) {
    expect(toBytes(value).length).toBeGreaterThanOrEqual(elementCount(value.shape));
  } else if (Array.isArray(value)) value.forEach(use);
  else if (value !== null && typeof value === 'object') Object.values(value).forEach(use);
}

describe('files with random changes are read or refused', () => {
  const files = readdirSync(FIXTURES).filter((name) => /\.(pth|safetensors)$/.test(name));

  it.each(files)('%s', (name) => {
    const original = readFileSync(join(FIXTURES, name));
    const random = Random.of(9, name);
    const before = liveTensors();
    const pickle = original.indexOf('data.pkl');
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The pickle, which stands at the start, is where the work is done.
      const toPickle = name.endsWith('.pth') && round % 3 > 0;
      const [from, to] = toPickle
        ? [Math.max(pickle, 0), Math.min(original.length, pickle + 4000)]
        : [0, original.length];
      const path = join(folder, `${name}-${round}`);
      writeFileSync(path, mutated(original, random, from, to));
      const start = performance.now();
      try {
        scope(() => use(readCheckpoint(path).root));
      } catch (error) {
        if (!(error instanceof InputError)) throw new Error(`round ${round}: ${(error as Error).stack}`);
        refused++;
      }
      expect(performance.now() - start, `round ${round}: milliseconds`).toBeLessThan(5000);
      rmSync(path);
    }
    expect(refused).toBeGreaterThan(ROUNDS / 10);
    expect(liveTensors()).toBe(before);
  });
});
