import { gradOf, noGrad, setGrad } from '../autograd.js';
import type { Parameter, StateDict } from '../nn/index.js';
import { foreachMul_, foreachNorm, stack, type Tensor } from '../tensor.js';
import { scope } from '../tensor-base.js';

export interface ParameterGroup {
  parameters: Parameter[];
  /** Multiplies the optimizer's learning rate (layer-wise decay). Default 1. */
  learningRateScale?: number;
  /** Default: the optimizer's. */
  weightDecay?: number;
}

/** The parameters of one group that have a gradient, with those gradients and the slots of optimizer state. */
export interface Update {
  parameters: Parameter[];
  gradients: Tensor[];
  learningRate: number;
  weightDecay: number;
  state(name: string): Tensor[];
}

/** What all optimizers share: groups, learning rate, per-parameter state and its checkpoint. */
export abstract class Optimizer {
  /** May be changed between steps: rates and decays of a schedule. */
  readonly groups: readonly Required<ParameterGroup>[];
  private readonly slots = new Map<string, Map<Parameter, Tensor>>();
  /** Steps done. */
  steps = 0;

  constructor(
    groups: ParameterGroup[] | Parameter[],
    public learningRate: number,
    weightDecay: number,
  ) {
    const listed = groups.every((group) => 'parameters' in group) ? groups : [{ parameters: groups as Parameter[] }];
    this.groups = listed.map((group) => ({ learningRateScale: 1, weightDecay, ...(group as ParameterGroup) }));
  }

  protected abstract update(update: Update): void;

  /** One step from the parameters' gradients. Parameters without a gradient stay as they are. */
  step(): void {
    this.steps++;
    scope(() =>
      noGrad(() => {
        for (const group of this.groups) {
          const pairs = group.parameters
            .map((parameter) => [parameter, gradOf(parameter)] as const)
            .filter((pair): pair is readonly [Parameter, Tensor] => pair[1] !== null);
          if (pairs.length === 0) continue;
          const parameters = pairs.map(([parameter]) => parameter);
          this.update({
            parameters,
            gradients: pairs.map(([, gradient]) => gradient),
            learningRate: this.learningRate * group.learningRateScale,
            weightDecay: group.weightDecay,
            state: (name) => parameters.map((parameter) => this.slot(name, parameter)),
          });
        }
      }),
    );
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) setGrad(parameter, null);
  }

  /** Of all groups, in their order. */
  parameters(): Parameter[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  private slot(name: string, parameter: Parameter): Tensor {
    const byParameter = this.slots.get(name) ?? new Map<Parameter, Tensor>();
    this.slots.set(name, byParameter);
    const value = byParameter.get(parameter) ?? parameter.zerosLike().keep();
    byParameter.set(parameter, value);
    return value;
  }

  /** The state by `<name>.<number of the parameter>`; not copies. The number of steps is kept apart, in `steps`. */
  stateDict(): StateDict {
    const numbers = new Map(this.parameters().map((parameter, i) => [parameter, i]));
    const entries = [...this.slots].flatMap(([name, byParameter]) =>
      [...byParameter].map(([parameter, value]) => [`${name}.${numbers.get(parameter)}`, value] as const),
    );
    return Object.fromEntries(entries);
  }

  /** Throws a RangeError for an entry that fits no parameter, and then changes nothing. */
  loadStateDict(state: StateDict, steps: number): void {
    const parameters = this.parameters();
    const entries = Object.entries(state).map(([key, value]) => {
      const [, name, number] = /^(.+)\.(\d+)$/.exec(key) ?? [];
      const parameter = parameters[Number(number)];
      if (!name || !parameter) throw new RangeError(`optimizer state '${key}' belongs to no parameter`);
      if (String(value.shape) !== String(parameter.shape)) {
        throw new RangeError(
          `optimizer state '${key}' has the shape [${value.shape}], its parameter [${parameter.shape}]`,
        );
      }
      return { name, parameter, value };
    });
    this.steps = steps;
    noGrad(() => {
      for (const { name, parameter, value } of entries) this.slot(name, parameter).copy_(value);
    });
  }

  free(): void {
    for (const byParameter of this.slots.values()) for (const value of byParameter.values()) value.free();
    this.slots.clear();
  }
}

/**
 * Scales all gradients together so that their 2-norm is at most `maximum` (torch.nn.utils.clip_grad_norm_).
 * Returns the norm before.
 */
export function clipGradNorm(parameters: readonly Parameter[], maximum: number): number {
  return scope(() =>
    noGrad(() => {
      const gradients = parameters.map(gradOf).filter((gradient) => gradient !== null);
      if (gradients.length === 0) return 0;
      const norm = stack(foreachNorm(gradients)).vectorNorm().item();
      const scale = maximum / (norm + 1e-6);
      if (scale < 1) foreachMul_(gradients, scale);
      return norm;
    }),
  );
}
