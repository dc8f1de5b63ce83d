/** The probe's process: trains a few steps on noise, or tests invented predictions, and says how long that took and what memory it took. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { messageOf, Random } from '../../base/index.js';
import { Classifier, createBackbone } from '../../models/index.js';
import { engineInfo, noGrad, scope, setThreads } from '../../torch/index.js';
import { type Batch, type CreateTask, predictLogits } from '../../training/index.js';
import { runTest, type TestingInput } from '../testing/run-test.js';
import type { ProbeMeasurement, ProbeRequest, TestMeasurement, TestSeconds } from './probe.js';
import type { Noise, ProbedTraining } from './trainings.js';

/** Images of the first, small batch. */
const SMALL = 2;
/** Steps that are counted at most. */
const MOST = 6;
/** Of the training that is pretended: as long as one in which a loss may settle. */
const [EPOCH, ALL] = [1000, 100_000];
/** The first step of all warms up, two are counted at least. */
const LEAST = 3;

process.once('message', async (request: ProbeRequest) => {
  const answer = await answerTo(request).catch((error) => ({ error: messageOf(error) }));
  process.send!(answer, () => process.exit(0));
});

const answerTo = async (request: ProbeRequest) =>
  request.kind === 'training'
    ? measureTraining(request.training, request.device, request.seconds)
    : measureTest(request.input, request.seconds);

async function measureTraining(training: ProbedTraining, device: string, seconds: number): Promise<ProbeMeasurement> {
  const begun = performance.now();
  engineInfo();
  setThreads(training.threads);
  const end = performance.now() + seconds * 1000;
  const base = peakBytes();
  const { batchSize } = training;
  const small = Math.min(SMALL, batchSize);
  const first = await steps(training, device, small, Math.min(end, performance.now() + 1000));
  const start = Math.max(0, first.warm - begun / 1000 - median(first.taken));
  const left = (end - performance.now()) / 1000;
  const affordable = Math.floor((left / LEAST / median(first.taken)) * small);
  const batch = Math.max(small, Math.min(batchSize, affordable));
  const { taken } = batch > small ? await steps(training, device, batch, end) : first;
  const peak = peakBytes();
  // A step takes a time of its own, and another one for each image.
  const each =
    batch > small ? Math.max(0, (median(taken) - median(first.taken)) / (batch - small)) : median(taken) / batch;
  return {
    batch,
    steps: taken.length,
    seconds: median(taken) + each * (batchSize - batch),
    forward: forward(training, device, batch) / batch,
    start,
    spread: (Math.max(...taken) - Math.min(...taken)) / 2 / median(taken),
    base,
    peak,
  };
}

/** Seconds of steps after the first: two at least, more where there is time; and when the first was done. */
async function steps(
  { taskModule, config, threads, images, extra }: ProbedTraining,
  device: string,
  batchSize: number,
  end: number,
): Promise<{ taken: number[]; warm: number }> {
  const { createTask } = (await import(taskModule)) as { createTask: CreateTask<unknown> };
  const context = { folder: tmpdir(), device, stepsPerEpoch: EPOCH, totalSteps: ALL, throwIfStopped: () => {} };
  const task = createTask(withBatch(config, batchSize), context);
  const indices = Int32Array.from({ length: batchSize }, (_, i) => i);
  const batch: Batch = { indices, ...noise(images, batchSize), ...(extra && { extra: noise(extra, batchSize) }) };
  const taken: number[] = [];
  let warm = 0;
  for (let step = 0; step <= MOST && (taken.length < LEAST - 1 || performance.now() < end); step++) {
    const at = { epoch: 0, stepOfEpoch: step, step, stepsPerEpoch: EPOCH, totalSteps: ALL };
    const seconds = timed(device, threads, () => task.step(batch, at));
    if (step > 0) taken.push(seconds);
    else warm = performance.now() / 1000;
  }
  return { taken, warm };
}

/** A task's configuration with the batch that is measured, in one pass. */
function withBatch(config: unknown, batchSize: number): unknown {
  const { recipe } = config as { recipe?: { accumulate?: number } };
  if (!recipe) return config;
  const accumulate = recipe.accumulate === undefined ? {} : { accumulate: 1 };
  return { ...(config as object), recipe: { ...recipe, batchSize, ...accumulate } };
}

function noise({ each, channels, size }: Noise, batchSize: number): Required<Batch>['extra'] {
  const random = new Random(1);
  const shape: [number, number, number, number] = [each * batchSize, channels, size, size];
  const images = Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.integer(256));
  return { images, shape };
}

/** Seconds of a pass forward, the second one. */
function forward({ predictor, threads, images }: ProbedTraining, device: string, batch: number): number {
  const { model, outputs, precision, testFlip } = predictor;
  const classifier = new Classifier(createBackbone(model), outputs).to(device).eval();
  const input = noise({ each: 1, channels: images.channels, size: model.imageSize }, batch);
  const logits = () => predictLogits(classifier, input, { device, precision, testFlip }).sum().item();
  const pass = () => timed(device, threads, () => scope(() => noGrad(logits)));
  pass();
  return pass();
}

/**
 * Seconds of some work on a machine that does nothing else: of one thread its processor time, which other processes leave as it is;
 * else by the clock.
 */
function timed(device: string, threads: number, work: () => unknown): number {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  work();
  const elapsed = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(used);
  return device === 'cpu' && threads === 1 ? Math.min(elapsed, (user + system) / 1e6) : elapsed;
}

/** In processor time of one thread: with the redraws given, and with so many more as the time allows. */
function measureTest(input: TestingInput, seconds: number): TestMeasurement {
  const { redraws } = input.config.statistics;
  const cold = testWith(input, redraws);
  const few = testWith(input, redraws);
  // Of a thread of its own, which begins cold too.
  const start = Math.max(0, cold.models + cold.rest - few.models - few.rest);
  const each = (few.models + few.rest) / few.redraws;
  const more = Math.round(Math.min(10, Math.max(2, seconds / each / few.redraws)) * few.redraws);
  return { start, few, more: testWith(input, more) };
}

function testWith(input: TestingInput, redraws: number): TestSeconds {
  const { config } = input;
  // As many permutations for a redraw as the test has.
  const permutations = Math.round((config.statistics.permutations * redraws) / config.statistics.redraws);
  const whole = { ...input, config: { ...config, statistics: { ...config.statistics, redraws, permutations } } };
  let models = 0;
  const begun = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1e6;
  };
  runTest(whole, () => {
    models = seconds();
  });
  return { redraws, models, rest: seconds() - models };
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
