import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { python } from '../../../test/reference.js';
import { fromArray, toBytes, toFloat32Array } from '../memory.js';
import { liveTensors } from '../runtime.js';
import { ones, Tensor } from '../tensor.js';
import { scope } from '../tensor-base.js';
import type { CheckpointRecord, CheckpointValue } from './index.js';
import { Inert, readCheckpoint, readSafetensors, writePytorch, writeSafetensors } from './index.js';

const STORED = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'hilum-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fresh = join(folder, 'fresh');
mkdirSync(fresh);
const made = python(join(STORED, 'make-checkpoints.py'), fresh) !== undefined;

const inFolders = (pattern: RegExp): string[] =>
  (made ? [STORED, fresh] : [STORED]).flatMap((place) =>
    readdirSync(place)
      .filter((name) => pattern.test(name))
      .map((name) => join(place, name)),
  );
const valuesOf = (path: string, name: string) => readSafetensors(join(path, '..', name)).tensors;
const record = (value: CheckpointValue | undefined) => value as CheckpointRecord;

/** Fails unless the record has these tensors alone, in their order, to the bit. */
function expectTensors(actual: CheckpointRecord, expected: Record<string, Tensor>): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const value = actual[name];
    if (!(value instanceof Tensor)) throw new Error(`${name} is ${JSON.stringify(value)}`);
    expect([value.dtype, ...value.shape], name).toEqual([tensor.dtype, ...tensor.shape]);
    expect(toBytes(value), name).toEqual(toBytes(tensor));
  }
}

describe('tensors of every type and layout', () => {
  const files = inFolders(/^(zip|legacy|deflated|torch2).*\.pth$/);

  it.each(files)('%s', (path) => {
    scope(() => {
      const { format, root, files: read } = readCheckpoint(path);
      expect(format).toBe(/legacy/.test(path) ? 'pytorch legacy' : 'pytorch');
      expect(read).toEqual([path]);
      expectTensors(record(root.model), valuesOf(path, 'expected.safetensors'));
      const reasons = Object.entries(record(root.others)).map(([name, value]) => [name, (value as Inert).type]);
      expect(Object.fromEntries(reasons)).toMatchObject({
        complex64: 'torch.complex64',
        int8: 'torch.int8',
        sparse: 'torch._utils._rebuild_sparse_tensor',
        quantized: 'torch._utils._rebuild_qtensor',
      });
      if (/torch2/.test(path)) {
        expect(Object.fromEntries(reasons)).toMatchObject({ float8: 'torch.float8_e4m3fn', uint16: 'torch.uint16' });
      }
      expect([...toFloat32Array(root.attributed as Tensor)]).toEqual([1, 1]);
    });
  });

  it.each(files.filter((path) => path.startsWith(STORED)))(
    'shares the memory of a storage, and leaves the file alone: %s',
    (path) => {
      scope(() => {
        const { model, again } = readCheckpoint(path).root;
        const { whole, transposed, part } = record(model) as Record<string, Tensor>;
        (again as Tensor).fill_(7);
        for (const tensor of [whole!, transposed!, part!]) {
          expect(new Set(toFloat32Array(tensor))).toEqual(new Set([7]));
        }
        expectTensors(record(readCheckpoint(path).root.model), valuesOf(path, 'expected.safetensors'));
      });
    },
  );

  it('keeps the strides of what was saved, but no two elements in one place', () => {
    scope(() => {
      const { model } = readCheckpoint(join(STORED, 'zip-2.pth')).root;
      const { repeated, windows } = record(model) as Record<string, Tensor>;
      repeated!.select(1, 0).fill_(9);
      expect(toFloat32Array(repeated!)[1]).not.toBe(9);
      expect([...toFloat32Array(windows!)]).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5]);
    });
  });

  it('leaves no tensor behind where the scope ends', () => {
    const before = liveTensors();
    scope(() => {
      for (const path of files.slice(0, 4)) readCheckpoint(path);
    });
    expect(liveTensors()).toBe(before);
    const { root } = readCheckpoint(files[0]!);
    expect(liveTensors()).toBeGreaterThan(before);
    for (const value of [...Object.values(record(root.model)), root.attributed]) (value as Tensor).free();
    expect(liveTensors()).toBe(before); // `again` is `whole`
  });
});

