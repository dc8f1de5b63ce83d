/**
 * WebAssembly written as expressions: what the kernels need of the instruction set, its 128-bit SIMD above all, which JavaScript does not
 * have. Names are those of the specification (WebAssembly Core 2.0) without dots; an expression is the list of its bytes.
 */

export type Code = readonly number[];

/** A parameter or variable of a function. */
export interface Local {
  index: number;
}

/** An expression, a variable, or a 32-bit constant. */
export type Value = Code | Local | number;

const I32 = 0x7f;
const V128 = 0x7b;

/** A function without results: its parameters are 32-bit integers. */
export interface Kernel {
  parameters: number;
  locals: readonly number[];
  body: Code;
}

/** Where a function's variables come from. */
export interface Variables {
  /** 32-bit integers. */
  i32(): Local;
  /** 128-bit vectors. */
  v128(): Local;
}

/** Makes a function of so many parameters. */
export function kernel(parameters: number, write: (given: Local[], variables: Variables) => Code[]): Kernel {
  const locals: number[] = [];
  const add = (type: number): Local => ({ index: parameters + locals.push(type) - 1 });
  const given = Array.from({ length: parameters }, (_, index) => ({ index }));
  const body = write(given, { i32: () => add(I32), v128: () => add(V128) }).flat();
  return { parameters, locals, body };
}

/** A module that imports its memory as `env.memory` and exports the kernels. */
export function assemble(kernels: Readonly<Record<string, Kernel>>): Uint8Array<ArrayBuffer> {
  const all = Object.entries(kernels);
  const types = all.map(([, { parameters }]) => [0x60, ...vector(Array(parameters).fill([I32])), ...vector([])]);
  const memory = [...name('env'), ...name('memory'), 0x02, 0x00, ...unsigned(1)];
  const exported = all.map(([text], i) => [...name(text), 0x00, ...unsigned(i)]);
  const bodies = all.map(([, { locals, body }]) => {
    const code = [...vector(locals.map((type) => [1, type])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const section = (id: number, items: Code[]) => {
    const content = vector(items);
    return [id, ...unsigned(content.length), ...content];
  };
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      all.map((_, i) => unsigned(i)),
    ),
    ...section(7, exported),
    ...section(10, bodies),
  ]);
}

// Control and 32-bit integers

export const set = (to: Local, value: Value): Code => [...of(value), 0x21, ...unsigned(to.index)];
export const add = (a: Value, b: Value): Code => [...of(a), ...of(b), 0x6a];
export const sub = (a: Value, b: Value): Code => [...of(a), ...of(b), 0x6b];
export const mul = (a: Value, b: Value): Code => [...of(a), ...of(b), 0x6c];
export const increase = (to: Local, by: Value): Code => set(to, add(to, by));
const lessThan = (a: Value, b: Value): Code => [...of(a), ...of(b), 0x48];
export const least = (a: Value, b: Value): Code => [...of(a), ...of(b), ...lessThan(a, b), 0x1b];
export const most = (a: Value, b: Value): Code => [...of(a), ...of(b), ...lessThan(b, a), 0x1b];

/** for (i = from; i < to; i += step) body */
export function loop(i: Local, from: Value, to: Value, step: Value, body: Code[]): Code {
  const leave = [...of(i), ...of(to), 0x4e, 0x0d, 1];
  return [...set(i, from), 0x02, 0x40, 0x03, 0x40, ...leave, ...body.flat(), ...increase(i, step), 0x0c, 0, 0x0b, 0x0b];
}

export const i32Load = (at: Value, offset = 0): Code => [...of(at), 0x28, ...place(offset)];
export const i32Load16U = (at: Value, offset = 0): Code => [...of(at), 0x2f, ...place(offset)];
export const i32Store16 = (at: Value, value: Value, offset = 0): Code => [
  ...of(at),
  ...of(value),
  0x3b,
  ...place(offset),
];

// Vectors: of integers of 8, 16 or 32 bits and of numbers of single and double precision, as the instruction says

type Load = (at: Value, offset?: number) => Code;
type Unary = (x: Value) => Code;
type Binary = (a: Value, b: Value) => Code;
type StoreLane = (at: Value, x: Value, lane: number) => Code;

const load =
  (opcode: number): Load =>
  (at, offset = 0) => [...of(at), ...simd(opcode), ...place(offset)];
const storeLane =
  (opcode: number): StoreLane =>
  (at, x, lane) => [...of(at), ...of(x), ...simd(opcode), ...place(0), lane];
const unary =
  (opcode: number): Unary =>
  (x) => [...of(x), ...simd(opcode)];
const binary =
  (opcode: number): Binary =>
  (a, b) => [...of(a), ...of(b), ...simd(opcode)];

export const v128Load = load(0x00);
/** Eight bytes, each to 16 bits. */
export const v128Load8x8U = load(0x02);
export const v128Load32Splat = load(0x09);
/** Four bytes, the rest 0. */
export const v128Load32Zero = load(0x5c);
export function v128Store(at: Value, x: Value, offset = 0): Code {
  return [...of(at), ...of(x), ...simd(0x0b), ...place(offset)];
}
export const v128Store8Lane = storeLane(0x58);
export const v128Store32Lane = storeLane(0x5a);
export const v128Store64Lane = storeLane(0x5b);

/** 32-bit lanes of `a` (0 to 3) and `b` (4 to 7). */
export function shuffle(a: Value, b: Value, lanes: readonly [number, number, number, number]): Code {
  return [...of(a), ...of(b), ...simd(0x0d), ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte))];
}

