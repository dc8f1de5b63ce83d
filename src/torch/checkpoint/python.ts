/**
 * What the machine of pickle.ts builds: Python's plain values, and calls that nobody makes. Nothing here knows what a
 * class or function does; globals.ts gives the listed ones a meaning.
 */
import type { ElementType } from './element-types.js';

export type Python =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tuple
  | List
  | Dict
  | Call
  | Global
  | StorageRef;

export type Tuple = readonly Python[];

/** A list or set. */
export class List {
  readonly items: Python[] = [];
}

export class Dict {
  /** Key, value, key, value. */
  readonly entries: Python[] = [];
}

/** The name of a class or function, e.g. 'collections.OrderedDict'. */
export class Global {
  constructor(readonly name: string) {}
}

/** A call as the pickle asks for it; whoever reads it decides what it stands for. */
export class Call {
  /** What `__setstate__` would get. */
  state: Python | undefined;
  /** Key, value, key, value: of subclasses of dict. */
  readonly entries: Python[] = [];

  constructor(
    readonly of: Global,
    readonly args: Tuple,
  ) {}
}

/** Where a tensor's elements lie: a part of the bytes that the file keeps under `key`. */
export interface StorageRef {
  readonly storage: string;
  readonly type: ElementType;
  /** Both in elements of `type`. */
  readonly first: number;
  readonly length: number;
}

export const isTuple = (value: Python | undefined): value is Tuple => Array.isArray(value);
export const isStorage = (value: Python | undefined): value is StorageRef =>
  value !== null && typeof value === 'object' && 'storage' in value;
/** A count or offset: a whole number from 0 on that is exact. */
export const isCount = (value: Python | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** A whole number as number where that is exact. */
export function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Python's word for a value's type, for messages. */
export function typeName(value: Python | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'str';
  if (value instanceof Uint8Array) return 'bytes';
  if (isTuple(value)) return 'tuple';
  if (value instanceof List) return 'list';
  if (value instanceof Dict) return 'dict';
  if (value instanceof Call) return value.of.name;
  return value instanceof Global ? `the name ${value.name}` : 'storage';
}
