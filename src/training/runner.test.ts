import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualSeed, noGrad, rand, type StateDict, scope, setThreads, toFloat32Array, zeros } from '../torch/index.js';
import { checkpointPath } from './checkpoint.js';
import { type RunOutcome, type RunPlan, runTask } from './runner.js';
import type { Batch, Metrics, Position, ReadFeed, TrainingTask } from './task.js';

setThreads(1);
const STEPS = 4;
const EPOCHS = 3;

/** Sums what it is given, with noise from this thread's generator; remembers every position. */
class SummingTask implements TrainingTask {
  readonly weight = zeros([2], 'float32').keep();
  readonly positions: string[] = [];
  private seen = 0;
  private epochs = 0;

  /** `endAfter`: epochs after which it asks for the end. */
  constructor(private readonly endAfter = EPOCHS) {}

  state(): StateDict {
    return { weight: this.weight };
  }

  loadState(state: StateDict): void {
    this.weight.copy_(state.weight!);
  }

  memory() {
    return [this.seen, this.epochs] as const;
  }

  loadMemory([seen, epochs]: [number, number]): void {
    this.seen = seen;
    this.epochs = epochs;
  }

  ended(): boolean {
    return this.epochs === this.endAfter;
  }

  step({ indices }: Batch, { epoch, stepOfEpoch, step, totalSteps }: Position): Metrics {
    expect(totalSteps).toBe(STEPS * EPOCHS);
    expect(step).toBe(epoch * STEPS + stepOfEpoch);
    this.positions.push(`${epoch}.${stepOfEpoch}`);
    this.seen += indices[0]!;
    scope(() => noGrad(() => this.weight.add_(rand([2])).mul_(1 + indices[0]! / 100)));
    return { loss: indices[0]! };
  }

  async endEpoch(epoch: number): Promise<Metrics> {
    this.epochs = epoch + 1;
    return { validationLoss: 10 * (epoch + 1) };
  }