export const v128Or = binary(0x50);
export const v128Xor = binary(0x51);
/** `a` where the mask's bits are set, else `b`. */
export const select = (mask: Value, a: Value, b: Value): Code => [...of(a), ...of(b), ...of(mask), ...simd(0x52)];

export const i8x16Splat = unary(0x0f);
export const i8x16GeU = binary(0x2c);
export const i8x16NarrowI16x8U = binary(0x66);

export const i16x8Splat = unary(0x10);
export const i16x8NarrowI32x4S = binary(0x85);
export const i16x8NarrowI32x4U = binary(0x86);
export const i16x8ExtendLowI8x16U = unary(0x89);
export const i16x8ExtendHighI8x16U = unary(0x8a);
export const i16x8Add = binary(0x8e);

export const i32x4Splat = unary(0x11);
export const i32x4Eq = binary(0x37);
export const i32x4ExtendLowI16x8U = unary(0xa9);
export const i32x4ExtendHighI16x8U = unary(0xaa);
export const i32x4ShrS = binary(0xac);
export const i32x4Add = binary(0xae);
export const i32x4Sub = binary(0xb1);
export const i32x4Mul = binary(0xb5);
export const i32x4MinS = binary(0xb6);
export const i32x4MaxS = binary(0xb8);
export const v128And = binary(0x4e);
export const i32x4ExtmulLowI16x8U = binary(0xbe);
export const i32x4ExtmulHighI16x8U = binary(0xbf);

/** A number in each lane. A variable's 32 bits, splatted, are one too. */
export const f32x4Const = (value: number): Code => i32x4Splat(floatBits(value));
export const f32x4Add = binary(0xe4);
export const f32x4Sub = binary(0xe5);
export const f32x4Mul = binary(0xe6);
export const f32x4Div = binary(0xe7);
export const f32x4ConvertI32x4S = unary(0xfa);
/** Cut off to a whole number; not a number becomes 0. */
export const i32x4TruncSatF32x4S = unary(0xf8);

export const f64x2Const = (value: number): Code => {
  const bytes = [...new Uint8Array(Float64Array.of(value).buffer)];
  return [...simd(0x0c), ...bytes, ...bytes];
};
export const f64x2Add = binary(0xf0);
export const f64x2Sub = binary(0xf1);
export const f64x2Mul = binary(0xf2);
export const f64x2Div = binary(0xf3);
export const f64x2Floor = unary(0x75);
export const f64x2PromoteLowF32x4 = unary(0x5f);
export const f32x4DemoteF64x2Zero = unary(0x5e);
export const i32x4TruncSatF64x2SZero = unary(0xfc);

/** A number as the 32 bits of its single precision. */
export const floatBits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;

// Encoding

function of(value: Value): Code {
  if (typeof value === 'number') return [0x41, ...signed(value)];
  return 'index' in value ? [0x20, ...unsigned(value.index)] : value;
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
/** Of an access to memory: no alignment promised, and an offset in bytes. */
const place = (offset: number): Code => [0, ...unsigned(offset)];
const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const name = (text: string): Code => vector([...Buffer.from(text)].map((byte) => [byte]));

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function signed(value: number): Code {
  const bytes: number[] = [];
  for (; value > 63 || value < -64; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value & 127];
}
