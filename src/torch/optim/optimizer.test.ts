import { afterEach, describe, expect, it } from 'vitest';
import { gradOf, setGrad } from '../autograd.js';
import { fromArray, toFloat32Array } from '../memory.js';
import { Parameter } from '../nn/index.js';
import { liveTensors } from '../runtime.js';
import { zeros } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { Adam, AdamW } from './adam.js';
import { clipGradNorm, type Optimizer } from './optimizer.js';
import { SGD } from './sgd.js';

const made: Parameter[] = [];
function parameter(values: number[], gradient?: number[]): Parameter {
  const result = Parameter.of(fromArray(values));
  if (gradient) give(result, gradient);
  made.push(result);
  return result;
}
function give(to: Parameter, gradient: number[]): void {
  using value = fromArray(gradient);
  setGrad(to, value);
}
afterEach(() => {
  for (const each of made.splice(0)) each.free();
});
const valuesOf = (of: Parameter) => [...toFloat32Array(of)];

const OPTIMIZERS: [string, (parameters: Parameter[]) => Optimizer][] = [
  ['AdamW', (parameters) => new AdamW(parameters, { learningRate: 0.1, weightDecay: 0.5 })],
  ['Adam', (parameters) => new Adam(parameters, { learningRate: 0.1, weightDecay: 0.5 })],
  ['SGD', (parameters) => new SGD(parameters, { learningRate: 0.1, weightDecay: 0.5 })],
  ['SGD with momentum', (parameters) => new SGD(parameters, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.5 })],
];

describe.each(OPTIMIZERS)('%s', (_, make) => {
  it('leaves gradients as they are, and parameters without one', () => {
    const [moving, still] = [parameter([1, -2], [0.5, 3]), parameter([4])];
    const optimizer = make([moving, still]);
    optimizer.step();
    scope(() => expect([...toFloat32Array(gradOf(moving)!)]).toEqual([0.5, 3]));
    expect(valuesOf(still)).toEqual([4]);
    expect(valuesOf(moving)).not.toEqual([1, -2]);
    optimizer.zeroGrad();
    expect(gradOf(moving)).toBeNull();
    optimizer.free();
  });

  it('goes on from its state as if never stopped, and frees it', () => {
    const before = liveTensors();
    const run = (stop: boolean) => {
      const moving = parameter([1, -2, 3]);
      let optimizer = make([moving]);
      for (let step = 0; step < 6; step++) {
        give(moving, [0.1 * step, 1 - step, 2]);
        optimizer.step();
        if (stop && step === 2) {
          const resumed = make([moving]);
          resumed.loadStateDict(optimizer.stateDict(), optimizer.steps);
          optimizer.free();
          optimizer = resumed;
        }
      }
      optimizer.free();
      return valuesOf(moving);
    };
    expect(run(true)).toEqual(run(false));
    for (const each of made.splice(0)) each.free();
    expect(liveTensors()).toBe(before);
  });
});

it('groups have their own learning rate and weight decay', () => {
  const [fast, slow, decayed] = [parameter([1], [1]), parameter([1], [1]), parameter([1], [0])];
  const optimizer = new SGD(
    [{ parameters: [fast] }, { parameters: [slow], learningRateScale: 0.1 }, { parameters: [decayed], weightDecay: 2 }],
    { learningRate: 0.5 },
  );
  optimizer.step();
  for (const [each, expected] of [
    [fast, 0.5],
    [slow, 0.95],
    [decayed, 0],
  ] as const) {
    expect(valuesOf(each)[0]).toBeCloseTo(expected, 6);
  }
});

it('refuses a state of other parameters, and changes nothing', () => {
  const moving = parameter([1, 2], [1, 1]);
  const optimizer = new Adam([moving], { learningRate: 0.1 });
  optimizer.step();
  const before = Object.values(optimizer.stateDict()).map(toFloat32Array);
  scope(() => {
    const fitting = zeros([2], 'float32');
    const load = (state: Record<string, typeof fitting>) => () => optimizer.loadStateDict(state, 9);
    expect(load({ 'exp_avg.0': fitting, 'exp_avg.1': fitting })).toThrow("'exp_avg.1' belongs to no parameter");
    expect(load({ 'exp_avg.0': fitting, 'exp_avg_sq.0': zeros([1], 'float32') })).toThrow(
      "'exp_avg_sq.0' has the shape [1], its parameter [2]",
    );
    expect(load({ exp_avg: fitting })).toThrow("'exp_avg' belongs to no parameter");
  });
  expect(Object.values(optimizer.stateDict()).map(toFloat32Array)).toEqual(before);
  expect(optimizer.steps).toBe(1);
  optimizer.free();
});

it('clipping does nothing where there is no gradient', () => {
  expect(clipGradNorm([parameter([1])], 1)).toBe(0);
  expect(clipGradNorm([], 1)).toBe(0);
});
