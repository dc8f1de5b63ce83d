import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose, type Reference, references, relativeError } from '../../test/reference.js';
import { backward, gradOf } from './autograd.js';
import { scaledDotProductAttention, truncatedNormal_ } from './functional.js';
import { toFloat32Array } from './memory.js';
import { Conv2d, LayerNorm, Parameter } from './nn/index.js';
import { clipGradNorm, type Schedule, warmupCosine } from './optim/index.js';
import { engineInfo, manualSeed, setThreads } from './runtime.js';
import { arange, empty, randint, randn, randperm, type Tensor, zeros } from './tensor.js';
import { scope } from './tensor-base.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'reference');

it('has the reference of Python, stored', () => {
  expect(SOURCES.map(({ source }) => source)).toContain('stored');
});

it.skipIf(SOURCES.length < 2)('stored what Python computes now', () => {
  const [stored, fresh] = SOURCES as [Reference, Reference];
  expect(Object.keys(stored.tensors)).toEqual(Object.keys(fresh.tensors));
  for (const [name, tensor] of Object.entries(stored.tensors)) expectClose(name, tensor, fresh.tensors[name]);
});

describe.each(SOURCES)('the numbers of PyTorch ($source)', ({ tensors: reference, torch }) => {
  const given = (name: string): Tensor => {
    const tensor = reference[name];
    if (!tensor) throw new Error(`the reference has no '${name}'`);
    return tensor;
  };
  const leaf = (name: string): Tensor => given(name).clone().requiresGrad_();

  it('binary cross-entropy with pos_weight, and its gradient', () => {
    scope(() => {
      const logits = leaf('bce/logits');
      const loss = logits.binaryCrossEntropyWithLogits(given('bce/labels'), null, given('bce/posWeight'));
      backward(loss);
      expectClose('loss', loss, given('bce/loss'));
      expectClose('gradient', gradOf(logits)!, given('bce/gradient'));
    });
  });

  it('cross-entropy with label smoothing, and its gradient', () => {
    scope(() => {
      const logits = leaf('ce/logits');
      const loss = logits.crossEntropyLoss(given('ce/classes'), null, 1, -100, 0.1);
      backward(loss);
      expectClose('loss', loss, given('ce/loss'));
      expectClose('gradient', gradOf(logits)!, given('ce/gradient'));
    });
  });

  it('layer normalization, and its gradients', () => {
    const norm = new LayerNorm(19, 1e-6);
    norm.loadStateDict({ weight: given('norm/weight'), bias: given('norm/bias') });
    scope(() => {
      const x = leaf('norm/x');
      const y = norm.forward(x);
      y.backwardFrom([], given('norm/upstream'));
      expectClose('y', y, given('norm/y'));
      expectClose('gradient', gradOf(x)!, given('norm/gradient'));
      expectClose('weight', gradOf(norm.weight)!, given('norm/weightGradient'));
      expectClose('bias', gradOf(norm.bias)!, given('norm/biasGradient'));
    });
    norm.free();
  });

  it('scaled dot-product attention, and its gradients', () => {
    scope(() => {
      const [q, k, v] = [leaf('attention/q'), leaf('attention/k'), leaf('attention/v')];
      const y = scaledDotProductAttention(q, k, v);
      y.backwardFrom([], given('attention/upstream'));
      expectClose('y', y, given('attention/y'));
      expectClose('q', gradOf(q)!, given('attention/qGradient'));
      expectClose('k', gradOf(k)!, given('attention/kGradient'));
      expectClose('v', gradOf(v)!, given('attention/vGradient'));
    });
  });

  it('convolution with stride and padding, and its gradients', () => {
    const conv = new Conv2d(3, 4, 3, { stride: 2, padding: 1 });
    conv.loadStateDict({ weight: given('conv/weight'), bias: given('conv/bias') });
    scope(() => {
      const x = leaf('conv/x');
      const y = conv.forward(x);
      backward(y.pow(2).sum());
      expectClose('y', y, given('conv/y'));
      expectClose('gradient', gradOf(x)!, given('conv/gradient'));
      expectClose('weight', gradOf(conv.weight)!, given('conv/weightGradient'));
    });
    conv.free();
  });

  it.each([
    ['clipped', 1],
    ['untouched', 1000],
  ])('gradient clipping: %s at %d', (name, maximum) => {
    const shapes = [[4, 3], [7], [2, 2]];
    const parameters = shapes.map((shape) => Parameter.of(zeros(shape, 'float32')));
    scope(() => {
      for (const [i, parameter] of parameters.entries()) {
        const count = shapes[i]!.reduce((product, n) => product * n, 1);
        const gradient = arange(0, count, 1, 'float32')
          .add(-1.5 * i)
          .reshape(shapes[i]!);
        backward(parameter.mul(gradient).sum());
      }
      const norm = clipGradNorm(parameters, maximum);
      expect(Math.abs(norm / given(`clip/${name}/norm`).item() - 1)).toBeLessThan(1e-5);
      for (const [i, parameter] of parameters.entries()) {
        expectClose(`gradient ${i}`, gradOf(parameter)!, given(`clip/${name}/${i}`));
      }
    });
    for (const parameter of parameters) parameter.free();
  });

  // PyTorch promises no equal random numbers between its versions.
  it.runIf(engineInfo().libtorch.startsWith(`${torch}.`))(
    'random numbers of the same seed, drawn in the same order',
    () => {
      scope(() => {
        manualSeed(1234);
        expectClose('normal', randn([40], 'float32'), given('random/normal'), 1e-6);
        expectClose('uniform', empty([5, 7], 'float32').uniform_(-2, 3), given('random/uniform'), 1e-6);
        expectClose('bernoulli', empty([50], 'float32').bernoulli_(0.3), given('random/bernoulli'), 0);
        expectClose('permutation', randperm(23), given('random/permutation'), 0);
        expectClose('integers', randint(3, 1000, [19]), given('random/integers'), 0);
        expectClose('truncated', truncatedNormal_(empty([64], 'float32'), 0.02), given('random/truncated'));
        expectClose('wide', truncatedNormal_(empty([64], 'float32'), 1.5), given('random/truncatedWide'));
      });
    },
  );

  it.each<[string, Schedule]>([
    ['plain', warmupCosine({ peak: 1, end: 0.1, total: 20 })],
    ['warm', warmupCosine({ peak: 0.004, end: 1e-6, total: 50, warmup: 10 })],
    ['full', warmupCosine({ peak: 0.004, end: 1e-6, total: 50, warmup: 7, start: 1e-4, frozen: 5 })],
    ['single', warmupCosine({ peak: 2, end: 1, total: 9, warmup: 1, start: 0.5 })],
  ])("DINOv2's cosine schedule: %s", (name, schedule) => {
    const expected = toFloat32Array(given(`schedule/${name}`));
    const actual = Float32Array.from(expected, (_, step) => schedule(step));
    expect(relativeError(actual, expected)).toBeLessThan(1e-6);
    expect(schedule(expected.length)).toBe(schedule(expected.length + 1000));
  });
});

it('draws a truncated normal distribution', () => {
  manualSeed(7);
  const values = toFloat32Array(truncatedNormal_(empty([200_000], 'float32'), 1)).sort();
  expect(values[0]).toBeGreaterThanOrEqual(-2);
  expect(values.at(-1)).toBeLessThanOrEqual(2);
  // Kolmogorov-Smirnov distance to the quantiles of a normal distribution cut at +-2; 1.63 / sqrt(n) is p = 0.01.
  const quantiles: [number, number][] = [
    [0.1, -1.18403], // of SciPy's truncnorm(-2, 2)
    [0.25, -0.63911],
    [0.5, 0],
    [0.75, 0.63911],
    [0.9, 1.18403],
  ];
  for (const [share, quantile] of quantiles) {
    const below = values.filter((value) => value < quantile).length / values.length;
    expect(Math.abs(below - share)).toBeLessThan(1.63 / Math.sqrt(values.length));
  }
});
