import { availableParallelism, cpus, totalmem } from 'node:os';
import { packageVersion } from '../../base/index.js';
import { engineInfo } from '../../torch/index.js';
import type { Software } from '../result/index.js';

/** What an experiment ran on. */
export function software(threads: number, precision: string): Software {
  const { libtorch, blas } = engineInfo();
  return {
    version: packageVersion(),
    node: process.version.slice(1),
    libtorch,
    blas,
    threads,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    precision,
  };
}
