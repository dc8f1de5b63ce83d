import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/base/index.js';
import { RoundsProcess } from './rounds-process.js';

/** Debian's BLAS with GNU OpenMP, which the addon loads; without it Python would take another one. */
const MULTIARCH: Record<string, string> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** The Python of the peers: HILUM_PYTHON, else the system's (which has Debian's torch), else the first on PATH. */
export function pythonProgram(): string {
  return process.env.HILUM_PYTHON || (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
}

/** The environment in which Python computes with the same BLAS as the addon and as many threads. */
export function pythonEnvironment(threads: number): NodeJS.ProcessEnv {
  const blas = `/usr/lib/${MULTIARCH[process.arch]}/openblas-openmp`;
  const path = [existsSync(blas) ? blas : '', process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean).join(':');
  return {
    ...process.env,
    ...(path ? { LD_LIBRARY_PATH: path } : {}),
    OMP_NUM_THREADS: String(threads),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/**
 * A Python program that measures rounds beside ours. The script is a file in `bench/` that ends in `serve(run, versions)`
 * of `bench/peer.py`, where `run()` returns seconds.
 */
export const PythonPeer = {
  /** Starts a script and waits until it is ready. Throws a HilumError with the script's own message where it fails. */
  start(script: string, args: string[], threads: number): Promise<RoundsProcess> {
    const path = join(packageRoot(), 'bench', script);
    return RoundsProcess.start(pythonProgram(), [path, ...args], pythonEnvironment(threads));
  },
};
