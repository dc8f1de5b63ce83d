/** The state of this thread of libtorch: precision, random numbers, processor threads, devices, memory. */
import { inputError } from '../base/index.js';
import { native } from './binding.js';
import { Tensor } from './tensor.js';
import { adopt } from './tensor-base.js';

export type Precision = 'fp32' | 'bf16';

const castTo = new Map<string, string | null>();

/** Runs `work` with matrix products in `precision` (PyTorch's autocast for 'bf16'). May be nested. */
export function autocast<T>(device: string, precision: Precision, work: () => T): T {
  const type = device.split(':')[0]!;
  const before = castTo.get(type) ?? null;
  const dtype = precision === 'bf16' ? 'bfloat16' : null;
  if (dtype === before) return work();
  const set = (value: string | null) => {
    native().setAutocast(type, value);
    castTo.set(type, value);
  };
  set(dtype);
  try {
    return work();
  } finally {
    set(before);
  }
}

/**
 * Seeds this thread's generator. Every random operator of this thread draws from it, so that trainings side by side in
 * one process do not disturb each other.
 */
export function manualSeed(seed: number, device = 'cpu'): void {
  native().manualSeed(device, seed);
}

/** The state of this thread's generator: a uint8 tensor, for checkpoints. */
export function generatorState(device = 'cpu'): Tensor {
  return adopt(new Tensor(native().generatorState(device)));
}

export function setGeneratorState(state: Tensor, device = 'cpu'): void {
  native().setGeneratorState(device, state.handle);
}

/** Processor threads that one operator of this JavaScript thread may use. */
export function setThreads(count: number): void {
  native().setThreads(count);
}

export const threads = (): number => native().threads();

/** Runs `work` with so many of them. */
export function withThreads<T>(count: number, work: () => T): T {
  const before = threads();
  if (count === before) return work();
  setThreads(count);
  try {
    return work();
  } finally {
    setThreads(before);
  }
}

/** Waits until all work queued on the device is done. */
export function synchronize(device: string): void {
  native().synchronize(device);
}

/** Number of CUDA devices that this libtorch can use. */
export const cudaDevices = (): number => native().deviceCount();

/** Throws an InputError for a device that is neither the CPU nor a GPU that is there. */
export function requireDevice(device: string): void {
  if (device === 'cpu') return;
  const cuda = /^cuda(?::(\d+))?$/.exec(device);
  const devices = cudaDevices();
  if (cuda && Number(cuda[1] ?? 0) < devices) return;
  const there = devices === 0 ? 'cpu' : `cpu, or one of the ${devices} GPUs of this machine`;
  const expected = cuda ? there : 'cpu, cuda or cuda:N';
  const fix = cuda && devices === 0 ? 'This libtorch finds no CUDA device.' : undefined;
  throw inputError({ what: 'device', found: device, expected, fix });
}

/** Lets float32 matrix products on CUDA run as TensorFloat-32 (faster, 10-bit mantissa). Off by default. */
export function allowTf32(allowed: boolean): void {
  native().setTf32(allowed);
}

/** Tensors of this thread that JavaScript holds: how many, and the bytes behind them. */
export const liveTensors = (): number => native().liveTensors();
export const liveBytes = (): number => native().liveBytes();

export interface EngineInfo {
  libtorch: string;
  /** Name of the BLAS that libtorch's matrix products run on, e.g. 'openblas-openmp'. */
  blas: string;
  cuda: boolean;
  /** What a person should know before long work, e.g. a BLAS that is many times slower. */
  warnings: string[];
}

/** What this process computes with. */
export function engineInfo(): EngineInfo {
  const info = native().buildInfo();
  const config = `${info.config}\n${info.parallel}`;
  const mkl =
    /Math Kernel Library|BLAS_INFO=mkl|mkl_get_max_threads/i.test(config) && (!info.blas || info.blas === info.library);
  const blas = mkl ? 'mkl' : blasName(info.blas);
  const warnings: string[] = [];
  if (blas === 'reference' || blas === 'openblas-pthread') {
    const cost =
      blas === 'reference'
        ? 'the reference BLAS is about 50 times slower than OpenBLAS'
        : "OpenBLAS's own threads fight with libtorch's: small models run many times slower";
    warnings.push(`BLAS is ${info.blas}: ${cost}. Install libopenblas0-openmp and run "npm run setup".`);
  }
  return { libtorch: info.libtorch, blas, cuda: info.cuda, warnings };
}

function blasName(path: string): string {
  if (/openblas-openmp/.test(path)) return 'openblas-openmp';
  if (/openblas-pthread/.test(path)) return 'openblas-pthread';
  if (/openblas-serial/.test(path)) return 'openblas-serial';
  if (/\/blas\/libblas/.test(path)) return 'reference';
  if (/mkl/i.test(path)) return 'mkl';
  return path === '' ? 'built into libtorch' : path;
}

/** Whether this libtorch has an operator ('aten::_fused_adamw_'), with a kernel for the dispatch key ('CPU', 'CUDA'). */
export function hasKernel(name: string, dispatchKey: string): boolean {
  const number = native().findOperator(name, '');
  return number >= 0 && native().hasKernel(number, dispatchKey);
}