  async finish() {
    return { seen: this.seen, weight: [...toFloat32Array(this.weight)] };
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-runner-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function* feed(epoch: number, start: number): AsyncGenerator<Batch> {
  for (let i = start; i < STEPS; i++) {
    yield { indices: Int32Array.of(10 * epoch + i, 0), images: new Uint8Array(2), shape: [2, 1, 1, 1] };
  }
}

interface Options extends Partial<RunPlan> {
  /** Asked to stop after this many steps. */
  stopAfter?: number;
  /** Dies in the middle of this step, counted from 1. */
  dieAt?: number;
  /** The task asks for the end after so many epochs. */
  endAfter?: number;
}

/** Judges what it has summed by two passes over a feed of three batches before the training, after each epoch and at its end. */
class JudgedTask extends SummingTask {
  async begin(read: ReadFeed): Promise<Metrics> {
    return this.judged(read);
  }

  override async endEpoch(epoch: number, read?: ReadFeed): Promise<Metrics> {
    const judged = await this.judged(read!);
    return { ...judged, ...(await super.endEpoch(epoch)) };
  }

  override async finish(read?: ReadFeed) {
    await this.judged(read!);
    return super.finish();
  }

  private async judged(read: ReadFeed): Promise<Metrics> {
    let sum = 0;
    for (const _ of ['twice', 'over']) for await (const { indices } of read('judge')) sum += indices[0]!;
    return { judged: sum * toFloat32Array(this.weight)[0]! };
  }
}

async function run({
  stopAfter,
  dieAt,
  endAfter,
  ...plan
}: Options = {}): Promise<{ outcome: RunOutcome; task: SummingTask }> {
  manualSeed(7);
  const task = new SummingTask(endAfter);
  let steps = 0;
  const outcome = await runTask(
    task,
    { folder, device: 'cpu', epochs: EPOCHS, stepsPerEpoch: STEPS, checkpointSeconds: 1e9, logEvery: 2, ...plan },
    {
      epoch: feed,
      read: () => {
        throw new Error('no other feed');
      },
    },
    {
      stopped: () => steps === stopAfter,
      onProgress: ({ at, imagesDone }) => {
        expect(imagesDone).toBe(2 * ++steps);
        if (steps === dieAt) throw new Error(`died at ${at.step}`);
      },
    },
  );
  return { outcome, task };
}

const metrics = () => readFileSync(join(folder, 'metrics.jsonl'), 'utf8');

async function undisturbed(): Promise<{ result: unknown; lines: string }> {
  const { outcome } = await run();
  const lines = metrics();
  rmSync(folder, { recursive: true });
  if (outcome.status !== 'done') throw new Error('interrupted');
  return { result: outcome.result, lines };
}

describe('a run that judges', () => {
  const JUDGED = 2 * 3;

  /** Asked to stop when it has been given so many batches to judge by. */
  async function judgedRun(stopAfter = Infinity): Promise<{ outcome: RunOutcome; batches: number }> {
    manualSeed(7);
    let batches = 0;
    const outcome = await runTask(
      new JudgedTask(),
      { folder, device: 'cpu', epochs: EPOCHS, stepsPerEpoch: STEPS, checkpointSeconds: 1e9, logEvery: 2 },
      {
        epoch: feed,
        read: async function* () {
          for (let i = 0; i < 3; i++) {
            batches++;
            yield { indices: Int32Array.of(i), images: new Uint8Array(1), shape: [1, 1, 1, 1] };
          }
        },
      },
      { stopped: () => batches >= stopAfter, onProgress: () => {} },
    );
    return { outcome, batches };
  }

  const AT_BEGIN = [1, JUDGED];
  const AT_END_OF_EPOCH = [JUDGED + 1, JUDGED + 5, 3 * JUDGED + 2];
  const AT_FINISH = [4 * JUDGED + 1, 4 * JUDGED + 4];
  it.each([...AT_BEGIN, ...AT_END_OF_EPOCH, ...AT_FINISH])(
    'stopped at batch %d of these, it stops there and then, and goes on to the same bits',
    async (stopAfter) => {
      const { outcome: whole, batches } = await judgedRun();
      expect(batches).toBe((2 + EPOCHS) * JUDGED);
      const expected = metrics();
      rmSync(folder, { recursive: true });
      const first = await judgedRun(stopAfter);
      expect(first).toEqual({ outcome: { status: 'interrupted' }, batches: stopAfter });
      const { outcome } = await judgedRun();
      expect(outcome).toMatchObject({ status: 'done', result: (whole as { result: unknown }).result });
      expect(metrics()).toBe(expected);
    },
  );
});

describe('a run', () => {
  it('goes through all epochs, logs steps and means of epochs, and leaves a checkpoint', async () => {
    const { outcome, task } = await run();
    expect(outcome).toMatchObject({ status: 'done', result: { seen: 4 * 30 + 3 * 6 } });
    expect(task.positions).toHaveLength(STEPS * EPOCHS);
    const lines = metrics()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 3)).toEqual([
      { kind: 'step', step: 0, loss: 0 },
      { kind: 'step', step: 2, loss: 2 },
      { kind: 'epoch', epoch: 1, loss: 1.5, validationLoss: 10 },
    ]);
    expect(lines).toHaveLength(3 * EPOCHS);
    expect(existsSync(checkpointPath(folder))).toBe(true);
  });

  it.each([1, 3, 4, 5, 8, 11, 12])('stopped after step %d goes on to the same bits', async (stopAfter) => {
    const expected = await undisturbed();
    const first = await run({ stopAfter });
    expect(first.outcome).toEqual({ status: 'interrupted' });
    const { outcome, task } = await run();
    expect(outcome).toMatchObject({ status: 'done', result: expected.result });
    expect([...first.task.positions, ...task.positions]).toHaveLength(STEPS * EPOCHS);
    expect(metrics()).toBe(expected.lines);
  });

  it.each([
    [2, 1e9, 0],
    [7, 1e9, 4],
    [7, -1, 6],
    [12, -1, 11],
  ])(
    'that dies at step %d, with checkpoints every %d s, goes on from step %d',
    async (dieAt, checkpointSeconds, from) => {
      const expected = await undisturbed();
      await expect(run({ dieAt, checkpointSeconds })).rejects.toThrow('died');
      const { outcome, task } = await run();
      expect(task.positions[0]).toBe(`${Math.floor(from / STEPS)}.${from % STEPS}`);
      expect(outcome).toMatchObject({ status: 'done', result: expected.result });
      expect(metrics()).toBe(expected.lines);
    },
  );

  it.each([undefined, 3, 4])(
    'ends with the epoch that its task asks for, also where it was stopped after step %s',
    async (stopAfter) => {
      if (stopAfter) await run({ endAfter: 1, stopAfter });
      const { outcome } = await run({ endAfter: 1 });
      expect(outcome).toMatchObject({ status: 'done', result: { seen: 6 } });
      expect(metrics().match(/"epoch"/g)).toHaveLength(2); // kind and number of one line
      expect((await run({ endAfter: 1 })).task.positions).toEqual([]);
    },
  );

  it('takes away what a killed process left half written', async () => {
    await run({ stopAfter: 2 });
    const left = [
      `${folder}/.model.safetensors.123.00ff00ff.tmp`,
      `${folder}/checkpoint/.state.safetensors.1.0f0f0f0f.tmp`,
    ];
    const ofThisProcess = `${folder}/.status.json.${process.pid}.00ff00ff.tmp`;
    for (const path of [...left, ofThisProcess]) writeFileSync(path, 'half');
    await run();
    expect(existsSync(ofThisProcess)).toBe(true);
    for (const path of left) expect(existsSync(path)).toBe(false);
  });

  it('that is done gives its result again without a step', async () => {
    const { outcome } = await run();
    const again = await run();
    expect(again.task.positions).toEqual([]);
    expect(again.outcome).toEqual(outcome);
  });
});
