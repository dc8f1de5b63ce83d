import { join } from 'node:path';
import { Random, writeNpy } from '../src/base/index.js';
import { permutationTest, subgroupAurocs } from '../src/evaluation/index.js';
import { type Cores, Scheduler, type TestingInput, ThreadedTest } from '../src/experiments/index.js';
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
import { F, inventedProbabilities, inventedRadiographs, inventedTest } from './tested-predictions.js';

export const description = "a data set's whole test: comparisons, subgroups, matched pairs, shortcuts, calibration";

export const flags: BenchmarkFlags = {
  images: { help: 'test images, as many as ChestX-ray14 has', default: '25596' },
  train: { help: 'training images, for the shortcut predictors', default: '75524' },
  models: { help: 'initializations', default: '3' },
  seeds: { help: 'training seeds of each', default: '5' },
  redraws: { help: 'redraws of each analysis', default: '1000' },
  'sklearn-redraws': {
    help: 'redraws that scikit-learn makes in a round; its time is scaled from these',
    default: '2',
  },
};

/** Age bands. */
const GROUPS = 5;

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
  const [images, redraws, models, seeds] = [number('images'), number('redraws'), number('models'), number('seeds')];
  const radiographs = inventedRadiographs({
    train: number('train'),
    validate: Math.round(0.43 * images),
    test: images,
  });
  const test = radiographs.filter(({ split }) => split === 'test');
  const labels = new Float32Array(images * F);
  for (const [i, radiograph] of test.entries()) labels.set(radiograph.labels, i * F);
  const random = new Random(3);
  const first = inventedProbabilities(labels, random, 1.2);
  const subgroups = Int32Array.from(test, () => random.integer(GROUPS));
  writeNpy(join(folder, 'labels.npy'), { shape: [images, F], data: labels });
  writeNpy(join(folder, 'scores.npy'), { shape: [images, F], data: first });
  writeNpy(join(folder, 'groups.npy'), { shape: [images], data: Float32Array.from(subgroups) });
  const settings = JSON.stringify({ folder, redraws: number('sklearn-redraws'), all: redraws });
  await using peer = await PythonPeer.start('testing_peer.py', [settings], 1);
  const versions = { ...peer.versions };
  const rows: BenchmarkRow[] = [];

  const ofGroups = `AUROC in ${GROUPS} groups, 1 model, ${images} images x ${F} findings x ${redraws} redraws, 1 thread`;
  say(ofGroups);
  const model = { name: 'model', seeds: [first] };
  const inGroups = { labels, findings: F, model, subgroups, count: GROUPS, redraws, seed: 1 };
  const sides = await interleave(
    () => seconds(() => subgroupAurocs(inGroups)),
    () => peer.seconds(),
    rounds,
    { warmup: 1, seconds: limit / 3 },
  );
  const peerName = `scikit-learn, 1 thread, scaled from ${number('sklearn-redraws')} redraws`;
  rows.push(row({ name: ofGroups, unit: 's', better: 'less', ...sides, peerName, versions, machine }));

  const ofPermutations = `permutation test of 2 models, ${images} images x ${F} findings x ${redraws} exchanges, 1 thread`;
  say(ofPermutations);
  const second = [inventedProbabilities(labels, random, 1.1)];
  const permuted = { labels, findings: F, first: [first], second, permutations: redraws, seed: 1 };
  rows.push(
    row({
      name: ofPermutations,
      unit: 's',
      better: 'less',
      ours: [await seconds(() => permutationTest(permuted))],
      versions,
      machine,
    }),
  );

  const whole = `whole test, ${models} initializations x ${seeds} seeds, ${images} images x ${F} findings x ${redraws} redraws, ${threads} threads`;
  say(whole);
  const input = inventedTest(folder, radiographs, { models, seeds, redraws });
  const ours = [await seconds(() => testOn(input, threads, say))];
  rows.push(row({ name: whole, unit: 's', better: 'less', ours, versions, machine }));
  rows.push(
    row({
      name: `peak memory, with the data set's tables`,
      unit: 'MiB',
      better: 'less',
      ours: [process.resourceUsage().maxRSS / 1024],
      versions,
      machine,
    }),
  );
  return rows;
}

async function testOn(input: TestingInput, threads: number, say: (text: string) => void): Promise<void> {
  const scheduler = new Scheduler(threads);
  const cores: Cores = {
    onCores: (needed, work) => scheduler.run({ threads: needed }, work),
    spareCores: (most) => scheduler.takeSpare(most),
    stoppable: (_, work) => work,
    all: (work) => Promise.all(work),
  };
  const begun = performance.now();
  const progress = {
    start: () => ({
      update: (_: number, note?: string) => say(`  ${((performance.now() - begun) / 1000).toFixed(1)} s: ${note}`),
      end: () => {},
    }),
    print: say,
  };
  const test = new ThreadedTest(cores, input, 'test', progress);
  await test.result(test.sideBySide());
}
