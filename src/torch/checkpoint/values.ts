/** From what a pickle says to the values of a checkpoint. */
import type { Tensor } from '../tensor.js';
import { type CheckpointRecord, type CheckpointValue, emptyRecord, Inert, type Refuse } from './checkpoint.js';
import { Call, Dict, Global, isStorage, isTuple, List, type Python, typeName } from './python.js';
import type { Storages } from './storages.js';

/** What a call of a listed class or function stands for. */
export type Meaning = (call: Call, reader: ValueReader) => CheckpointValue;

/** Lists and dicts within each other. */
const DEPTH_LIMIT = 300;
/** Values of the whole checkpoint, where a list that stands in two places counts twice. */
const VALUE_LIMIT = 4_000_000;
const TENSOR_LIMIT = 100_000;

type Container = Exclude<Python, null | boolean | number | bigint | string>;

/** Reads each object once, so that what is shared stays shared; what contains itself becomes inert there. */
export class ValueReader {
  private readonly known = new Map<Container, { value: CheckpointValue; count: number }>();
  private depth = 0;
  private count = 0;
  private tensors = 0;

  constructor(
    readonly storages: Storages,
    private readonly meanings: ReadonlyMap<string, Meaning | undefined>,
    readonly refuse: Refuse,
  ) {}

  value(node: Python): CheckpointValue {
    if (node === null || typeof node !== 'object') {
      this.spend(1);
      return node;
    }
    const known = this.known.get(node);
    if (known) {
      this.spend(known.count);
      return known.value;
    }
    const before = this.count;
    this.spend(1);
    if (++this.depth > DEPTH_LIMIT) throw this.refuse(`lists within lists, ${DEPTH_LIMIT} deep`);
    this.known.set(node, { value: new Inert(typeName(node), 'contains itself'), count: 1 });
    const value = this.read(node);
    this.depth--;
    this.known.set(node, { value, count: this.count - before });
    return value;
  }

  /** What a call stands for. */
  call(call: Call): CheckpointValue {
    return this.meanings.get(call.of.name)?.(call, this) ?? new Inert(call.of.name, 'a class that hilum only names');
  }

  /** Counts what is made beside `value`. Throws over the limit. */
  spend(count: number): void {
    this.count += count;
    if (this.count > VALUE_LIMIT) throw this.refuse(`more than ${VALUE_LIMIT} values`);
  }

  /** Counts a tensor. Throws over the limit. */
  counted(tensor: Tensor): Tensor {
    if (++this.tensors > TENSOR_LIMIT) throw this.refuse(`more than ${TENSOR_LIMIT} tensors`);
    return tensor;
  }

  /** Key, value, key, value as a record; inert where two keys would be one text. */
  record(entries: readonly Python[], type: string): CheckpointRecord | Inert {
    const record = emptyRecord();
    const kinds = new Map<string, string>();
    for (let i = 0; i < entries.length; i += 2) {
      const key = keyText(entries[i]!);
      const kind = typeName(entries[i]!);
      if (key === undefined) return new Inert(type, `has keys of type ${kind}`);
      if ((kinds.get(key) ?? kind) !== kind)
        return new Inert(type, `has the key ${key} twice, as ${kind} and as another`);
      kinds.set(key, kind);
      record[key] = this.value(entries[i + 1]!);
    }
    return record;
  }

  /**
   * Key, value, key, value of a dict, or of a subclass: what its call is given (a dict, or in Python 2 a list of pairs),
   * then what is set afterwards.
   */
  entries(node: Dict | Call): readonly Python[] {
    if (node instanceof Dict) return node.entries;
    const [first] = node.args;
    if (first instanceof Dict) return [...first.entries, ...node.entries];
    const pairs = itemsOf(first);
    this.spend(pairs.length);
    const given = pairs.flatMap((pair) => {
      const items = itemsOf(pair);
      if (items.length !== 2) throw this.refuse(`${node.of.name} of something else than pairs`);
      return items;
    });
    return [...given, ...node.entries];
  }

  /** What stands under texts in a dict. */
  fields(node: Dict | Call): Map<string, Python> {
    const entries = this.entries(node);
    this.spend(entries.length);
    const fields = new Map<string, Python>();
    for (let i = 0; i < entries.length; i += 2) {
      const key = entries[i];
      if (typeof key === 'string') fields.set(key, entries[i + 1]!);
    }
    return fields;
  }

  /** The fields of an object: its state, where that is a dict or a pair of one and what `__slots__` name. */
  fieldsOf({ state }: Call): Map<string, Python> {
    const dict = isTuple(state) && state.length === 2 ? state[0] : state;
    return dict instanceof Dict ? this.fields(dict) : new Map();
  }

  private read(node: Container): CheckpointValue {
    if (isTuple(node)) return node.map((item) => this.value(item));
    if (node instanceof List) return node.items.map((item) => this.value(item));
    if (node instanceof Dict) return this.record(node.entries, 'dict');
    if (node instanceof Call) return this.call(node);
    if (node instanceof Global) return node.name;
    if (isStorage(node)) return new Inert(`storage of ${node.type.name}`, 'memory without a shape');
    return new Inert('bytes', `${node.length} bytes`);
  }
}

function keyText(key: Python): string | undefined {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint') return String(key);
  if (typeof key === 'boolean') return key ? 'True' : 'False';
  if (key === null) return 'None';
  return key instanceof Global ? key.name : undefined;
}

/** Of a list or a tuple, or of a set that is made of one. */
export function itemsOf(node: Python | undefined): readonly Python[] {
  const items = node instanceof Call ? node.args[0] : node;
  if (items instanceof List) return items.items;
  return isTuple(items) ? items : [];
}
