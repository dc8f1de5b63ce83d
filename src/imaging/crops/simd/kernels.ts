/**
 * The loops over pixels, all of them: each reads 8-bit planes in one memory, which the caller lays out, and writes others. Addresses and
 * sizes are in bytes. Vectors may read up to 16 bytes behind a plane, but write nothing outside. What each does stands where it is made.
 */
import { assemble } from './assembler.js';
import { blur } from './blur.js';
import { hue } from './hue.js';
import { saturate, solarize, spread, sumLuma } from './levels.js';
import { across, down } from './resize.js';

const kernels = { across, down, blur, spread, solarize, saturate, sumLuma, hue };

export type Kernels = { readonly [Name in keyof typeof kernels]: (...parameters: number[]) => void };

let compiled: WebAssembly.Module | undefined;

/** The kernels, to work in `memory`. */
export function instantiate(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(assemble(kernels));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}
