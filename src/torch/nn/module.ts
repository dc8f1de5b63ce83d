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

/** State that a module keeps without training it, such as running statistics. It belongs to its module. */
export class ModuleBuffer extends Tensor {
  /** Takes the tensor over. */
  static of(value: Tensor): ModuleBuffer {
    const contiguous = value.contiguous();
    const buffer = new ModuleBuffer(contiguous.detach().release());
    contiguous.free();
    value.free();
    return buffer.keep();
  }
}

export type StateDict = Record<string, Tensor>;

/**
 * A part of a model: its fields that are parameters, buffers, modules or (nested) arrays of modules make up its state, under
 * names that equal PyTorch's (`blocks.0.norm1.weight`), in PyTorch's order: parameters, buffers, parts, each in the
 * order of the fields.
 */
export abstract class Module {
  /** Whether layers that behave differently in training (stochastic depth) do so. */
  training = true;

  *namedModules(prefix = ''): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of childrenOf(this)) yield* child.namedModules(join(prefix, name));
  }

  *namedParameters(): Generator<[string, Parameter]> {
    for (const { name, value } of this.fields()) if (value instanceof Parameter) yield [name, value];
  }

  private *fields(): Generator<{ module: Module; field: string; name: string; value: Parameter | ModuleBuffer }> {
    for (const [prefix, module] of this.namedModules()) {
      for (const type of [Parameter, ModuleBuffer]) {
        for (const [field, value] of Object.entries(module)) {
          if (value instanceof type) yield { module, field, name: join(prefix, field), value };
        }
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

  /** Moves every parameter and buffer. Build optimizers afterwards: the parameters are new tensors. */
  to(device: string): this {
    for (const { module, field, value } of [...this.fields()]) {
      if (value.device !== device) replace(module, field, value, () => value.to(undefined, device));
    }
    return this;
  }

  /** The parameters and buffers by name; not copies. */
  stateDict(): StateDict {
    return Object.fromEntries([...this.fields()].map(({ name, value }) => [name, value]));
  }

  /**
   * Copies values into the parameters and buffers.
   * Throws an InputError that names every missing, unexpected or differently shaped entry, and then changes nothing.
   */
  loadStateDict(state: StateDict, source = 'state dict'): void {
    this.checkState(state, source);
    noGrad(() => {
      for (const { name, value } of this.fields()) value.copy_(state[name]!);
    });
  }

  /**
   * As `loadStateDict`, but takes tensors of the same type over where they lie instead of copying them (PyTorch's
   * `assign=True`); those of `state` stay usable, and share their memory with the module from here on. Build
   * optimizers afterwards.
   */
  assignStateDict(state: StateDict, source = 'state dict'): void {
    this.checkState(state, source);
    for (const { module, field, name, value } of [...this.fields()]) {
      // `data`: views of one file share a version counter, by which training takes a change of one for a change of all.
      replace(module, field, value, () => state[name]!.to(value.dtype, value.device).data());
    }
  }

  private checkState(state: StateDict, source: string): void {
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
  }

  /** Frees every parameter and buffer. */
  free(): void {
    for (const { value } of [...this.fields()]) value.free();
  }
}

/** Puts another tensor into a module's field, as the kind of state that stood there, and frees that. */
function replace(module: Module, field: string, old: Parameter | ModuleBuffer, make: () => Tensor): void {
  const next = scope(() =>
    noGrad(() => (old instanceof Parameter ? Parameter.of(make(), old.requiresGrad) : ModuleBuffer.of(make()))),
  );
  Object.assign(module, { [field]: next });
  old.free();
}

function* childrenOf(module: Module): Generator<[string, Module]> {
  for (const [name, value] of Object.entries(module)) yield* modulesIn(name, value);
}

/** The module that a field is, or those of an array and of arrays in it. */
function* modulesIn(name: string, value: unknown): Generator<[string, Module]> {
  if (value instanceof Module) yield [name, value];
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* modulesIn(`${name}.${i}`, item);
}

const join = (prefix: string, name: string) => (prefix ? `${prefix}.${name}` : name);

function listing(items: readonly string[]): string {
  return items.length <= 8 ? items.join(', ') : `${items.slice(0, 8).join(', ')} and ${items.length - 8} more`;
}
