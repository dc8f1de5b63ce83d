import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { expectClose, type Reference, references } from '../../../test/reference.js';
import { gradOf, setGrad } from '../autograd.js';
import { fromArray, toBytes, toFloat32Array } from '../memory.js';
import { liveTensors, setThreads } from '../runtime.js';
import { ones, randn } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { BatchNorm2d } from './batch-norm.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'batch_norm');
const STATISTICS = ['running_mean', 'running_var', 'num_batches_tracked'] as const;

const made: BatchNorm2d[] = [];
function batchNorm(...options: ConstructorParameters<typeof BatchNorm2d>): BatchNorm2d {
  const norm = new BatchNorm2d(...options);
  made.push(norm);
  return norm;
}
afterEach(() => {
  for (const norm of made.splice(0)) norm.free();
});

it('has the reference of Python, stored', () => {
  expect(SOURCES.map(({ source }) => source)).toContain('stored');
});

describe.each(SOURCES)('batch normalization as in PyTorch ($source)', ({ tensors }: Reference) => {
  it.each([
    ['usual', [5]],
    ['other', [5, 1e-3, 0.25]],
  ] as const)('%s: three batches in training, then one in evaluation', (name, options) => {
    const norm = batchNorm(...(options as readonly [number, number?, number?]));
    const state = Object.keys(norm.stateDict()).map((key) => [key, tensors[`${name}/start/${key}`]!] as const);
    norm.loadStateDict(Object.fromEntries(state));
    for (const step of ['train1', 'train2', 'train3', 'eval']) {
      const expected = (key: string) => tensors[`${name}/${step}/${key}`];
      norm.train(step !== 'eval');
      scope(() => {
        const x = expected('x')!.clone().requiresGrad_();
        const y = norm.forward(x);
        y.backwardFrom([], expected('upstream'));
        expectClose(`${step} y`, y, expected('y'), 1e-6);
        expectClose(`${step} dx`, gradOf(x)!, expected('dx'));
        expectClose(`${step} dweight`, gradOf(norm.weight)!, expected('dweight'));
        expectClose(`${step} dbias`, gradOf(norm.bias)!, expected('dbias'));
        for (const key of STATISTICS) expectClose(`${step} ${key}`, norm[key], expected(key), 1e-6);
      });
      for (const parameter of norm.parameters()) setGrad(parameter, null);
    }
  });
});

describe('running statistics', () => {
  it('are state, under the names and in the order of PyTorch, and no parameters', () => {
    const norm = batchNorm(3);
    expect(Object.keys(norm.stateDict())).toEqual(['weight', 'bias', ...STATISTICS]);
    expect([...norm.namedParameters()].map(([name]) => name)).toEqual(['weight', 'bias']);
    expect(norm.num_batches_tracked.dtype).toBe('int64');
    for (const name of STATISTICS) expect(norm[name].requiresGrad).toBe(false);
  });

  it('stay in evaluation, also where gradients are recorded', () => {
    scope(() => {
      const norm = batchNorm(3).eval();
      const before = STATISTICS.map((name) => toBytes(norm[name]));
      norm.forward(randn([4, 3, 2, 2]).add(5));
      expect(STATISTICS.map((name) => toBytes(norm[name]))).toEqual(before);
    });
  });

  it('come back from a state with the same bits, and normalize as before', () => {
    scope(() => {
      const norm = batchNorm(3);
      const x = randn([4, 3, 2, 2]).mul(2).add(1);
      norm.forward(x);
      const other = batchNorm(3);
      other.loadStateDict(norm.stateDict());
      const [one, two] = [norm, other].map((each) => toFloat32Array(each.eval().forward(x)));
      expect(two).toEqual(one);
      expect(other.num_batches_tracked.item()).toBe(1);
    });
  });

  it('refuse a state without them', () => {
    const norm = batchNorm(2);
    scope(() => {
      const state = { weight: ones([2]), bias: ones([2]) };
      expect(() => norm.loadStateDict(state, 'x.pth')).toThrow(
        'x.pth does not fit the model; missing: running_mean, running_var, num_batches_tracked',
      );
    });
  });

  it('leave no tensor behind', () => {
    scope(() => {
      const norm = batchNorm(2);
      const x = fromArray([1, 2, 3, 4], [1, 2, 2, 1]);
      const before = liveTensors();
      for (let step = 0; step < 3; step++) scope(() => void norm.forward(x));
      expect(liveTensors()).toBe(before);
    });
  });
});
