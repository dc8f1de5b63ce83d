/** What a file of weights holds, whatever its format. */
import { type InputError, inputError } from '../../base/index.js';
import type { Tensor } from '../tensor.js';

/** A value that hilum has no use for, or none that it can read: it says what it was, and why it stayed behind. */
export class Inert {
  constructor(
    /** The class in Python, or the tensor's type, e.g. 'torch.float8_e4m3fn'. */
    readonly type: string,
    /** Why it is no tensor and no plain value, e.g. 'a tensor of a type that hilum does not read'. */
    readonly reason: string,
  ) {}
}

/** Integers beyond 2^53 are bigint; tuples and sets are arrays; keys of a record are texts (1 becomes '1'). */
export type CheckpointValue =
  | Tensor
  | string
  | number
  | bigint
  | boolean
  | null
  | Inert
  | CheckpointValue[]
  | CheckpointRecord;

/** Has no prototype, so that no name in a file means anything to JavaScript. */
export interface CheckpointRecord {
  [name: string]: CheckpointValue;
}

export interface Checkpoint {
  format: 'safetensors' | 'sharded safetensors' | 'pytorch' | 'pytorch legacy' | 'sharded pytorch';
  /** Tensors are views into private memory maps of the files, in the file's own type, maybe not contiguous. */
  root: CheckpointRecord;
  /** What safetensors keep as `__metadata__`, and an index of shards as `metadata`. */
  metadata: Record<string, string>;
  /** Every file that was read, the index of shards first. */
  files: string[];
}

/** Makes the error for what was found in one file. */
export type Refuse = (found: string, expected?: string, fix?: string) => InputError;

export const refusing =
  (path: string, usual: string, advice = 'Check the path, or fetch the file again.'): Refuse =>
  (found, expected = usual, fix = advice) =>
    inputError({ what: path, found, expected, fix });

export const emptyRecord = (): CheckpointRecord => Object.create(null) as CheckpointRecord;
