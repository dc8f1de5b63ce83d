import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { python } from '../../../test/reference.js';
import { InputError } from '../../base/index.js';
import { fromArray, fromBytes, toBytes, toFloat32Array } from '../memory.js';
import { liveTensors } from '../runtime.js';
import { ones, randn, type Tensor, zeros } from '../tensor.js';
import { type DType, scope } from '../tensor-base.js';
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from './safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

const everyType = (): Record<string, Tensor> => ({
  uint8: fromArray(Uint8Array.of(0, 1, 255), [1, 3]),
  bool: fromBytes(Uint8Array.of(1, 0, 1), [3], 'bool'),
  float64: fromArray(Float64Array.of(Math.PI, -1e300)),
  float32: fromArray([1 / 3, -0, Number.POSITIVE_INFINITY, Number.NaN], [2, 2]),
  float16: fromArray([1.5, -65504, 6e-8]).to('float16'),
  bfloat16: fromArray([1, -2.5, 3.14]).to('bfloat16'),
  int64: fromArray(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)),
  int32: fromArray(Int32Array.of(-(2 ** 31), 5)),
  int16: fromArray(Int16Array.of(-(2 ** 15), 5, 6)),
  empty: zeros([0, 4], 'float32'),
  scalar: zeros([], 'float32').add(2.5),
  'ünïcode/名前 "quoted"': ones([2], 'float32'),
  transposed: fromArray([1, 2, 3, 4, 5, 6], [2, 3]).transpose(0, 1),
});

