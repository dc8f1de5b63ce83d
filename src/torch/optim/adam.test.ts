import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Native } from '../binding.js';

const { native: load } = await vi.importActual<{ native: () => Native }>('../binding.js');
const native = load();
const CLASSES = ['Adam', 'AdamW'] as const;
const operatorOf = { Adam: 'aten::_fused_adam_', AdamW: 'aten::_fused_adamw_' };
const isFused = (name: string) => Object.values(operatorOf).includes(name);
const kernel = native.findOperator(operatorOf.AdamW, '');
const onProcessor = kernel >= 0 && native.hasKernel(kernel, 'CPU');

/** src/torch with some functions of the addon replaced. */
async function torchOn(replaced: Partial<Native>) {
  vi.resetModules();
  vi.doMock('../binding.js', () => ({ native: () => ({ ...native, ...replaced }) }));
  return await import('../index.js');
}
const withoutFused = () =>
  torchOn({ findOperator: (name, overload) => (isFused(name) ? -1 : native.findOperator(name, overload)) });
afterEach(() => {
  vi.doUnmock('../binding.js');
  vi.resetModules();
});

type Torch = Awaited<ReturnType<typeof torchOn>>;

const wave = (torch: Torch, phase: number, shape: number[]) =>
  torch.fromArray(
    Float32Array.from({ length: 36 }, (_, j) => Math.sin(phase + j)),
    shape,
  );

/** Parameters and optimizer state after steps in two groups; some lie in memory in another order than their shape's. */
function train(torch: Torch, name: (typeof CLASSES)[number], steps = 5) {
  return torch.scope(() => {
    const flipped = (phase: number) => wave(torch, phase, [9, 4]).transpose(0, 1);
    const weights = [0, 1].map((i) => torch.Parameter.of(wave(torch, i, [4, 9])));
    weights.push(torch.Parameter.of(flipped(2)));
    const optimizer = new torch[name](
      [{ parameters: weights.slice(0, 2) }, { parameters: weights.slice(2), learningRateScale: 0.5, weightDecay: 0 }],
      { learningRate: 0.03, betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1 },
    );
    for (let step = 0; step < steps; step++) {
      torch.setGrad(weights[0]!, wave(torch, step, [4, 9]));
      torch.setGrad(weights[1]!, flipped(2 * step));
      torch.setGrad(weights[2]!, wave(torch, 3 * step, [4, 9]));
      optimizer.step();
    }
    const state = optimizer.stateDict();
    const result = Object.entries(state).map(([key, value]) => [key, torch.toFloat32Array(value)] as const);
    optimizer.free();
    return Object.fromEntries([...weights.map((each, i) => [`${i}`, torch.toFloat32Array(each)] as const), ...result]);
  });
}

function largestError(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!) / scale), 0);
}

describe.each(CLASSES)('%s', (name) => {
  it.skipIf(!onProcessor)('fused gives the numbers of the foreach form', async () => {
    let calls = 0;
    const fused = await torchOn({
      call: (number, ...args) => {
        if (native.schema(number).startsWith(`${operatorOf[name]}(`)) calls++;
        return native.call(number, ...args);
      },
    });
    const actual = train(fused, name);
    expect(calls).toBe(10); // one per group and step
    const expected = train(await withoutFused(), name);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const key of Object.keys(expected)) {
      expect(largestError(actual[key]!, expected[key]!), key).toBeLessThan(1e-6);
    }
  });

  it('passes its arguments by the schema, and asks for the operator once', async () => {
    const schema = `${operatorOf[name]}(Tensor[] grads, Tensor(a!)[] self, *, Tensor? grad_scale=None, float eps, float lr, \
Tensor[] state_steps, float beta2, float beta1, bool maximize, bool amsgrad, float weight_decay, Tensor[] exp_avgs, \
Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, int[] unroll=[1, 2], bool newer=False) -> ()`;
    const asked: string[] = [];
    const calls: unknown[][] = [];
    const steps: number[] = [];
    const torch = await torchOn({
      findOperator: (found, overload) => {
        if (!isFused(found)) return native.findOperator(found, overload);
        asked.push(found);
        return 1e6;
      },
      hasKernel: (number, key) => (number === 1e6 ? key === 'CPU' : native.hasKernel(number, key)),
      schema: (number) => (number === 1e6 ? schema : native.schema(number)),
      call: (number, ...args) => {
        if (number !== 1e6) return native.call(number, ...args);
        calls.push(args);
        steps.push(...(args[5] as number[]).map(native.item));
        return undefined;
      },
    });
    train(torch, name, 2);
    expect(new Set(asked)).toEqual(new Set([operatorOf[name]]));
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(calls.map((args) => (args[0] as number[]).length)).toEqual([2, 1, 2, 1]);
    expect(steps).toEqual([1, 1, 1, 2, 2, 2]);
    const [grads, self, gradScale, eps, learningRate, , beta2, beta1, maximize, amsgrad, weightDecay, ...rest] =
      calls[1]!;
    expect(grads).not.toEqual(self);
    expect({ gradScale, eps, learningRate, beta2, beta1, maximize, amsgrad, weightDecay }).toEqual({
      gradScale: undefined,
      eps: 1e-6,
      learningRate: 0.015,
      beta2: 0.95,
      beta1: 0.8,
      maximize: false,
      amsgrad: false,
      weightDecay: 0,
    });
    const [means, squares, largest, ...newer] = rest as number[][];
    expect([means!.length, squares!.length, largest]).toEqual([1, 1, []]);
    expect(newer).toEqual([undefined, undefined]);
  });

  it('does all itself where the operator has no kernel for the device', async () => {
    const here = train(await torchOn({ hasKernel: () => false }), name);
    expect(here).toEqual(train(await withoutFused(), name));
  });
});

it('leaves alone a fused operator whose arguments differ', async () => {
  const expected = train(await withoutFused(), 'AdamW');
  const own = native.schema(native.findOperator(operatorOf.Adam, '')).replace('_adam_', '_adamw_');
  for (const schema of [
    own.replace('bool maximize', 'bool maximize, int more'),
    own.replace('float lr', 'float rate'),
  ]) {
    expect(schema).not.toBe(own);
    const torch = await torchOn({
      findOperator: (name, overload) => (isFused(name) ? 1e6 : native.findOperator(name, overload)),
      hasKernel: () => true,
      schema: () => schema,
    });
    expect(train(torch, 'AdamW')).toEqual(expected);
  }
});
