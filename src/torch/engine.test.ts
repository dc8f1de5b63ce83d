import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../base/index.js';
import { backward, gradOf, noGrad, setGrad } from './autograd.js';
import { native } from './binding.js';
import { fromArray, toBytes, toFloat32Array } from './memory.js';
import { Linear, Parameter } from './nn/index.js';
import { autocast, generatorState, liveBytes, liveTensors, manualSeed, setGeneratorState } from './runtime.js';
import { cat, empty, ones, randn, stack, type Tensor, zeros } from './tensor.js';
import { scope } from './tensor-base.js';

const ADDON = join(packageRoot(), 'build/native/Release/hilum.node');
const add = native().findOperator('aten::add', 'Tensor');

/** Runs `body`, which has the addon as `addon`, in a thread of its own, and gives what it posts. */
function inWorker<T>(body: string, data?: unknown): Promise<T> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const addon = require(${JSON.stringify(ADDON)});
    ${body}`;
  return new Promise((done, fail) => {
    const worker = new Worker(code, { eval: true, workerData: data });
    worker.once('message', done);
    worker.once('error', fail);
    worker.once('exit', () => fail(new Error('the thread ended without a message')));
  });
}

describe('handles', () => {
  it('name the fault where a tensor is used after it was freed', () => {
    const tensor = zeros([2, 3], 'float32');
    const { handle } = tensor;
    expect([...tensor.shape]).toEqual([2, 3]);
    tensor.free();
    expect(tensor.isFreed).toBe(true);
    expect(() => tensor.add(1)).toThrow('a tensor of shape [2,3] was used after it was freed');
    expect(() => native().shape(handle)).toThrow('the tensor has been freed');
  });

  it('do not reach the tensor that takes the place of a freed one', () => {
    const first = zeros([1], 'float32');
    const { handle } = first;
    first.free();
    using second = zeros([1], 'float32');
    expect(second.handle % 2 ** 24).toBe(handle % 2 ** 24);
    expect(second.handle).not.toBe(handle);
    expect(() => native().item(handle)).toThrow('the tensor has been freed');
  });

  it('may be freed twice through their tensor, once through the addon', () => {
    const tensor = zeros([1], 'float32');
    const { handle } = tensor;
    tensor.free();
    tensor.free();
    expect(() => native().free(handle)).toThrow('the tensor has been freed');
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 0, 12345])('refuse the number %d', (number) => {
    expect(() => native().shape(number)).toThrow(/not a tensor handle/);
  });

  it('of another thread are refused, here and there', async () => {
    const there = await inWorker<number>(
      `parentPort.postMessage(addon.fromBytes(new Float32Array(4), [4], 'float32')); setTimeout(() => {}, 200);`,
    );
    expect(() => native().shape(there)).toThrow('the tensor belongs to another thread');
    using here = zeros([1], 'float32');
    const message = await inWorker<string>(
      `try { addon.shape(workerData) } catch (error) { parentPort.postMessage(error.message) }`,
      here.handle,
    );
    expect(message).toContain('the tensor belongs to another thread');
  });

  it('end with their thread, tensors alive or not', async () => {
    const live = await inWorker<number>(
      `for (let i = 0; i < 50; i++) addon.fromBytes(new Float32Array(1000), [1000], 'float32');
       parentPort.postMessage(addon.liveTensors());`,
    );
    expect(live).toBe(50);
  });
});

describe('scope', () => {
  it('frees what was made in it, except its result', () => {
    const before = liveTensors();
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = ones([3], 'float32');
      return inner.add(1);
    });
    expect(inner?.isFreed).toBe(true);
    expect([...toFloat32Array(result)]).toEqual([2, 2, 2]);
    expect(liveTensors()).toBe(before + 1);
    result.free();
  });

  it('passes results in arrays and objects to the scope around it, which frees them', () => {
    const before = liveTensors();
    let passed: Tensor[] = [];
    scope(() => {
      const { list, one } = scope(() => ({ list: [zeros([1]), [zeros([2])]] as const, one: zeros([3]), not: 7 }));
      passed = [list[0], list[1][0]!, one];
      expect(passed.map((tensor) => tensor.isFreed)).toEqual([false, false, false]);
      expect(liveTensors()).toBe(before + 3);
    });
    expect(passed.map((tensor) => tensor.isFreed)).toEqual([true, true, true]);
    expect(liveTensors()).toBe(before);
  });

  it('leaves a tensor of the scope around it alone, also as its result', () => {
    scope(() => {
      const outer = ones([1], 'float32');
      expect(scope(() => outer)).toBe(outer);
      expect(outer.item()).toBe(1);
    });
  });

  it('frees everything when the work throws', () => {
    const before = liveTensors();
    expect(() =>
      scope(() => {
        const a = ones([2], 'float32');
        scope(() => {
          a.add(1);
          throw new Error('broken');
        });
      }),
    ).toThrow('broken');
    expect(liveTensors()).toBe(before);
    scope(() => zeros([1])).free(); // the scopes before are closed
    expect(liveTensors()).toBe(before);
  });

  it('refuses asynchronous work', () => {
    expect(() => scope(async () => zeros([1]))).toThrow('the work must not be asynchronous');
  });

  it('keeps what is kept, in whichever scope inside it was made or kept', () => {
    let kept: Tensor[] = [];
    scope(() => {
      const early = zeros([1]);
      kept = scope(() => [early.keep(), zeros([1]).keep()]);
      kept.push(scope(() => zeros([1])).keep());
    });
    expect(kept.map((tensor) => tensor.isFreed)).toEqual([false, false, false]);
    for (const tensor of kept) tensor.free();
  });

  it('leaves a released handle to its new owner', () => {
    const before = liveTensors();
    let handle = -1;
    scope(() => {
      const tensor = ones([1], 'float32');
      scope(() => {
        handle = tensor.release();
      });
      expect(tensor.isFreed).toBe(true);
    });
    expect(native().item(handle)).toBe(1);
    native().free(handle);
    expect(liveTensors()).toBe(before);
  });

  it('goes well with the garbage collector: what nobody freed is freed once', async () => {
    const before = liveTensors();
    for (let i = 0; i < 100; i++) zeros([10]).keep().keep();
    scope(() => {
      for (let i = 0; i < 100; i++) zeros([10]).keep();
    });
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let i = 0; i < 50 && liveTensors() > before; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(liveTensors()).toBeLessThanOrEqual(before);
  });
});

describe('the door', () => {
  it('names operator and argument where a value is of the wrong type', () => {
    using tensor = ones([2], 'float32');
    const linear = native().findOperator('aten::linear', '');
    expect(() => native().call(add, tensor.handle, 'two')).toThrow("aten::add, argument 'other': expected a tensor");
    expect(() => native().call(add, tensor.handle)).toThrow("aten::add, argument 'other': expected a tensor");
    expect(() => native().call(add, tensor.handle, null)).toThrow("aten::add, argument 'other': expected a tensor");
    expect(() => native().call(linear, tensor.handle, tensor.handle, [])).toThrow("aten::linear, argument 'bias'");
    expect(() => tensor.reshape([1.5])).toThrow("aten::reshape, argument 'shape': expected an integer, found 1.5");
    expect(() => tensor.sum('x' as never)).toThrow("aten::sum, argument 'dim'");
    expect(() => tensor.sum(0, 1 as never)).toThrow("aten::sum, argument 'keepdim': expected true or false");
    expect(() => tensor.to('float31' as never)).toThrow("aten::to, argument 'dtype': unknown dtype 'float31'");
    expect(() => zeros([1], 'float32', 'abacus')).toThrow("aten::zeros, argument 'device'");
    expect(() => native().call(add, ...Array(9).fill(tensor.handle))).toThrow('aten::add: too many arguments');
  });

  it('names the operator where libtorch refuses', () => {
    scope(() => {
      expect(() => ones([2, 3]).matmul(ones([2, 3]))).toThrow(/^aten::matmul: .*shapes cannot be multiplied/);
      expect(() => cat([ones([2]), ones([3, 3])])).toThrow(/^aten::cat: /);
      expect(() => ones([2]).narrow(0, 1, 5)).toThrow(/^aten::narrow: /);
    });
  });

  it('knows what libtorch lacks', () => {
    expect(native().findOperator('aten::no_such_operator', '')).toBe(-1);
    expect(native().findOperator('aten::add', 'NoSuchOverload')).toBe(-1);
    expect(() => native().call(-1)).toThrow('unknown operator number');
    expect(() => native().call(1e9)).toThrow('unknown operator number');
  });

  it('leaves nothing behind after a failed call', () => {
    using a = ones([2]);
    const before = liveTensors();
    for (let i = 0; i < 10; i++) expect(() => scope(() => stack([a, a.add(1), ones([3])]))).toThrow(/^aten::stack: /);
    expect(liveTensors()).toBe(before);
  });

  it('copies typed arrays of every type, and checks their length', () => {
    const arrays = [
      new Float32Array([1.5, -2]),
      new Float64Array([Math.PI, 1e300]),
      new Int32Array([-(2 ** 31), 7]),
      new Int16Array([-32768, 3]),
      new Uint8Array([0, 255]),
      new BigInt64Array([-(2n ** 63n), 5n]),
    ];
    for (const array of arrays) {
      using tensor = fromArray(array, [2, 1]);
      const bytes = toBytes(tensor);
      expect(new (array.constructor as typeof Float32Array)(bytes.buffer)).toEqual(array);
    }
    expect(() => fromArray([1, 2, 3], [2])).toThrow('the array has 12 bytes, the shape needs 8');
    expect(() => fromArray([1], [-1])).toThrow('whole numbers was expected, found -1');
    expect(() => fromArray([1], [1.5])).toThrow('whole numbers was expected, found 1.5');
    expect(() => fromArray([1], [Number.NaN])).toThrow('whole numbers was expected');
    expect(() => fromArray(new Uint16Array(1) as never)).toThrow('Uint16Array is not one of the typed arrays');
    using some = ones([3], 'float32');
    expect(() => native().intoBytes(some.handle, new Float32Array(2))).toThrow('the tensor has 12 bytes, the array 8');
  });

  it('counts tensors and the bytes behind them, views once', () => {
    scope(() => {
      const [tensors, bytes] = [liveTensors(), liveBytes()];
      const tensor = zeros([1000], 'float32');
      const view = tensor.narrow(0, 10, 20);
      expect(liveTensors() - tensors).toBe(2);
      expect(liveBytes() - bytes).toBe(4000);
      tensor.free();
      expect(liveBytes() - bytes).toBe(4000);
      view.free();
      expect(liveBytes() - bytes).toBe(0);
    });
  });
});

describe('gradients', () => {
  it('accumulate in leaves, can be replaced and dropped', () => {
    scope(() => {
      const leaf = fromArray([2, 3]).requiresGrad_();
      backward(leaf.pow(2).sum());
      backward(leaf.pow(2).sum());
      expect([...toFloat32Array(gradOf(leaf)!)]).toEqual([8, 12]);
      setGrad(leaf, fromArray([1, 1]));
      expect([...toFloat32Array(gradOf(leaf)!)]).toEqual([1, 1]);
      setGrad(leaf, null);
      expect(gradOf(leaf)).toBeNull();
    });
  });

  it('are not recorded in noGrad, and are again after it, also when it throws', () => {
    scope(() => {
      const leaf = ones([1], 'float32').requiresGrad_();
      expect(noGrad(() => leaf.add(1)).requiresGrad).toBe(false);
      expect(() =>
        noGrad(() => {
          throw new Error('broken');
        }),
      ).toThrow('broken');
      expect(leaf.add(1).requiresGrad).toBe(true);
    });
  });
});

describe('autocast', () => {
  const product = () => scope(() => ones([2, 2], 'float32').matmul(ones([2, 2], 'float32')).dtype);

  it('holds in its work alone', () => {
    expect(autocast('cpu', 'bf16', product)).toBe('bfloat16');
    expect(product()).toBe('float32');
    expect(() =>
      autocast('cpu', 'bf16', () => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(product()).toBe('float32');
  });

  it('nests: fp32 inside bf16 is fp32, and bf16 goes on after an inner one', () => {
    autocast('cpu', 'bf16', () => {
      expect(autocast('cpu', 'fp32', product)).toBe('float32');
      expect(product()).toBe('bfloat16');
      expect(autocast('cpu', 'bf16', product)).toBe('bfloat16');
      expect(product()).toBe('bfloat16');
    });
  });
});

describe('random numbers', () => {
  it('go on where a stored state stopped', () => {
    manualSeed(3);
    scope(() => {
      randn([5]);
      const state = generatorState();
      const first = toFloat32Array(randn([100], 'float32'));
      setGeneratorState(state);
      expect(toFloat32Array(randn([100], 'float32'))).toEqual(first);
      expect(() => setGeneratorState(zeros([3], 'uint8'))).toThrow(/state/);
    });
  });

  it("are each thread's own: threads that draw by turns get what each gets alone", async () => {
    const body = `
      const randn = addon.findOperator('aten::randn', 'generator');
      const { seed, turns } = workerData;
      addon.manualSeed('cpu', seed);
      const values = [];
      for (let i = 0; i < 50; i++) {
        while (turns && Atomics.load(turns.counter, 0) % 2 !== turns.mine) {
          Atomics.wait(turns.counter, 0, 2 * i + turns.mine - 1, 10);
        }
        const drawn = addon.call(randn, [7], 'cpu', 'float32');
        const array = new Float32Array(7);
        addon.intoBytes(drawn, array);
        addon.free(drawn);
        values.push(...array);
        if (turns) { Atomics.add(turns.counter, 0, 1); Atomics.notify(turns.counter, 0); }
      }
      parentPort.postMessage(values);`;
    const alone = await inWorker<number[]>(body, { seed: 42 });
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const together = await Promise.all(
      [0, 1].map((mine) => inWorker<number[]>(body, { seed: 42, turns: { counter, mine } })),
    );
    expect(together).toEqual([alone, alone]);
    manualSeed(42);
    const here = scope(() => Array.from({ length: 50 }, () => [...toFloat32Array(randn([7], 'float32'))]).flat());
    expect(here).toEqual(alone);
  });

  it('differ with the seed', () => {
    const first = (seed: number) => {
      manualSeed(seed);
      return scope(() => toFloat32Array(empty([8], 'float32').normal_()));
    };
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });
});

it('a parameter is no view of what it was made of, and outlives every scope', () => {
  const before = liveTensors();
  const parameter = scope(() => Parameter.of(ones([2], 'float32')));
  expect(parameter.requiresGrad).toBe(true);
  expect(liveTensors()).toBe(before + 1);
  const layer = scope(() => new Linear(3, 2));
  expect(layer.weight.isFreed).toBe(false);
  layer.free();
  parameter.free();
  expect(liveTensors()).toBe(before);
});