describe('writing and reading', () => {
  it('gives back every type, shape and name, and the metadata', () => {
    scope(() => {
      const written = everyType();
      const metadata = { step: '7', note: 'line\nbreak' };
      writeSafetensors(file('every.safetensors'), written, metadata);
      const read = readSafetensors(file('every.safetensors'));
      expect(read.metadata).toEqual(metadata);
      expect(Object.keys(read.tensors)).toEqual(Object.keys(written));
      for (const [name, tensor] of Object.entries(written)) {
        const back = read.tensors[name]!;
        expect([back.dtype, ...back.shape], name).toEqual([tensor.dtype, ...tensor.shape]);
        expect(toBytes(back), name).toEqual(toBytes(tensor));
      }
      expect(toFloat32Array(read.tensors.transposed!)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    });
  });

  it('frees what it made where the scope ends', () => {
    const before = liveTensors();
    scope(() => {
      readSafetensors(file('every.safetensors'));
    });
    expect(liveTensors()).toBe(before);
  });

  it('writes no tensor, and one without elements', () => {
    writeSafetensors(file('none.safetensors'), {});
    expect(readSafetensors(file('none.safetensors')).tensors).toEqual({});
    scope(() => {
      writeSafetensors(file('empty.safetensors'), { empty: zeros([3, 0], 'int64') });
      expect([...readSafetensors(file('empty.safetensors')).tensors.empty!.shape]).toEqual([3, 0]);
    });
  });

  it('carries names that JavaScript has a use of its own for', () => {
    scope(() => {
      const names = ['__proto__', 'constructor', 'toString'];
      const tensors = Object.fromEntries(names.map((name, i) => [name, ones([i + 1], 'float32')]));
      writeSafetensors(file('proto.safetensors'), tensors);
      const read = readSafetensors(file('proto.safetensors'));
      expect(Object.keys(read.tensors)).toEqual(names);
      expect(Object.entries(read.tensors).map(([, tensor]) => tensor.size(0))).toEqual([1, 2, 3]);
      expect(Object.getPrototypeOf(read.tensors)).toBe(Object.prototype);
    });
  });

  it('refuses a tensor that has the name of the metadata', () => {
    scope(() => {
      expect(() => writeSafetensors(file('meta.safetensors'), { __metadata__: ones([1]) })).toThrow('__metadata__');
    });
  });

  it('lets the file be deleted, and leaves it as it is when a view is written to', () => {
    scope(() => {
      const path = file('view.safetensors');
      const values = randn([1000], 'float32');
      writeSafetensors(path, { values });
      const bytes = readFileSync(path);
      const { tensors } = readSafetensors(path);
      tensors.values!.add_(1);
      expect(readFileSync(path)).toEqual(bytes);
      rmSync(path);
      expect(toFloat32Array(tensors.values!.sub(1).sub(values).abs().amax([0]))[0]).toBeLessThan(1e-6);
    });
  });

  it('replaces a file whose views are still alive', () => {
    scope(() => {
      const path = file('replaced.safetensors');
      writeSafetensors(path, { x: ones([4], 'float32') });
      const { x } = readSafetensors(path).tensors;
      writeSafetensors(path, { x: zeros([4], 'float32') });
      expect([...toFloat32Array(x!)]).toEqual([1, 1, 1, 1]);
      expect([...toFloat32Array(readSafetensors(path).tensors.x!)]).toEqual([0, 0, 0, 0]);
    });
  });
});

describe('beside an independent author in Python', () => {
  const made = python(join(import.meta.dirname, 'fixtures/every_dtype.py'), folder);

  it.skipIf(made === undefined)('reads its files, also where the data are not aligned', () => {
    scope(() => {
      const { tensors, metadata } = readSafetensors(file('unaligned.safetensors'));
      expect(readSafetensorsHeader(file('unaligned.safetensors')).entries.float64!.start % 8).not.toBe(0);
      expect(metadata).toEqual({ made: 'by hand', quote: 'a "b"' });
      const typed = (name: string, type: { new (buffer: ArrayBufferLike): ArrayLike<number | bigint> }) =>
        Array.from(new type(toBytes(tensors[name]!).buffer));
      expect(typed('uint8', Uint8Array)).toEqual([0, 1, 255]);
      expect(typed('float64', Float64Array)).toEqual([Math.PI, -1e300, Number.POSITIVE_INFINITY]);
      expect(typed('float32', Float32Array)).toEqual([0, 1, 2, 3, 4, 5].map((n) => Math.fround(n / 7)));
      expect([...toFloat32Array(tensors.float16!)]).toEqual([1.5, -65504]);
      expect(typed('int64', BigInt64Array)).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
      expect(typed('int32', Int32Array)).toEqual([-(2 ** 31), 5]);
      expect(typed('int16', Int16Array)).toEqual([-(2 ** 15), 5, 6]);
      expect(typed('bool', Uint8Array)).toEqual([1, 0, 1]);
      expect([...tensors.empty!.shape]).toEqual([0, 4]);
      expect(tensors.scalar!.item()).toBe(2.5);
      expect([...tensors.scalar!.shape]).toEqual([]);
      expect([...toFloat32Array(tensors['ünïcode/名前']!)]).toEqual([1, 1]);
      expect(Object.keys(readSafetensors(file('aligned.safetensors')).tensors)).toEqual(['float64', 'float32', 'bool']);
      const { x } = readSafetensors(file('bfloat16.safetensors')).tensors;
      expect(x!.dtype).toBe('bfloat16');
      expect([...toFloat32Array(x!)]).toEqual([1, -2.5, 3.140625]);
    });
  });

  it.skipIf(made === undefined)('writes files that it reads alike', () => {
    scope(() => {
      const written = everyType();
      writeSafetensors(file('ours.safetensors'), written, { a: 'b' });
      const read = JSON.parse(python(join(import.meta.dirname, 'fixtures/read_back.py'), file('ours.safetensors'))!);
      expect(read.metadata).toEqual({ a: 'b' });
      const codes: Record<DType, string> = {
        float64: 'F64',
        float32: 'F32',
        float16: 'F16',
        bfloat16: 'BF16',
        int64: 'I64',
        int32: 'I32',
        int16: 'I16',
        uint8: 'U8',
        bool: 'BOOL',
      };
      const expected = Object.entries(written).map(([name, tensor]) => [
        name,
        { dtype: codes[tensor.dtype], shape: [...tensor.shape], hex: Buffer.from(toBytes(tensor)).toString('hex') },
      ]);
      expect(read.tensors).toEqual(Object.fromEntries(expected));
    });
  });
});

describe('a file that is none is refused, by its name', () => {
  const write = (name: string, header: unknown, data = 0, length?: bigint): string => {
    const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(length ?? BigInt(text.length));
    writeFileSync(file(name), Buffer.concat([prefix, text, Buffer.alloc(data)]));
    return file(name);
  };
  const plain = (name: string, text: string): string => {
    writeFileSync(file(name), text);
    return file(name);
  };
  const float = (start: number, end: number, shape: unknown = [(end - start) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [start, end],
  });
  const cases: [string, () => string, string][] = [
    ['missing', () => file('nowhere'), 'no such file'],
    ['a folder', () => folder, 'no regular file'],
    ['of zero bytes', () => plain('zero', ''), 'a file of 0 bytes'],
    ['of five bytes', () => plain('five', 'hello'), 'a file of 5 bytes'],
    ['with an enormous header', () => write('huge', {}, 0, 2n ** 64n - 1n), 'a header of'],
    ['with a header longer than the file', () => write('long', {}, 3, 100n), 'a header of 100 bytes in a file of 13'],
    ['without a header', () => write('blank', ''), 'a header that is not JSON'],
    ['with a header that is not JSON', () => write('text', '{"a": '), 'a header that is not JSON'],
    ['with a list as header', () => write('list', [1]), 'a header that is no object'],
    ['with null as header', () => write('null', null), 'a header that is no object'],
    ['with metadata that are no text', () => write('meta', { __metadata__: { a: 1 } }), '__metadata__'],
    ['with metadata that are a list', () => write('metalist', { __metadata__: ['a'] }), '__metadata__'],
    ['with a tensor that is null', () => write('entry', { x: null }), "tensor 'x'"],
    ['with an unknown type', () => write('type', { x: { ...float(0, 4), dtype: 'F8' } }, 4), 'of type "F8"'],
    ['with a type of JavaScript', () => write('js', { x: { ...float(0, 4), dtype: 'constructor' } }, 4), 'constructor'],
    ['with a negative size', () => write('size', { x: float(0, 4, [-1]) }, 4), "tensor 'x' of shape [-1]"],
    ['with half a size', () => write('half', { x: float(0, 4, [0.5]) }, 4), "tensor 'x' of shape [0.5]"],
    ['with a shape that is a text', () => write('shape', { x: float(0, 4, '1') }, 4), 'of shape "1"'],
    ['with sizes beyond counting', () => write('big', { x: float(0, 4, [2 ** 50, 2 ** 50]) }, 4), "tensor 'x'"],
    ['with negative offsets', () => write('negative', { x: float(-4, 0) }, 4), 'offsets [-4,0]'],
    ['with offsets the wrong way', () => write('wrong', { x: float(4, 0, [1]) }, 4), 'offsets [4,0]'],
    ['with three offsets', () => write('three', { x: { ...float(0, 4), data_offsets: [0, 2, 4] } }, 4), 'offsets'],
    ['with fewer bytes than the shape', () => write('few', { x: float(0, 4, [2]) }, 4), 'for 8 bytes'],
    ['that is cut off', () => write('cut', { x: float(0, 8) }, 7), "tensor 'x' that ends after the end of the file"],
    ['with tensors that overlap', () => write('over', { x: float(0, 8), y: float(4, 12) }, 12), "tensor 'y'"],
    ['with a hole between tensors', () => write('hole', { x: float(0, 4), y: float(8, 12) }, 12), "tensor 'y'"],
    ['with bytes after the last tensor', () => write('tail', { x: float(0, 4) }, 9), '5 bytes'],
    [
      'with a name given twice',
      () => write('twice', `{"x":${JSON.stringify(float(0, 4))},"x":${JSON.stringify(float(4, 8))}}`, 8),
      "tensor 'x'",
    ],
  ];

  it.each(cases)('%s', (_, make, found) => {
    const path = make();
    let thrown: unknown;
    try {
      readSafetensors(path);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InputError);
    expect((thrown as Error).message).toContain(path);
    expect((thrown as Error).message).toContain(found);
    expect((thrown as Error).message).toContain('expected a safetensors file');
  });

  it('with tensors in another order than their names is read', () => {
    const path = write('order', { b: float(4, 8), a: float(0, 4), none: float(8, 8) }, 8);
    scope(() => expect(Object.keys(readSafetensors(path).tensors)).toEqual(['b', 'a', 'none']));
  });
});
