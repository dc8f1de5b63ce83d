/** What a pretraining computes with. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Precision } from '../torch/index.js';
import type { PretrainingConfig } from './schema.js';

/** Threads and precision as configured; what is left open as this machine is. */
export function computing({ device, precision, threads }: PretrainingConfig): {
  threads: number;
  precision: Precision;
} {
  const auto = device !== 'cpu' || multipliesBf16() ? 'bf16' : 'fp32';
  return { threads: threads ?? availableParallelism(), precision: precision === 'auto' ? auto : precision };
}

/** Whether the processor has instructions for it; without them libtorch's bf16 is many times slower than fp32. */
function multipliesBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16|bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false; // not Linux
  }
}
