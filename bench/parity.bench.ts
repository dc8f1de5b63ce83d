import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HilumError, packageRoot } from '../src/base/index.js';
import { Classifier, VisionTransformer, vitOptions } from '../src/models/index.js';
import {
  AdamW,
  autocast,
  backward,
  engineInfo,
  gradOf,
  type Precision,
  readSafetensors,
  type StateDict,
  scope,
  setThreads,
  type Tensor,
  toFloat32Array,
} from '../src/torch/index.js';
import { type BenchmarkFlags, type BenchmarkOptions, type BenchmarkRow, row } from './harness.js';
import { pythonEnvironment, pythonProgram } from './python-peer.js';

export const description =
  "how far logits, gradients and AdamW steps lie from Python's on a device; fails where too far";

export const flags: BenchmarkFlags = { device: { help: 'cpu, cuda or cuda:N', default: 'cpu' } };

const SETTINGS = { imageSize: 56, patchSize: 14, dim: 192, depth: 4, heads: 3, outputs: 15, batch: 4 };
const LEARNING_RATE = 1e-4;
/**
 * Largest relative difference allowed. bfloat16 keeps 8 bits (2^-8 = 0.4 %), and products summed in another order differ
 * by a few of them. AdamW's first steps move every parameter by about the learning rate whatever the gradient's size, so
 * gradients that are all rounding move them apart by as much: 5 steps of 1e-4, each way, on weights of up to about 0.4.
 */
const TOLERANCE = {
  fp32: { logits: 1e-5, gradient: 1e-4, adamw: 5e-3 },
  bf16: { logits: 5e-2, gradient: 1e-1, adamw: 5e-3 },
} as const;
type Quantity = keyof (typeof TOLERANCE)['fp32'];

/**
 * Rows of the largest relative difference from Python on the same device (ours), beside how far Python's own results on
 * that device lie from its results on the CPU (peer). Throws a HilumError where ours is over the tolerance.
 */
export async function run({ flags: given, say, threads }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const device = given.device!;
  setThreads(threads);
  const folder = mkdtempSync(join(tmpdir(), 'hilum-parity-'));
  try {
    const path = join(folder, 'reference.safetensors');
    const script = join(packageRoot(), 'bench/parity_peer.py');
    const settings = JSON.stringify({ ...SETTINGS, device, learningRate: LEARNING_RATE });
    const peerTorch = execFileSync(pythonProgram(), [script, settings, path], {
      encoding: 'utf8',
      env: pythonEnvironment(threads),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { libtorch, blas } = engineInfo();
    const versions = { libtorch, blas, peerTorch: peerTorch.trim() };
    const { tensors } = readSafetensors(path);
    const rows: BenchmarkRow[] = [];
    const faults: string[] = [];
    for (const precision of ['fp32', 'bf16'] as const) {
      const ours = scope(() => train(tensors, precision, device));
      for (const quantity of ['logits', 'gradient', 'adamw'] as const) {
        const name = `parity, ${precision}, ${quantity}, ${device}`;
        const found = largest(ours, under(tensors, `${device === 'cpu' ? 'cpu' : 'device'}/${precision}/`), quantity);
        const allowed = TOLERANCE[precision][quantity];
        say(`${name}: ${found.error.toExponential(2)} (${found.name}), allowed ${allowed}`);
        if (!(found.error <= allowed)) faults.push(`${name}: ${found.error} in ${found.name}, allowed ${allowed}`);
        const cpu = under(tensors, `cpu/${precision}/`);
        const peer =
          device === 'cpu' ? undefined : [largest(under(tensors, `device/${precision}/`), cpu, quantity).error];
        const peerName = 'PyTorch, device beside CPU';
        rows.push(
          row({
            name,
            unit: 'relative',
            better: 'less',
            ours: [found.error],
            ...(peer && { peer, peerName }),
            versions,
          }),
        );
      }
    }
    if (faults.length > 0) throw new HilumError(`parity: ${faults.join('; ')}`);
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Five steps from the reference's start: `logits`, `gradient/NAME` of the first, `adamw/NAME` after the last. */
function train(tensors: StateDict, precision: Precision, device: string): StateDict {
  const { imageSize, patchSize, dim, depth, heads, outputs } = SETTINGS;
  const backbone = new VisionTransformer(
    vitOptions({ size: 'tiny', imageSize, patchSize, dim, depth, heads, layerScale: 1e-5 }),
  );
  const model = new Classifier(backbone, outputs);
  model.loadStateDict(under(tensors, 'start/'));
  model.to(device);
  const optimizer = new AdamW(model.parameters(), { learningRate: LEARNING_RATE });
  const images = tensors.images!.to(undefined, device);
  const targets = tensors.targets!.to(undefined, device);
  const results: StateDict = {};
  for (let step = 0; step < 5; step++) {
    const logits = autocast(device, precision, () => model.forward(images)).to('float32');
    optimizer.zeroGrad();
    backward(logits.binaryCrossEntropyWithLogits(targets));
    if (step === 0) {
      results.logits = logits.detach().to('float32', 'cpu');
      for (const [name, parameter] of model.namedParameters()) {
        const gradient = gradOf(parameter);
        if (gradient) results[`gradient/${name}`] = gradient.to(undefined, 'cpu').clone();
      }
    }
    optimizer.step();
  }
  for (const [name, parameter] of model.namedParameters()) {
    results[`adamw/${name}`] = parameter.detach().to(undefined, 'cpu').clone();
  }
  optimizer.free();
  model.free();
  return results;
}

const under = (tensors: StateDict, prefix: string): StateDict =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

/** The largest relative difference, and where, among the entries of a quantity. Both sides must have the same entries. */
function largest(a: StateDict, b: StateDict, quantity: Quantity): { name: string; error: number } {
  const names = (state: StateDict) => Object.keys(state).filter((name) => name.split('/')[0] === quantity);
  if (String(names(a).sort()) !== String(names(b).sort())) {
    throw new HilumError(`parity: ${quantity}: other entries here (${names(a)}) than in Python (${names(b)})`);
  }
  const errors = names(a).map((name) => ({ name, error: relativeDifference(a[name]!, b[name]!) }));
  return errors.reduce((worst, next) => (next.error <= worst.error ? worst : next));
}

/** Largest |a - b| over largest |b|; NaN where one side is not a number. */
function relativeDifference(a: Tensor, b: Tensor): number {
  const [x, y] = [toFloat32Array(a), toFloat32Array(b)];
  let difference = 0;
  let size = 0;
  for (const [i, value] of y.entries()) {
    const d = Math.abs(x[i]! - value);
    if (!(d <= difference)) difference = d;
    size = Math.max(size, Math.abs(value));
  }
  return size === 0 ? difference : difference / size;
}
