import { join } from 'node:path';
import { Random, writeNpy } from '../src/base/index.js';
import { type BootstrapOptions, pairedBootstrap } from '../src/evaluation/index.js';
import {
  type BenchmarkFlags,
  type BenchmarkOptions,
  type BenchmarkRow,
  interleave,
  positiveInteger,
  row,
  seconds,
} from './harness.js';
import { describeMachine } from './machine.js';
import { PythonPeer } from './python-peer.js';
import { inTemporaryFolder } from './temporary-folder.js';

export const description = 'paired bootstrap of two models, all metrics, here, by scikit-learn and by NumPy';

export const flags: BenchmarkFlags = {
  images: { help: 'test images, as many as ChestX-ray14 has', default: '25596' },
  redraws: { help: 'redraws that are compared', default: '1000' },
  'many-redraws': { help: 'redraws of the row without a peer', default: '100000' },
  'sklearn-redraws': {
    help: 'redraws that scikit-learn makes in a round; its time is scaled from these',
    default: '2',
  },
  'numpy-redraws': { help: 'the same for NumPy', default: '10' },
};

/** Share of positives of ChestX-ray14's findings in its test split. */
const PREVALENCES = [0.128, 0.042, 0.104, 0.182, 0.069, 0.063, 0.022, 0.104, 0.071, 0.036, 0.043, 0.017, 0.045, 0.003];
const F = PREVALENCES.length;

export async function run(options: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const machine = describeMachine();
  return inTemporaryFolder((folder) => measure(options, folder, machine));
}

async function measure(
  { flags: given, threads, rounds, seconds: limit, say }: BenchmarkOptions,
  folder: string,
  machine: BenchmarkRow['machine'],
): Promise<BenchmarkRow[]> {
  const number = (flag: string) => positiveInteger(flag, given[flag]!);
  const [images, redraws, many] = [number('images'), number('redraws'), number('many-redraws')];
  const drawn = { sklearn: number('sklearn-redraws'), numpy: number('numpy-redraws') };
  const test = testSet(images);
  const thresholds = new Float64Array(F).fill(0.5);
  writeNpy(join(folder, 'labels.npy'), { shape: [images, F], data: test.labels });
  for (const { name, seeds } of test.models) {
    writeNpy(join(folder, `${name}.npy`), { shape: [images, F], data: seeds[0]! });
  }
  writeNpy(join(folder, 'thresholds.npy'), { shape: [F], data: thresholds });
  const models = test.models.map((model) => ({ ...model, thresholds: [thresholds] }));
  const settings = JSON.stringify({ folder, redraws: drawn, all: redraws });
  await using peer = await PythonPeer.start('bootstrap_peer.py', [settings], threads);

  const of = (count: number) => `2 models, ${images} images x ${F} findings x ${count} redraws, 9 metrics`;
  const ours = (count: number) => seconds(() => pairedBootstrap({ ...test, models, redraws: count }, { threads }));
  const versions = { threads: String(threads), ...peer.versions };
  const rows: BenchmarkRow[] = [];
  for (const side of ['sklearn', 'numpy'] as const) {
    const library = side === 'sklearn' ? 'scikit-learn' : 'NumPy';
    const name = `${of(redraws)}, ${threads} threads`;
    say(`${name}; ${library}`);
    const told = (who: string, time: number) => {
      say(`  ${who} ${time.toPrecision(4)} s`);
      return time;
    };
    const sides = await interleave(
      async () => told('here', await ours(redraws)),
      async () => told(library, await peer.seconds(side)),
      rounds,
      { warmup: 1, seconds: limit / 2 },
    );
    const peerName = `${library}, 1 thread, scaled from ${drawn[side]} redraws`;
    rows.push(row({ name, unit: 's', better: 'less', ...sides, peerName, versions, machine }));
  }
  const memory = (count: number, others?: number[]) =>
    row({
      name: `peak memory, ${of(count)}`,
      unit: 'MiB',
      better: 'less',
      ours: [process.resourceUsage().maxRSS / 1024],
      ...(others && { peer: others, peerName: 'scikit-learn and NumPy, few redraws' }),
      versions,
      machine,
    });
  rows.push(memory(redraws, [await peer.seconds('memory')]));
  say(of(many));
  const time = await ours(many);
  rows.push(
    row({ name: `${of(many)}, ${threads} threads`, unit: 's', better: 'less', ours: [time], versions, machine }),
  );
  rows.push(memory(many));
  return rows;
}

/** Labels of ChestX-ray14's prevalences, and two models of which the first is a little better. */
function testSet(images: number): Omit<BootstrapOptions, 'redraws'> {
  const random = new Random(1);
  const labels = new Float32Array(images * F).map((_, i) => (random.uniform() < PREVALENCES[i % F]! ? 1 : 0));
  const model = (name: string, signal: number) => ({
    name,
    seeds: [labels.map((label) => 1 / (1 + Math.exp(1 - random.normal() - signal * label)))],
  });
  return { labels, findings: F, models: [model('first', 1.3), model('second', 1.2)], seed: 1 };
}
