/** Low-rank adapters (Hu et al., 2021): a frozen linear layer learns only a product of two thin matrices beside it. */
import {
  empty,
  initialized,
  Linear,
  Module,
  noGrad,
  Parameter,
  type StateDict,
  scope,
  type Tensor,
  zeroParameter,
} from '../torch/index.js';
import type { Backbone } from './backbone.js';

export interface LoraOptions {
  rank: number;
  /** The adapter's output is scaled by alpha / rank. */
  alpha: number;
  /** Linear layers of the blocks, by the end of their names: 'qkv', or 'attn.proj' where 'proj' alone says too much. */
  targets: readonly string[];
}

/**
 * y = base(x) + alpha / rank * B A x, `[..., inFeatures]` to `[..., outFeatures]` (microsoft/LoRA, loralib/layers.py, Linear).
 * A starts as a linear layer's weight, B at zero, so that the adapter changes nothing before it is trained.
 */
export class LoraLinear extends Module {
  readonly lora_A: Parameter; // [rank, inFeatures]
  readonly lora_B: Parameter; // [outFeatures, rank]
  readonly scale: number;

  /** Takes the layer over and freezes it. */
  constructor(
    readonly base: Linear,
    { rank, alpha }: Pick<LoraOptions, 'rank' | 'alpha'>,
  ) {
    super();
    const [outFeatures, inFeatures] = [base.weight.size(0), base.weight.size(1)];
    const bound = 1 / Math.sqrt(inFeatures); // kaiming_uniform_ with a = sqrt(5)
    this.lora_A = Parameter.of(
      initialized(empty([rank, inFeatures], 'float32'), (tensor) => tensor.uniform_(-bound, bound)),
    );
    this.lora_B = zeroParameter([outFeatures, rank]);
    this.scale = alpha / rank;
    for (const parameter of base.parameters()) parameter.requiresGrad_(false);
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.base.forward(x).add(x.linear(this.lora_A).mul(this.scale).linear(this.lora_B)));
  }

  /** The one weight that does the same, `[outFeatures, inFeatures]`. */
  mergedWeight(): Tensor {
    return scope(() => noGrad(() => this.base.weight.add(this.lora_B.matmul(this.lora_A).mul(this.scale))));
  }
}

interface Place {
  parent: Module;
  field: string;
  /** 'blocks.0.attn.qkv' */
  name: string;
}

/** Every field of a model that holds one module of a type. */
function placesOf(model: Module, type: abstract new (...args: never[]) => Module): Place[] {
  return [...model.namedModules()].flatMap(([prefix, parent]) =>
    Object.entries(parent)
      .filter(([, value]) => value instanceof type)
      .map(([field]) => ({ parent, field, name: prefix ? `${prefix}.${field}` : field })),
  );
}

const linearsOfBlocks = (backbone: Backbone): (Place & { layer: number })[] =>
  placesOf(backbone, Linear)
    .map((place) => ({ ...place, layer: backbone.layerOf(`${place.name}.weight`) }))
    .filter(({ layer }) => layer >= 1 && layer <= backbone.depth);

const isTarget = (name: string, target: string) => name === target || name.endsWith(`.${target}`);

/** The linear layers of a network's blocks that adapters can stand beside, by the last part of their names. */
export function adapterTargets(backbone: Backbone): string[] {
  return [...new Set(linearsOfBlocks(backbone).map(({ field }) => field))];
}

/** Those of `targets` that name no linear layer of the network's blocks. */
export function unknownTargets(backbone: Backbone, targets: readonly string[]): string[] {
  const linears = linearsOfBlocks(backbone);
  return targets.filter((target) => !linears.some(({ name }) => isTarget(name, target)));
}

/**
 * Freezes a network and puts adapters beside the target layers of its blocks after the first `frozenBlocks`.
 * Throws a RangeError where a target names no layer.
 */
export function addAdapters(backbone: Backbone, options: LoraOptions, frozenBlocks = 0): void {
  const unknown = unknownTargets(backbone, options.targets);
  if (unknown.length > 0) throw new RangeError(`lora: no linear layer is called ${unknown.join(', ')}`);
  for (const parameter of backbone.parameters()) parameter.requiresGrad_(false);
  for (const { parent, field, name, layer } of linearsOfBlocks(backbone)) {
    if (layer <= frozenBlocks || !options.targets.some((target) => isTarget(name, target))) continue;
    const base = (parent as unknown as Record<string, Linear>)[field]!;
    Object.assign(parent, { [field]: new LoraLinear(base, options) });
  }
}

/** The state that the model has without adapters, their part added to the weights. New tensors belong to the open scope. */
export function mergedState(model: Module): StateDict {
  const state = model.stateDict();
  for (const { parent, field, name } of placesOf(model, LoraLinear)) {
    const adapted = (parent as unknown as Record<string, LoraLinear>)[field]!;
    for (const own of Object.keys(adapted.stateDict())) delete state[`${name}.${own}`];
    for (const [own, value] of Object.entries(adapted.base.stateDict())) state[`${name}.${own}`] = value;
    state[`${name}.weight`] = adapted.mergedWeight();
  }
  return state;
}

/** Puts the layers back as they were before `addAdapters`, without what the adapters learned. */
export function removeAdapters(model: Module): void {
  for (const { parent, field } of placesOf(model, LoraLinear)) {
    const { base, lora_A, lora_B } = (parent as unknown as Record<string, LoraLinear>)[field]!;
    Object.assign(parent, { [field]: base });
    lora_A.free();
    lora_B.free();
  }
}
