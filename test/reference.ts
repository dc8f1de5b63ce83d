/** Numbers of Python's PyTorch to hold ours to: made anew where Python has torch, and stored beside the script. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { readSafetensors, type Tensor, toFloat32Array } from '../src/torch/index.js';

export type Tensors = Record<string, Tensor>;

export interface Reference {
  source: 'stored' | 'fresh';
  /** Version of the torch that made them, e.g. '1.13'. */
  torch: string;
  tensors: Tensors;
}

/** Runs a Python script of this checkout; undefined where Python, or what the script imports, is not installed. */
export function python(script: string, ...args: string[]): string | undefined {
  const executable = process.env.HILUM_PYTHON || '/usr/bin/python3';
  const run = spawnSync(executable, [script, ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PYTHONPATH: resolve(import.meta.dirname),
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
    },
  });
  const absent = run.error !== undefined || /No module named '(torch|numpy|pydicom|gdcm|PIL)'/.test(run.stderr);
  if (absent && !process.env.HILUM_PYTHON) return undefined;
  if (run.status !== 0) throw new Error(`${executable} ${script}: ${run.error?.message ?? run.stderr}`);
  return run.stdout;
}

/** The stored numbers of `<folder>/<name>.safetensors`, and fresh ones of `<folder>/<name>.py` where Python has torch. */
export function references(folder: string, name: string): Reference[] {
  const script = join(folder, `${name}.py`);
  const stored = join(folder, `${name}.safetensors`);
  const sources: Reference[] = [];
  const add = (source: 'stored' | 'fresh', path: string) => {
    const { tensors, metadata } = readSafetensors(path);
    sources.push({ source, tensors, torch: /^\d+\.\d+/.exec(metadata.torch ?? '')?.[0] ?? '' });
  };
  if (existsSync(stored)) add('stored', stored);
  const aside = mkdtempSync(join(tmpdir(), 'hilum-reference-'));
  try {
    const fresh = join(aside, 'fresh.safetensors');
    if (python(script, fresh) !== undefined) add('fresh', fresh);
  } finally {
    rmSync(aside, { recursive: true });
  }
  return sources;
}

/** Largest |a - b| over largest |b|: the error of a whole tensor, which cancellation in single elements does not blur. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let error = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
    if (Number.isNaN(a[i]!) !== Number.isNaN(b[i]!)) return Number.NaN;
  }
  return size === 0 ? error : error / size;
}

/** Fails with the name unless shapes are equal and the relative error is at most `tolerance`. */
export function expectClose(name: string, actual: Tensor, expected: Tensor | undefined, tolerance = 1e-5): void {
  if (!expected) throw new Error(`the reference has no '${name}'`);
  expect([...actual.shape], `${name}: shape`).toEqual([...expected.shape]);
  expect(
    relativeError(toFloat32Array(actual), toFloat32Array(expected)),
    `${name}: relative error`,
  ).toBeLessThanOrEqual(tolerance);
}