describe('tensors of a GPU, saved by an early PyTorch on Python 2', () => {
  it.each(inFolders(/^cuda\.pth$/))('%s', (path) => {
    scope(() => {
      const { root } = readCheckpoint(path);
      const { 'module.matrix': matrix, 'module.view': view, 'module.other': other } = record(root.state_dict);
      const numbers = (value: CheckpointValue | undefined) => [...toFloat32Array(value as Tensor)];
      expect(numbers(matrix)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      expect(numbers(view)).toEqual([5, 6, 7, 8]);
      expect(numbers(other)).toEqual([-1, -2, -3]);
      (view as Tensor).fill_(0.5);
      expect(numbers(matrix)).toEqual([0, 1, 2, 3, 4, 0.5, 0.5, 0.5, 0.5, 9, 10, 11]);
    });
  });
});

describe('a training checkpoint', () => {
  it.each(inFolders(/^training.*\.pth$/))('%s', (path) => {
    scope(() => {
      const { root } = readCheckpoint(path);
      const stored = Object.entries(valuesOf(path, 'training.safetensors'));
      const expected = (prefix: string) =>
        Object.fromEntries(
          stored
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, tensor]) => [name.replace(/^\d\./, ''), tensor]),
        );
      expectTensors(record(root.teacher), expected('backbone.'));
      const optimizer = record(root.optimizer);
      expectTensors(record(record(optimizer.state)['0']), expected('0.'));
      expectTensors(record(record(optimizer.state)['1']), expected('1.'));
      expect((optimizer.param_groups as CheckpointRecord[])[0]).toMatchObject({
        lr: 1e-3,
        betas: [0.9, 0.999],
        params: [0, 1],
      });

      expect(root.args).toEqual({ lr: 0.1, output: '/runs/a', nothing: null, many: [1, 2.5] });
      expect([root.epoch, root.best, root.ok, root.loss]).toEqual([7, 0.875, true, 0.5]);
      expect([root.big, root.negative, root.float, root.infinite]).toEqual([
        2n ** 80n,
        -(2n ** 62n),
        -0.1,
        Number.POSITIVE_INFINITY,
      ]);
      for (const [name, dtype] of [
        ['array', 'float32'],
        ['fortran', 'float64'],
      ] as const) {
        const array = root[name] as Tensor;
        expect([array.dtype, ...array.shape, ...toFloat32Array(array)]).toEqual([dtype, 2, 3, 0, 1, 2, 3, 4, 5]);
      }
      expect([...(root.generator as Tensor).shape]).toEqual([8]);
      expect((root.numpy as CheckpointValue[]).map((value) => (value instanceof Inert ? value.reason : value))).toEqual(
        ['MT19937', 'an array of a type that hilum does not have', 624, 0, 0],
      );
      expect([root.counter, root.default, root.set, root.frozen]).toEqual([{ a: 1, b: 2 }, { a: [1] }, [3], [4]]);
      expect([root.size, root.dtype, root.device]).toEqual([[2, 3], 'torch.bfloat16', 'cuda:1']);
      expect([root.text, root.true]).toEqual(['ünïcode 名前 😀', true]);
      expect(root.callbacks).toEqual({ 'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint': { best: 0.5 } });
      expect([root.hyper, root.config]).toEqual([{ rate: 0.25 }, { arch: 'vit_small', sizes: [224, 98] }]);

      const inert = [
        'unsigned',
        'texts',
        'bigEndian',
        'complex',
        'bytes',
        'bytearray',
        'slice',
        'pairs',
        'numbers',
        'storage',
      ];
      for (const name of inert) expect(root[name], name).toBeInstanceOf(Inert);
      expect((root.circle as CheckpointValue[])[0]).toMatchObject({ reason: 'contains itself' });
      expect((root.pairs as Inert).reason).toBe('has keys of type tuple');
      expect(Object.keys(root)).toContain('__proto__');
      expect('polluted' in {} || 'polluted' in root).toBe(false);
    });
  });
});

describe('a whole network that was pickled', () => {
  it.each(inFolders(/^module.*\.pth$/))('%s is its state dict', (path) => {
    scope(() => {
      const { root } = readCheckpoint(path);
      const expected = Object.entries(valuesOf(path, 'module.safetensors'));
      expect(expected.length).toBeGreaterThan(30);
      if (path.includes('legacy')) {
        expect(root.epoch).toBe(3);
        expectTensors(
          record(root.model),
          Object.fromEntries(expected.map(([name, value]) => [`module.${name}`, value])),
        );
      } else expectTensors(root, Object.fromEntries(expected));
    });
  });
});

