/** What a tensor is and how long it lives; its operators are generated on top of it (tensor.ts). */
import { native } from './binding.js';

export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'uint8' | 'bool';

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  uint8: 1,
  bool: 1,
};

/** How many elements a tensor of a shape has. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Frees tensors that nobody freed; a backstop only: it runs when the garbage collector finds the time. */
const forgotten = new FinalizationRegistry<{ handle: number }>((cell) => {
  if (cell.handle >= 0) native().free(cell.handle);
});

export abstract class TensorBase {
  /** -1 once freed. Shared with the finalizer, which must not hold the tensor itself. */
  private readonly cell: { handle: number };
  /** The scope that will free this tensor. */
  private owner: Set<TensorBase> | undefined;
  private collected = false;
  private sizes: readonly number[] | undefined;

  constructor(handle: number) {
    this.cell = { handle };
  }

  /** The number by which the addon knows this tensor. Throws an Error once it is freed. */
  get handle(): number {
    const { handle } = this.cell;
    if (handle < 0)
      throw new Error(`a tensor${this.sizes ? ` of shape [${this.sizes}]` : ''} was used after it was freed`);
    return handle;
  }

  get shape(): readonly number[] {
    this.sizes ??= native().shape(this.handle);
    return this.sizes;
  }

  /** Size of one dimension; negative ones count from the end. */
  size(dimension: number): number {
    const size = this.shape.at(dimension);
    if (size === undefined) throw new RangeError(`dimension ${dimension} of a tensor of shape [${this.shape}]`);
    return size;
  }

  get dtype(): DType {
    return native().dtype(this.handle) as DType;
  }

  /** 'cpu' or 'cuda:0'. */
  get device(): string {
    return native().device(this.handle);
  }

  get requiresGrad(): boolean {
    return native().requiresGrad(this.handle);
  }

  /** The only element, as a number. */
  item(): number {
    return native().item(this.handle);
  }

  get isFreed(): boolean {
    return this.cell.handle < 0;
  }

  /** Gives the memory back now. Freeing twice does nothing. */
  free(): void {
    if (this.cell.handle < 0) return;
    native().free(this.cell.handle);
    this.cell.handle = -1;
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /** Hands the handle over to a new owner; this tensor then counts as freed. */
  release(): number {
    const { handle } = this;
    this.owner?.delete(this);
    this.cell.handle = -1;
    return handle;
  }

  /** Leaves this tensor to whoever holds it: no scope frees it any more. Returns itself. */
  keep(): this {
    return this.give(undefined);
  }

  /** Gives this tensor into the care of a scope, or, without one, of the garbage collector. Returns itself. */
  give(owner: Set<TensorBase> | undefined): this {
    this.owner?.delete(this);
    this.owner = owner;
    if (owner) owner.add(this);
    else if (!this.collected) {
      this.collected = true;
      forgotten.register(this, this.cell);
    }
    return this;
  }
}

let open: Set<TensorBase> | undefined;

/** Puts a new tensor into the open scope, or, outside every scope, into the care of the garbage collector. */
export const adopt = <T extends TensorBase>(tensor: T): T => tensor.give(open);

/**
 * Runs `work` and frees every tensor that was made in it, except those in its result (a tensor, or an array or plain
 * object of tensors), which pass to the scope around it, and those kept by `keep()`. `work` must not be asynchronous.
 */
export function scope<T>(work: () => T): T {
  const outer = open;
  const mine = new Set<TensorBase>();
  open = mine;
  try {
    const result = work();
    if (result instanceof Promise) throw new TypeError('scope(): the work must not be asynchronous');
    for (const tensor of tensorsIn(result)) {
      if (mine.has(tensor) && !tensor.isFreed) tensor.give(outer);
    }
    return result;
  } finally {
    open = outer;
    for (const tensor of mine) tensor.free();
    mine.clear();
  }
}

function isPlainObject(value: unknown): value is object {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function* tensorsIn(value: unknown): Generator<TensorBase> {
  if (value instanceof TensorBase) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* tensorsIn(item);
  else if (isPlainObject(value)) {
    for (const item of Object.values(value)) yield* tensorsIn(item);
  }
}
