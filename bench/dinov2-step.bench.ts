import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HilumError, inputError } from '../src/base/index.js';
import { VIT_SIZES } from '../src/models/index.js';
import { type Precision, readCheckpoint, scope, type Tensor, toFloat32Array } from '../src/torch/index.js';
import type { Dinov2Step } from './dinov2-step.js';
import {
  type BenchmarkFlags,
  type BenchmarkOptions,
  type BenchmarkRow,
  interleave,
  positiveInteger,
  row,
} from './harness.js';
import { describeMachine } from './machine.js';
import { PythonPeer } from './python-peer.js';
import { RoundsProcess } from './rounds-process.js';
import { inTemporaryFolder } from './temporary-folder.js';

export const description = 'a DINOv2 pretraining step and its memory, here and in plain PyTorch on the same libtorch';

type Shape = Omit<Dinov2Step, 'recipe' | 'precision' | 'threads' | 'seed' | 'start'>;

const drops = (probability: number) => Array<number>(12).fill(probability);

const SHAPES: Readonly<Record<string, Shape>> = {
  /** As the preset `small` of `hilum pretrain dinov2`. */
  small: {
    model: { ...VIT_SIZES.tiny, imageSize: 96, patchSize: 16, layerScale: null, dropPath: drops(0.05) },
    localSize: 48,
    locals: 4,
    batch: 32,
    head: { prototypes: 512, hidden: 512, bottleneck: 64, layers: 3 },
  },
  /** ViT-S with crops, heads and stochastic depth of dinov2/configs/ssl_default_config.yaml. */
  original: {
    model: { ...VIT_SIZES.small, imageSize: 224, patchSize: 16, layerScale: 1e-5, dropPath: drops(0.3) },
    localSize: 96,
    locals: 8,
    batch: 8,
    head: { prototypes: 65536, hidden: 2048, bottleneck: 256, layers: 3 },
  },
};

export const flags: BenchmarkFlags = {
  shape: {
    help: `${Object.keys(SHAPES).join(', ')}, or several with commas between`,
    default: Object.keys(SHAPES).join(','),
  },
  batch: { help: 'images per step; 0: those of the shape', default: '0' },
  precision: { help: 'fp32, bf16', default: 'fp32' },
};

const RECIPE: Dinov2Step['recipe'] = {
  learningRate: 5e-4,
  weightDecay: 0.04,
  layerDecay: 0.9,
  patchEmbedRate: 0.2,
  teacherTemperature: 0.07,
  momentum: 0.996,
  clip: 3,
};
/** Both sides begin with so many steps, and must then agree. */
const CHECKED_STEPS = 3;
const ALLOWED_DIFFERENCE: Readonly<Record<Precision, number>> = { fp32: 1e-3, bf16: 0.05 };
/** A round of a quick network does as many steps as fit in this time. */
const ROUND_SECONDS = 4;

export async function run({ flags: given, rounds, seconds, threads, say }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const { shape = '', precision = '', batch = '' } = given;
  if (precision !== 'fp32' && precision !== 'bf16') {
    throw inputError({ what: '--precision', found: precision, expected: 'fp32 or bf16' });
  }
  const names = shape.split(',');
  const unknown = names.find((name) => !Object.hasOwn(SHAPES, name));
  if (unknown !== undefined) {
    throw inputError({ what: '--shape', found: unknown, expected: Object.keys(SHAPES).join(', ') });
  }
  const rows: BenchmarkRow[] = [];
  for (const name of names) {
    const known = SHAPES[name]!;
    const own = { ...known, batch: batch === '0' ? known.batch : positiveInteger('batch', batch) };
    const made = await inTemporaryFolder((folder) => {
      const step = { ...own, recipe: RECIPE, precision, threads, seed: 5, start: join(folder, 'start.pth') } as const;
      return compared(name, step, folder, { rounds, seconds, say });
    });
    rows.push(...made);
  }
  return rows;
}