describe('what hilum writes', () => {
  it('comes back: safetensors, and as torch.save writes', () => {
    scope(() => {
      const tensors = { a: fromArray([1, 2, 3]), 'b.c': ones([2, 2], 'bfloat16') };
      writeSafetensors(join(folder, 'ours.safetensors'), tensors, { source: 'a test' });
      const { format, root, metadata } = readCheckpoint(join(folder, 'ours.safetensors'));
      expect([format, metadata]).toEqual(['safetensors', { source: 'a test' }]);
      expectTensors(root, tensors);
      writePytorch(join(folder, 'ours.pth'), tensors);
      expectTensors(readCheckpoint(join(folder, 'ours.pth')).root, tensors);
    });
  });

  it('tells a type that hilum lacks from the others', () => {
    const header = JSON.stringify({
      a: { dtype: 'F8_E4M3', shape: [3], data_offsets: [0, 3] },
      b: { dtype: 'U8', shape: [1], data_offsets: [3, 4] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(
      join(folder, 'f8.safetensors'),
      Buffer.concat([length, Buffer.from(header), Buffer.from([1, 2, 3, 4])]),
    );
    scope(() => {
      const { root } = readCheckpoint(join(folder, 'f8.safetensors'));
      expect(root.a).toMatchObject({ type: 'F8_E4M3' });
      expect((root.b as Tensor).item()).toBe(4);
    });
  });
});

describe('shards', () => {
  let count = 0;
  /** A folder with an index and two shards. */
  function sharded(change: { map?: Record<string, unknown>; extension?: string } = {}): string {
    const place = join(folder, `shards-${count++}`);
    mkdirSync(place);
    const { extension = 'safetensors' } = change;
    const shard = (i: number) => `model-0000${i}-of-00002.${extension}`;
    const write = extension === 'bin' ? writePytorch : writeSafetensors;
    scope(() => {
      write(join(place, shard(1)), { a: fromArray([1]), b: fromArray([2]) });
      write(join(place, shard(2)), { c: fromArray([3]) });
    });
    const map = change.map ?? { a: shard(1), b: shard(1), c: shard(2) };
    writeFileSync(
      join(place, `model.${extension}.index.json`),
      JSON.stringify({ metadata: { total_size: 12 }, weight_map: map }),
    );
    return place;
  }
  const refusal = (path: string): string => {
    try {
      scope(() => readCheckpoint(path));
    } catch (error) {
      return (error as Error).message;
    }
    return 'read';
  };

  it.each(['safetensors', 'bin'])('of %s are read by their index and by each of them', (extension) => {
    const place = sharded({ extension });
    for (const name of [
      `model.${extension}.index.json`,
      `model-00001-of-00002.${extension}`,
      `model-00002-of-00002.${extension}`,
    ]) {
      scope(() => {
        const { format, root, metadata, files } = readCheckpoint(join(place, name));
        expect([format, metadata]).toEqual([
          extension === 'bin' ? 'sharded pytorch' : 'sharded safetensors',
          { total_size: '12' },
        ]);
        expect(Object.entries(root).map(([key, value]) => [key, (value as Tensor).item()])).toEqual([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]);
        expect(files.map((path) => path.replace(`${place}/`, ''))).toEqual([
          `model.${extension}.index.json`,
          `model-00001-of-00002.${extension}`,
          `model-00002-of-00002.${extension}`,
        ]);
      });
    }
  });

  it('need the index beside them', () => {
    const place = sharded();
    rmSync(join(place, 'model.safetensors.index.json'));
    const message = refusal(join(place, 'model-00002-of-00002.safetensors'));
    expect(message).toContain('found one of 2 shards; expected model.safetensors.index.json beside it');
    cpSync(join(place, 'model-00001-of-00002.safetensors'), join(place, 'model-00001-of-00001.safetensors'));
    expect(refusal(join(place, 'model-00001-of-00001.safetensors'))).toBe('read');
  });

  it('must all be there, with all that the index names', () => {
    const place = sharded();
    rmSync(join(place, 'model-00002-of-00002.safetensors'));
    expect(refusal(join(place, 'model.safetensors.index.json'))).toContain(
      "found no model-00002-of-00002.safetensors beside it, which holds 'c'",
    );
    const first = 'model-00001-of-00002.safetensors';
    const map = (change: object) =>
      join(sharded({ map: { a: first, b: first, ...change } }), 'model.safetensors.index.json');
    expect(refusal(map({ d: first }))).toContain(`found no 'd' in ${first}`);
    expect(refusal(map({ b: undefined }))).toContain(`found 'b' in ${first}, which the index does not place there`);
    expect(refusal(map({}))).toBe('read');
  });

  it.each(['../other.safetensors', '/etc/passwd', 'a/b', 'a\\b', '..', '', 3, null])('are names, not %j', (name) => {
    const message = refusal(join(sharded({ map: { a: name } }), 'model.safetensors.index.json'));
    expect(message).toContain(`found 'a' in the file ${JSON.stringify(name)}, which is no name`);
  });
});
