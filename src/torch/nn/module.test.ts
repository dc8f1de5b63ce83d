import { afterEach, describe, expect, it } from 'vitest';
import { InputError } from '../../base/index.js';
import { backward, gradOf, noGrad } from '../autograd.js';
import { toFloat32Array } from '../memory.js';
import { liveTensors, manualSeed } from '../runtime.js';
import { ones, type Tensor, zeros } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { Conv2d } from './conv2d.js';
import { LayerNorm } from './layer-norm.js';
import { Identity, Linear, zeroParameter } from './linear.js';
import { Module, type Parameter } from './module.js';

class Small extends Module {
  readonly scale: Parameter = zeroParameter([1]);
  readonly none: Parameter | null = null;
  readonly layers = [new Linear(2, 3), new Identity(), new Linear(3, 1, false)];
  readonly stages = [[new Identity()], [new Identity(), new Linear(1, 2, false)]];
  readonly norm = new LayerNorm(3);
  readonly notes = ['text', 7];
}

const NAMES = [
  'scale',
  'layers.0.weight',
  'layers.0.bias',
  'layers.2.weight',
  'stages.1.1.weight',
  'norm.weight',
  'norm.bias',
];
const models: Module[] = [];
function small(): Small {
  const model = new Small();
  models.push(model);
  return model;
}
afterEach(() => {
  for (const model of models.splice(0)) model.free();
});

function messageOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('a module', () => {
  it('names its parameters as PyTorch does, its own before those of its parts', () => {
    const model = small();
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(NAMES);
    expect(model.parameterCount()).toBe(1 + 6 + 3 + 3 + 2 + 3 + 3);
    expect(model.parameters().every((parameter) => parameter.requiresGrad)).toBe(true);
  });

  it('switches training in every part', () => {
    const model = small().eval();
    expect([...model.namedModules()].map(([, module]) => module.training)).toEqual(Array(8).fill(false));
    expect([...model.train().namedModules()].every(([, module]) => module.training)).toBe(true);
  });

  it('frees every parameter, and building it leaves nothing else behind', () => {
    const before = liveTensors();
    const model = new Small();
    expect(liveTensors()).toBe(before + NAMES.length);
    model.to('cpu');
    expect(liveTensors()).toBe(before + NAMES.length);
    model.free();
    expect(liveTensors()).toBe(before);
  });

  it.each([
    ['linear', () => new Linear(400, 50), 400],
    ['convolution', () => new Conv2d(16, 40, 5), 400],
  ])('starts as in PyTorch, uniform within 1 / sqrt(fan in): %s', (_, make, fanIn) => {
    manualSeed(2);
    const layer = make();
    const bound = 1 / Math.sqrt(fanIn);
    const values = toFloat32Array(layer.weight);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(Math.abs(deviation / (bound / Math.sqrt(3)) - 1)).toBeLessThan(0.02);
    expect(Math.max(...toFloat32Array(layer.bias!).map(Math.abs))).toBeLessThanOrEqual(bound * (1 + 1e-6));
    layer.free();
  });
});

describe('loading a state', () => {
  const state = (): Record<string, Tensor> =>
    Object.fromEntries([...small().namedParameters()].map(([name, parameter]) => [name, parameter.onesLike()]));

  it('copies values into the parameters that are there', () => {
    scope(() => {
      const model = small();
      const { handle } = model.scale;
      const values = state();
      model.loadStateDict(values);
      expect(model.scale.handle).toBe(handle);
      for (const parameter of model.parameters()) expect(new Set(toFloat32Array(parameter))).toEqual(new Set([1]));
      values.scale!.zero_();
      expect(model.scale.item()).toBe(1);
      expect(model.scale.requiresGrad).toBe(true);
    });
  });

  it('takes tensors over, and may then change one of them without harm to the gradients of the others', () => {
    scope(() => {
      const model = small();
      const whole = ones([model.parameterCount() + 2]);
      const sizes = Object.entries(model.stateDict()).map(([name, value]) => [name, value.shape] as const);
      let start = 0;
      const views = sizes.map(([name, shape]) => {
        const length = shape.reduce((product, n) => product * n, 1);
        start += length;
        return [name, whole.narrow(0, start - length, length).view(shape)] as const;
      });
      model.assignStateDict(Object.fromEntries(views));
      const loss = model.scale.mul(model.scale).sum([0]);
      noGrad(() => model.norm.bias.add_(1));
      backward(loss);
      expect(gradOf(model.scale)!.item()).toBe(2);
      expect(toFloat32Array(whole).filter((value) => value === 2)).toHaveLength(3);
    });
  });

  it('converts other types', () => {
    scope(() => {
      const model = small();
      const converted = Object.entries(state()).map(([name, tensor]) => [name, tensor.to('bfloat16')] as const);
      model.loadStateDict(Object.fromEntries(converted));
      expect(model.scale.dtype).toBe('float32');
      expect(model.scale.item()).toBe(1);
    });
  });

  it('names all that is missing, unexpected or of another shape, and changes nothing', () => {
    scope(() => {
      const model = small();
      const before = model.parameters().map(toFloat32Array);
      const { 'norm.bias': _, 'layers.2.weight': __, ...rest } = state();
      const wrong = {
        ...rest,
        'layers.0.weight': ones([3, 5]),
        scale: zeros([]),
        'head.weight': ones([1]),
        constructor: ones([1]),
      };
      expect(messageOf(() => model.loadStateDict(wrong, 'weights.safetensors'))).toBe(
        'weights.safetensors does not fit the model; missing: layers.2.weight, norm.bias; unexpected: head.weight, ' +
          'constructor; of another shape: scale [], expected [1], layers.0.weight [3,5], expected [3,2]. ' +
          'Give weights of the same model.',
      );
      expect(model.parameters().map(toFloat32Array)).toEqual(before);
    });
  });

  it('shortens a long list', () => {
    scope(() => {
      const extra = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`extra.${i}`, ones([1])]));
      const message = messageOf(() => small().loadStateDict({ ...state(), ...extra }));
      expect(message).toContain('unexpected: extra.0, extra.1, ');
      expect(message).toContain('extra.7 and 3 more.');
    });
  });
});
