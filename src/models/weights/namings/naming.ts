/** How the parameters of a network are named in published files: one table per family and code base. */
import { cat, type StateDict, type Tensor } from '../../../torch/index.js';
import type { Architecture, ModelConfig } from '../../config.js';
import type { InputStatistics } from '../../input-statistics.js';

/** Names and shapes of a state dict. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** What shapes do not tell. */
export interface Hints {
  /** The `config.json` beside the file, as transformers and timm publish it. */
  config?: Readonly<Record<string, unknown>>;
  heads?: number;
}

/**
 * Entries of a published file and the parameters that they become; either side may be empty, where the other has no
 * counterpart. Names are templates: `{i}` stands for a number, a closing `*` for the rest of the name. Of several rules
 * that an entry fits, the first counts whose other entries are there too.
 */
export interface Rule {
  theirs: readonly string[];
  ours: readonly string[];
  /** Theirs to ours; left out where they are the same tensors in the same order. */
  read?(theirs: Tensor[]): Tensor[];
  write?(ours: Tensor[]): Tensor[];
}

export interface Naming {
  /** 'dinov2', 'timm', 'transformers': what a conversion is asked for. */
  name: string;
  title: string;
  architecture: Architecture;
  /** Brings variants of a name to the one that the rules know. */
  clean?(name: string): string;
  /** Whether a state dict, its prefixes taken off, has these names. */
  recognizes(shapes: Shapes): boolean;
  /** The network that the shapes tell of. Throws an InputError for one that hilum does not have. */
  describe(shapes: Shapes, hints: Hints): ModelConfig;
  /** Why a network cannot be written under these names; undefined where it can. */
  refuses?(config: ModelConfig): string | undefined;
  /** The `config.json` that the code base reads beside weights of such a network; undefined where it has no such size. */
  configFile?(config: ModelConfig): Record<string, unknown> | undefined;
  /** Templates of entries that belong to no backbone. */
  heads: readonly string[];
  /** Parameters of ours that a file may lack; they then keep the zeros or ones that they start with. */
  optional: readonly string[];
  /** What everything published under these names normalizes its input with; undefined where that differs. */
  input?: InputStatistics | null;
  rules: readonly Rule[];
}

export const rename = (theirs: string, ours: string): Rule => ({ theirs: [theirs], ours: [ours] });

/** Several entries whose rows follow each other in one of ours, such as queries, keys and values. */
export const joined = (theirs: readonly string[], ours: string): Rule => ({
  theirs,
  ours: [ours],
  read: (tensors) => [cat(tensors, 0)],
  write: ([tensor]) => tensor!.chunk(theirs.length, 0),
});

/** Whether a name fits a template. */
export const fits = (name: string, template: string): boolean => bind(name, template) !== undefined;

/** A state dict under our names. */
export interface Renamed {
  state: StateDict;
  /** The entries that each of ours came from. */
  origins: Map<string, string[]>;
  /** Entries that no rule knows. */
  leftOver: string[];
  /** Entries that a rule asks for beside others that are there. */
  missing: string[];
}

/** Brings a published state dict to our names. New tensors belong to the open scope. */
export function toOurNames(state: StateDict, { rules, clean = (name) => name }: Naming): Renamed {
  const entries = new Map(Object.entries(state).map(([name, tensor]) => [clean(name), { name, tensor }]));
  const renamed: Renamed = { state: Object.create(null), origins: new Map(), leftOver: [], missing: [] };
  const taken = new Set<string>();
  for (const [cleaned, { name }] of entries) {
    if (taken.has(cleaned)) continue;
    const found = allFits(cleaned, rules, 'theirs');
    if (found.length === 0) {
      renamed.leftOver.push(name);
      continue;
    }
    const { rule, bindings, names } = found.find((fit) => fit.names.every((each) => entries.has(each))) ?? found[0]!;
    for (const each of names) taken.add(each);
    const absent = names.filter((each) => !entries.has(each));
    renamed.missing.push(...absent);
    if (absent.length > 0) continue;
    const sources = names.map((each) => entries.get(each)!);
    const tensors = sources.map(({ tensor }) => tensor);
    for (const [i, tensor] of (rule.read?.(tensors) ?? tensors).entries()) {
      const own = fill(rule.ours[i]!, bindings);
      renamed.state[own] = tensor;
      renamed.origins.set(
        own,
        sources.map((source) => source.name),
      );
    }
  }
  return renamed;
}

/** Brings a state dict of ours to published names. Throws an Error for a parameter that no rule knows. */
export function toTheirNames(state: StateDict, { rules, title }: Naming): StateDict {
  const result: StateDict = {};
  const taken = new Set<string>();
  for (const name of Object.keys(state)) {
    if (taken.has(name)) continue;
    const choices = allFits(name, rules, 'ours');
    const found = choices.find(({ names }) => names.every((each) => Object.hasOwn(state, each))) ?? choices[0];
    if (!found) throw new Error(`${title} has no name for the parameter ${name}`);
    const { rule, bindings, names } = found;
    for (const each of names) taken.add(each);
    const tensors = names.map((each) => {
      if (!state[each]) throw new Error(`${title} asks for ${each} beside ${name}`);
      return state[each];
    });
    for (const [i, tensor] of (rule.write?.(tensors) ?? tensors).entries()) {
      if (i < rule.theirs.length) result[fill(rule.theirs[i]!, bindings)] = tensor;
    }
  }
  return result;
}

type Bindings = Record<string, string>;

/** The rules with a template that a name fits, and the names that each then speaks of, on the same side. */
function allFits(name: string, rules: readonly Rule[], side: 'theirs' | 'ours') {
  return rules.flatMap((rule) => {
    const bindings = rule[side].map((template) => bind(name, template)).find((each) => each !== undefined);
    return bindings ? [{ rule, bindings, names: rule[side].map((template) => fill(template, bindings)) }] : [];
  });
}

/** What the places of a template stand for in a name; undefined where it does not fit. */
function bind(name: string, template: string): Bindings | undefined {
  const match = patternOf(template).exec(name);
  return match ? { ...match.groups } : undefined;
}

const patterns = new Map<string, RegExp>();

function patternOf(template: string): RegExp {
  let pattern = patterns.get(template);
  if (!pattern) {
    const text = template
      .replace(/[.+?^$()|[\]\\]/g, '\\$&')
      .replace(/\{(\w)\}/g, '(?<$1>\\d+)')
      .replace(/\*$/, '(?<rest>.*)');
    pattern = new RegExp(`^${text}$`);
    patterns.set(template, pattern);
  }
  return pattern;
}

/** 'blocks.3.attn.qkv.bias' of 'blocks.{i}.attn.qkv.*'. */
function fill(template: string, bindings: Bindings): string {
  return template
    .replace(/\{(\w)\}/g, (_, place: string) => bindings[place]!)
    .replace(/\*$/, () => bindings.rest ?? '');
}