async function compared(
  shape: string,
  step: Dinov2Step,
  folder: string,
  { rounds, seconds, say }: Pick<BenchmarkOptions, 'rounds' | 'seconds' | 'say'>,
): Promise<BenchmarkRow[]> {
  const machine = describeMachine();
  const { model, localSize, locals, batch, precision, threads } = step;
  const title = `DINOv2 step, ${shape}: ViT ${model.dim} x ${model.depth}, ${model.imageSize}/${localSize} px, ${locals} locals, batch ${batch}, ${precision}, threads ${threads}`;
  say(title);
  const program = fileURLToPath(new URL('./dinov2-step.js', import.meta.url));
  const environment = { ...process.env, OMP_NUM_THREADS: String(threads) };
  await using here = await RoundsProcess.start(process.execPath, [program, JSON.stringify(step)], environment);
  await using peer = await PythonPeer.start('dinov2_step_peer.py', [JSON.stringify(step)], threads);
  const paths = { here: join(folder, 'here.pth'), peer: join(folder, 'peer.pth') };
  const first = await here.seconds(`check ${CHECKED_STEPS} ${paths.here}`);
  const theirs = await peer.seconds(`check ${CHECKED_STEPS} ${paths.peer}`);
  const { losses, weights } = differences(paths.here, paths.peer);
  say(
    `  after ${CHECKED_STEPS} steps from the same start, relative difference: losses ${losses.toExponential(1)}, weights ${weights.toExponential(1)}`,
  );
  if (!(Math.max(losses, weights) <= ALLOWED_DIFFERENCE[precision])) {
    throw new HilumError(
      `dinov2-step: both sides differ by ${losses} in losses, ${weights} in weights; expected the same`,
    );
  }

  const steps = Math.max(1, Math.round((ROUND_SECONDS * CHECKED_STEPS) / Math.max(first, theirs)));
  const rate = async (side: RoundsProcess) => (batch * steps) / (await side.seconds(`steps ${steps}`));
  const sides = await interleave(
    () => rate(here),
    () => rate(peer),
    rounds,
    { warmup: 0, seconds },
  );
  say(`  ${sides.ours.length} rounds of ${steps} steps`);
  const ratios = sides.ours.map((images, i) => (images / sides.peer[i]!).toFixed(2));
  say(`  ratios of the rounds: ${ratios.join(', ')}`);
  const versions = { ...peer.versions, ...here.versions, peerBlas: peer.versions.peerBlas!, threads: String(threads) };
  const common = { peerName: 'PyTorch', versions, machine };
  const memory = { ours: [await here.seconds('memory')], peer: [await peer.seconds('memory')] };
  return [
    row({ name: title, unit: 'images/s', better: 'more', ...sides, ...common }),
    row({ name: `${title}: peak memory of the process`, unit: 'MiB', better: 'less', ...memory, ...common }),
  ];
}

/**
 * Largest relative difference of a loss (KoLeo passes through 0: of 0.1 at least), and of all weights together. Without the biases of queries, keys and values: those of
 * keys have no gradient but rounding, by which Adam divides.
 */
function differences(ours: string, theirs: string): { losses: number; weights: number } {
  return scope(() => {
    const [a, b] = [ours, theirs].map((path) => readCheckpoint(path).root as Record<string, Tensor>);
    const [here, there] = [toFloat32Array(a!.losses!), toFloat32Array(b!.losses!)];
    const losses = Math.max(...here.map((loss, i) => Math.abs(loss - there[i]!) / Math.max(0.1, Math.abs(there[i]!))));
    const names = Object.keys(b!).filter((name) => name !== 'losses' && !name.endsWith('attn.qkv.bias'));
    const norm = (of: (name: string) => Tensor) =>
      Math.hypot(...names.map((name) => scope(() => of(name).vectorNorm().item())));
    return { losses, weights: norm((name) => a![name]!.sub(b![name]!)) / norm((name) => b![name]!) };
  });
}
