import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { packageRoot, packageVersion } from '../src/base/index.js';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  /** Load average of the last minute before the benchmark began; over 1 others were at work too. */
  load: number;
  system: string;
  /** The graphics processor's name, where there is one. */
  gpu?: string;
}

/** What a reader of the figures needs to know about where they come from. */
export function describeMachine(): Machine {
  const gpu = output('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round(loadavg()[0]! * 100) / 100,
    system: `${process.platform} ${release()} ${process.arch}`,
    ...(gpu ? { gpu } : {}),
  };
}

/** Versions of hilum and Node.js; a benchmark adds those of the libraries that it compares. */
export function describeVersions(): Record<string, string> {
  const commit = output('git', ['-C', packageRoot(), 'describe', '--always', '--dirty', '--exclude', '*']);
  return { hilum: packageVersion(), ...(commit ? { commit } : {}), node: process.version };
}

/**
 * The BLAS libraries that a process has loaded, e.g. `openblas-openmp/libblas.so.3`, from its memory map (Linux);
 * empty where that cannot be read or BLAS is linked in.
 */
export function loadedBlas(pid: number | 'self'): string {
  let maps: string;
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return '';
  }
  const names = [...maps.matchAll(/\/([^/\s]+\/lib(?:blas|openblas|mkl_rt|mkl_core)[^/\s]*)$/gm)].map(
    (match) => match[1]!,
  );
  return [...new Set(names)].sort().join(' ');
}

function output(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
