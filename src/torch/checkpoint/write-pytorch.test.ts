import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { python } from '../../../test/reference.js';
import { arange, fromArray, liveTensors, manualSeed, randn, scope, type Tensor, toFloat32Array } from '../index.js';
import { writePytorch } from './write-pytorch.js';
import { zipArchive } from './zip-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-pytorch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.pth');
const LOADER = join(import.meta.dirname, 'fixtures/torch_load.py');

function tensors(): Record<string, Tensor> {
  manualSeed(1);
  const matrix = randn([3, 4], 'float32');
  return {
    matrix,
    'blocks.0.norm1.weight': randn([5], 'float32').to('bfloat16'),
    half: randn([2, 3, 1], 'float32').to('float16'),
    double: randn([2], 'float64'),
    transposed: matrix.transpose(0, 1),
    part: matrix.chunk(3, 0)[1]!,
    count: arange(0, 7, 1, 'int64').select(0, 6),
    small: fromArray(Int16Array.of(-3, 4)),
    integers: fromArray(Int32Array.of(-70000, 4)),
    bytes: fromArray(Uint8Array.of(0, 255)),
    yes: fromArray([0, 1]).to('bool'),
    empty: randn([0, 3], 'float32'),
    ünïcode: fromArray([1]),
  };
}

const alignments = (file: string): string =>
  `import sys, zipfile
with zipfile.ZipFile(${JSON.stringify(file)}) as z:
    assert z.testzip() is None
    for i in z.infolist():
        z.fp.seek(i.header_offset + 26)
        name, extra = z.fp.read(2), z.fp.read(2)
        at = i.header_offset + 30 + int.from_bytes(name, "little") + int.from_bytes(extra, "little")
        print(i.filename, at % 64, i.compress_type)`;

describe('a state dict as torch.save writes it', () => {
  it('is read by torch.load: types, shapes, values', ({ skip }) => {
    const expected = scope(() => {
      const given = tensors();
      writePytorch(path, given);
      return Object.entries(given).map(([name, tensor]) => ({
        name,
        dtype: tensor.dtype,
        shape: [...tensor.shape],
        values: [...toFloat32Array(tensor)],
      }));
    });
    const printed = python(LOADER, path);
    if (printed === undefined) return skip('no torch in Python');
    const read = JSON.parse(printed).tensors as Record<string, Record<string, unknown>>;
    expect(Object.keys(read)).toEqual(expected.map(({ name }) => name));
    for (const { name, dtype, shape, values } of expected) {
      expect(read[name]).toMatchObject({ dtype, shape, contiguous: true });
      expect(Float32Array.from(read[name]!.values as number[]), name).toEqual(Float32Array.from(values));
    }
  });

  it('is a ZIP archive of whole records, each aligned to 64 bytes', ({ skip }) => {
    scope(() => writePytorch(path, tensors()));
    let printed: string;
    try {
      printed = execFileSync('/usr/bin/python3', ['-c', alignments(path)], { encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return skip('no Python');
      throw error;
    }
    const lines = printed.trim().split('\n');
    expect(lines).toHaveLength(3 + Object.keys(scope(tensors)).length);
    for (const line of lines) expect(line).toMatch(/^archive\/\S+ 0 0$/);
  });

  it('is the same file for the same tensors, and leaves no tensor behind', () => {
    const before = liveTensors();
    const [first, second] = [1, 2].map(() => {
      scope(() => writePytorch(path, tensors()));
      return readFileSync(path);
    });
    expect(first!.equals(second!)).toBe(true);
    expect(liveTensors()).toBe(before);
  });

  it('may be stored in half precision, whole numbers apart; progress ends at the total', () => {
    const seen: number[][] = [];
    scope(() => {
      const given = { weight: randn([100], 'float32'), count: arange(0, 4, 1, 'int64') };
      writePytorch(path, given, { dtype: 'float16', onProgress: (...step) => seen.push(step) });
    });
    expect(seen).toEqual([
      [200, 232],
      [232, 232],
    ]);
    const bytes = readFileSync(path);
    expect(bytes.includes('HalfStorage')).toBe(true);
    expect(bytes.includes('LongStorage')).toBe(true);
  });
});

it('an archive over 4 GiB points beyond it by its ZIP64 records', () => {
  const records = 5;
  const large = new Uint8Array(2 ** 30);
  const contents = (function* () {
    for (let i = 0; i < records; i++) yield { name: `large${i}`, content: () => large };
    yield { name: 'last', content: () => Buffer.from('here') };
  })();
  let length = 0;
  let beforeDirectory = 0;
  let tail: Uint8Array[] = [];
  for (const part of zipArchive(contents)) {
    if (part.length < 1000) tail = [...tail.slice(-4), part];
    if (Buffer.from(part.subarray(0, 4)).equals(Buffer.from('PK\x01\x02'))) beforeDirectory = length;
    length += part.length;
  }
  const [header, data, central, end] = tail.slice(-4).map((part) => Buffer.from(part)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  expect(String(data)).toBe('here');
  expect(header.readUInt32LE(0)).toBe(0x04034b50);
  expect(Number(end.readBigUInt64LE(48))).toBe(beforeDirectory);
  expect(Number(end.readBigUInt64LE(32))).toBe(records + 1);
  const lastEntry = central.lastIndexOf('PK\x01\x02');
  const offset = Number(central.readBigUInt64LE(lastEntry + 46 + 'last'.length + 4));
  expect(offset).toBe(beforeDirectory - data.length - header.length);
  expect(end.length).toBe(56 + 20 + 22);
});
