import { HilumError, Random } from '../src/base/index.js';
import { Classifier, VisionTransformer, vitOptions } from '../src/models/index.js';
import { AdamW, backward, engineInfo, fromArray, liveTensors, scope, setThreads } from '../src/torch/index.js';
import { type BenchmarkFlags, type BenchmarkOptions, type BenchmarkRow, positiveInteger, row } from './harness.js';
import { describeMachine } from './machine.js';

export const description = 'resident memory over training steps of ViT tiny/16; fails unless flat after step 100';

export const flags: BenchmarkFlags = {
  steps: { help: 'training steps, over 100', default: '1000' },
  batch: { help: 'images per step', default: '16' },
  'image-size': { help: 'side in pixels', default: '96' },
};

const OUTPUTS = 15;
/** From here on memory must not grow: the first steps fill libtorch's and Node.js's caches. */
const SETTLED = 100;
const ALLOWED_GROWTH = 1.05;

/**
 * Trains as the real loop does: a new batch from JavaScript every step, and a turn of the event loop after each.
 * Throws a HilumError where resident memory ever grows by over 5 % after step 100.
 */
export async function run({ flags: given, say, threads }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const steps = positiveInteger('steps', given.steps!);
  const batch = positiveInteger('batch', given.batch!);
  const size = positiveInteger('image-size', given['image-size']!);
  const machine = describeMachine();
  setThreads(threads);
  const random = new Random(0);
  const model = new Classifier(new VisionTransformer(vitOptions({ size: 'tiny', imageSize: size })), OUTPUTS);
  const optimizer = new AdamW(model.parameters(), { learningRate: 1e-4 });
  const resident: number[] = [residentMiB()];
  const tensors: number[] = [liveTensors()];

  for (let step = 1; step <= steps; step++) {
    const pixels = Float32Array.from({ length: batch * 3 * size * size }, () => random.uniform() - 0.5);
    const labels = Float32Array.from({ length: batch * OUTPUTS }, () => Number(random.uniform() < 0.3));
    scope(() => {
      const logits = model.forward(fromArray(pixels, [batch, 3, size, size]));
      const loss = logits.binaryCrossEntropyWithLogits(fromArray(labels, [batch, OUTPUTS]));
      optimizer.zeroGrad();
      backward(loss);
      optimizer.step();
    });
    await new Promise((done) => setImmediate(done));
    resident.push(residentMiB());
    tensors.push(liveTensors());
    if (step % SETTLED === 0) say(`step ${step}: ${resident[step]!.toFixed(0)} MiB, ${tensors[step]} tensors`);
  }

  const settled = resident[SETTLED];
  if (settled === undefined) throw new HilumError(`memory: ${steps} steps; expected over ${SETTLED}`);
  const largest = Math.max(...resident.slice(SETTLED));
  const { libtorch, blas } = engineInfo();
  const versions = { libtorch, blas, threads: String(threads) };
  const figure = (name: string, mebibytes: number) =>
    row({
      name: `ViT tiny/16, ${size} px, batch ${batch}: resident memory, ${name}`,
      ...MIB,
      ours: [mebibytes],
      machine,
      versions,
    });
  const rows = [
    figure('at the start', resident[0]!),
    figure(`at step ${SETTLED}`, settled),
    figure(`largest after step ${SETTLED}`, largest),
    figure(`at step ${steps}`, resident[steps]!),
  ];
  optimizer.free();
  model.free();
  if (tensors[steps] !== tensors[SETTLED]) {
    throw new HilumError(`memory: ${tensors[SETTLED]} tensors at step ${SETTLED}, ${tensors[steps]} at step ${steps}`);
  }
  if (largest > settled * ALLOWED_GROWTH) {
    throw new HilumError(
      `memory: ${settled.toFixed(0)} MiB at step ${SETTLED}, up to ${largest.toFixed(0)} MiB after it; expected at most 5 % more`,
    );
  }
  return rows;
}

const MIB = { unit: 'MiB', better: 'less' } as const;
const residentMiB = () => process.memoryUsage.rss() / 2 ** 20;
