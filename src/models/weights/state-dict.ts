/** The state dict inside a published file: training checkpoints nest it, and wrappers put prefixes before its names. */
import { type StateDict, Tensor } from '../../torch/index.js';

type Content = Readonly<Record<string, unknown>>;

/** Where a training checkpoint keeps its weights, the most finished first. */
const CONTAINERS = [
  'teacher',
  'model_ema',
  'ema',
  'state_dict_ema',
  'state_dict',
  'model_state_dict',
  'model',
  'module',
  'network',
  'net',
  'backbone',
  'student',
];

/** Of several networks in one flat state dict, the one to take. */
const PARTS = ['teacher.', 'model_ema.', 'ema.', 'teacher_', 'student.'];

/** What wrappers put before every name of a network, or before those that are not of the head. */
const PREFIXES = [
  'module.',
  '_orig_mod.',
  '_fsdp_wrapped_module.',
  'backbone.',
  'model.',
  'net.',
  'network.',
  'encoder.',
  'image_encoder.',
  'vision_model.',
  'visual.',
  'vit.',
  'dinov2.',
  'dinov2_with_registers.',
  'dinov3_vit.',
  'resnet.',
  'convnext.',
  'densenet.',
  'densenet121.',
];

const DEPTH = 4;

/** A state dict that a file may mean, and how it was reached. */
export interface Candidate {
  /** 'teacher', 'teacher, without "backbone."': for the report; '' for the file as it is. */
  place: string;
  /** Tensors by name; the names in the file are `prefix` longer. */
  state: StateDict;
}

/** Every reading of a file's content as a state dict, the likeliest first. */
export function* candidates(root: Content): Generator<Candidate> {
  for (const { place, state } of nested(root, '', 0)) {
    const seen = new Set<string>();
    let layer: Candidate[] = [{ place, state }];
    for (let depth = 0; depth <= DEPTH && layer.length > 0; depth++) {
      yield* layer;
      layer = layer.flatMap((candidate) => stripped(candidate, seen));
    }
  }
}

function* nested(record: Content, place: string, depth: number): Generator<Candidate> {
  const tensors = Object.entries(record).filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor);
  if (tensors.length > 0) yield { place, state: byName(tensors) };
  if (depth === DEPTH) return;
  for (const name of CONTAINERS) {
    const inner = record[name];
    if (isRecord(inner)) yield* nested(inner, place ? `${place}.${name}` : name, depth + 1);
  }
}

/** The candidate with one more prefix taken off, in every way that leaves names apart. */
function stripped({ place, state }: Candidate, seen: Set<string>): Candidate[] {
  const names = Object.keys(state);
  const result: Candidate[] = [];
  const add = (prefix: string, entries: [string, Tensor][]) => {
    const next = entries.map(([name, tensor]): [string, Tensor] => [
      name.startsWith(prefix) ? name.slice(prefix.length) : name,
      tensor,
    ]);
    const key = next
      .map(([name]) => name)
      .sort()
      .join('\n');
    if (seen.has(key) || new Set(next.map(([name]) => name)).size < next.length) return;
    seen.add(key);
    result.push({ place: [place, `without "${prefix}"`].filter(Boolean).join(', '), state: byName(next) });
  };
  for (const part of PARTS) {
    const own = names.filter((name) => name.startsWith(part));
    if (own.length > 0)
      add(
        part,
        own.map((name) => [name, state[name]!]),
      );
  }
  for (const prefix of PREFIXES) {
    if (names.some((name) => name.startsWith(prefix))) add(prefix, Object.entries(state));
  }
  return result;
}

function byName(entries: [string, Tensor][]): StateDict {
  const state: StateDict = Object.create(null);
  for (const [name, tensor] of entries) state[name] = tensor;
  return state;
}

const isRecord = (value: unknown): value is Content =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Tensor);
