import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inputError } from '../src/base/index.js';
import { VIT_SIZES, type VitSize } from '../src/models/index.js';
import { TRAIN_EVERYTHING, type Tuning } from '../src/training/index.js';
import {
  type BenchmarkFlags,
  type BenchmarkOptions,
  type BenchmarkRow,
  interleave,
  positiveInteger,
  row,
} from './harness.js';
import { describeMachine } from './machine.js';
import type { TuningStep, TuningStepResult } from './tuning-step.js';

export const description = 'time and memory of fine-tuning steps that train less than everything';

export const flags: BenchmarkFlags = {
  model: { help: Object.keys(VIT_SIZES).join(', '), default: 'small' },
  batch: { help: 'images per step', default: '8' },
  'image-size': { help: 'side in pixels', default: '224' },
  steps: { help: 'steps per round, after one that warms up', default: '2' },
};

const LORA = { rank: 8, alpha: 8, targets: ['qkv'] };

/** Every measurement is a process of its own, so that its peak of resident memory is its own too. */
export async function run({ flags: given, rounds, seconds, threads, say }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const settings = {
    model: given.model as VitSize,
    batch: positiveInteger('batch', given.batch!),
    imageSize: positiveInteger('image-size', given['image-size']!),
    steps: positiveInteger('steps', given.steps!),
    threads,
  };
  if (!Object.hasOwn(VIT_SIZES, settings.model)) {
    throw inputError({ what: '--model', found: settings.model, expected: Object.keys(VIT_SIZES).join(', ') });
  }
  const { depth } = VIT_SIZES[settings.model];
  const tunings: [string, Tuning][] = [
    ['layerDecay 0.75', { ...TRAIN_EVERYTHING, layerDecay: 0.75 }],
    [`freeze ${depth / 2}`, { ...TRAIN_EVERYTHING, freeze: depth / 2 }],
    ['freeze backbone', { ...TRAIN_EVERYTHING, freeze: 'backbone' }],
    ['lora, rank 8, qkv', { ...TRAIN_EVERYTHING, lora: LORA }],
    [`lora, rank 8, qkv, freeze ${depth / 2}`, { ...TRAIN_EVERYTHING, lora: LORA, freeze: depth / 2 }],
  ];
  const machine = describeMachine();
  const rows: BenchmarkRow[] = [];
  for (const [name, tuning] of tunings) {
    const memory = { ours: [] as number[], peer: [] as number[] };
    const measure = (side: 'ours' | 'peer', tuning: Tuning) => async () => {
      const { imagesPerSecond, peakMiB } = await measured({ ...settings, tuning });
      memory[side].push(peakMiB);
      return imagesPerSecond;
    };
    const ours = measure('ours', tuning);
    const sides = await interleave(ours, measure('peer', TRAIN_EVERYTHING), rounds, { warmup: 0, seconds });
    const network = `ViT ${settings.model}/16, ${settings.imageSize} px, batch ${settings.batch}`;
    const common = { peerName: 'everything trains', machine, versions: { threads: String(threads) } };
    rows.push(row({ name: `${network}, ${name}: training`, unit: 'images/s', better: 'more', ...sides, ...common }));
    rows.push(row({ name: `${network}, ${name}: peak memory`, unit: 'MiB', better: 'less', ...memory, ...common }));
    say(`${name}: done`);
  }
  return rows;
}

async function measured(step: TuningStep): Promise<TuningStepResult> {
  const program = fileURLToPath(new URL('./tuning-step.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(step)]);
  return JSON.parse(stdout) as TuningStepResult;
}
