/** The probe's process: trains a few steps on noise and says how long they took and what memory they took. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { compiledUrl, messageOf, Random } from '../../base/index.js';
import { engineInfo, setThreads } from '../../torch/index.js';
import type { CreateTask, SupervisedConfig } from '../../training/index.js';
import type { ProbeMeasurement, ProbeRequest } from './probe.js';

const TASK = compiledUrl('../../training/supervised-task.js', import.meta.url).href;
/** Images of the first, small batch. */
const SMALL = 2;
/** Steps that are counted at most. */
const MOST = 6;

process.once('message', async (request: ProbeRequest) => {
  const answer = await measure(request).catch((error) => ({ error: messageOf(error) }));
  process.send!(answer, () => process.exit(0));
});

async function measure(request: ProbeRequest): Promise<ProbeMeasurement> {
  engineInfo();
  setThreads(request.threads);
  const { batchSize, seconds } = request;
  const end = performance.now() + seconds * 1000;
  const base = peakBytes();
  const small = Math.min(SMALL, batchSize);
  const first = await steps(request, small, Math.min(end, performance.now() + 1000));
  const expected = (median(first) / small) * batchSize;
  const left = (end - performance.now()) / 1000;
  // The first step warms up, two are counted.
  if (small === batchSize || 3 * expected > left) return measurement(first, small, base);
  return measurement(await steps(request, batchSize, end), batchSize, base);
}

const measurement = (steps: number[], batch: number, base: number): ProbeMeasurement => ({
  batch,
  steps: steps.length,
  seconds: median(steps),
  spread: (Math.max(...steps) - Math.min(...steps)) / 2 / median(steps),
  base,
  peak: peakBytes(),
});

/** Seconds of steps after the first: two at least, more where there is time. */
async function steps({ config, device }: ProbeRequest, batchSize: number, end: number): Promise<number[]> {
  const { createTask } = (await import(TASK)) as { createTask: CreateTask<SupervisedConfig> };
  const recipe = { ...config.recipe, batchSize, accumulate: 1 };
  const context = { folder: tmpdir(), device, stepsPerEpoch: MOST + 1, totalSteps: MOST + 1 };
  const task = createTask({ ...config, recipe }, context);
  const size = config.model.imageSize;
  const random = new Random(1);
  const images = Uint8Array.from({ length: batchSize * size * size }, () => random.integer(256));
  const indices = Int32Array.from({ length: batchSize }, (_, i) => i);
  const taken: number[] = [];
  for (let step = 0; step <= MOST && (taken.length < 2 || performance.now() < end); step++) {
    const at = { epoch: 0, stepOfEpoch: step, step, stepsPerEpoch: MOST + 1, totalSteps: MOST + 1 };
    const begun = performance.now();
    task.step({ indices, images, shape: [batchSize, 1, size, size] }, at);
    if (step > 0) taken.push((performance.now() - begun) / 1000);
  }
  return taken;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The largest resident set so far, bytes. */
function peakBytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return process.memoryUsage().rss;
  }
}
