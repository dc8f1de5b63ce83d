import { InputError } from '../../base/index.js';
import { noGrad } from '../autograd.js';
import { Tensor } from '../tensor.js';
import { elementCount, scope } from '../tensor-base.js';

/** A tensor that trains. It belongs to its module; no scope frees it. */
export class Parameter extends Tensor {
  /** Takes the tensor over; its elements then lie in the order of its shape, as fused operators ask. */
  static of(value: Tensor, requiresGrad = true): Parameter {
    const contiguous = value.contiguous();
    const parameter = new Parameter(contiguous.detach().release());
    contiguous.free();
    value.free();
    return parameter.keep().requiresGrad_(requiresGrad);
  }
}

export type StateDict = Record<string, Tensor>;

/**
 * A part of a model: its fields that are parameters, modules or arrays of modules make up its state, under names that
 * equal PyTorch's (`blocks.0.norm1.weight`), in the order of the fields.
 */
export abstract class Module {
  /** Whether layers that behave differently in training (stochastic depth) do so. */
  training = true;

  *namedModules(prefix = ''): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of childrenOf(this)) yield* child.namedModules(join(prefix, name));
  }

  *namedParameters(): Generator<[string, Parameter]> {
    for (const [prefix, module] of this.namedModules()) {
      for (const [name, value] of Object.entries(module)) {
        if (value instanceof Parameter) yield [join(prefix, name), value];
      }
    }
  }

  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter);
  }

  parameterCount(): number {
    return this.parameters().reduce((sum, p) => sum + elementCount(p.shape), 0);
  }

  train(training = true): this {
    for (const [, module] of this.namedModules()) module.training = training;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Moves every parameter. Build optimizers afterwards: the parameters are new tensors. */
  to(device: string): this {
    for (const [, module] of this.namedModules()) {
      for (const [name, value] of Object.entries(module)) {
        if (!(value instanceof Parameter) || value.device === device) continue;
        const { requiresGrad } = value;
        const moved = scope(() => noGrad(() => Parameter.of(value.to(undefined, device), requiresGrad)));
        Object.assign(module, { [name]: moved });
        value.free();
      }
    }
    return this;
  }

  /** The parameters by name; not copies. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedParameters());
  }

  /**
   * Copies values into the parameters.
   * Throws an InputError that names every missing, unexpected or differently shaped entry, and then changes nothing.
   */
  loadStateDict(state: StateDict, source = 'state dict'): void {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
    const misshapen = Object.entries(own)
      .filter(([name, parameter]) => state[name] && String(state[name].shape) !== String(parameter.shape))
      .map(([name, parameter]) => `${name} [${state[name]!.shape}], expected [${parameter.shape}]`);
    const faults = [
      missing.length > 0 && `missing: ${listing(missing)}`,
      unexpected.length > 0 && `unexpected: ${listing(unexpected)}`,
      misshapen.length > 0 && `of another shape: ${listing(misshapen)}`,
    ].filter((text) => text !== false);
    if (faults.length > 0) {
      throw new InputError(`${source} does not fit the model; ${faults.join('; ')}. Give weights of the same model.`);
    }
    noGrad(() => {
      for (const [name, parameter] of Object.entries(own)) parameter.copy_(state[name]!);
    });
  }

  /** Frees every parameter. */
  free(): void {
    for (const parameter of this.parameters()) parameter.free();
  }
}

function* childrenOf(module: Module): Generator<[string, Module]> {
  for (const [name, value] of Object.entries(module)) {
    if (value instanceof Module) yield [name, value];
    else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${name}.${i}`, item];
    }
  }
}

const join = (prefix: string, name: string) => (prefix ? `${prefix}.${name}` : name);

function listing(items: readonly string[]): string {
  return items.length <= 8 ? items.join(', ') : `${items.slice(0, 8).join(', ')} and ${items.length - 8} more`;
}
