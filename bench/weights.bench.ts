import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HilumError, inputError } from '../src/base/index.js';
import { createBackbone, loadWeights, type ModelConfig, VIT_SIZES, type VitSize } from '../src/models/index.js';
import {
  engineInfo,
  liveTensors,
  manualSeed,
  scope,
  setThreads,
  writePytorch,
  writeSafetensors,
} from '../src/torch/index.js';
import { type BenchmarkFlags, type BenchmarkOptions, type BenchmarkRow, interleave, row, seconds } from './harness.js';
import { describeMachine } from './machine.js';
import { PythonPeer } from './python-peer.js';

export const description = 'a published checkpoint to a ready network: time and memory, here and in Python';

export const flags: BenchmarkFlags = {
  model: { help: `${Object.keys(VIT_SIZES).join(', ')}`, default: 'base' },
};

/** What is measured of one load: milliseconds, and MiB beyond what the process held before. */
interface Load {
  time: number;
  peak: number;
  own: number;
}

const FIGURES = [
  { key: 'time', name: 'time', unit: 'ms' },
  { key: 'peak', name: 'peak of resident memory, the mapped file with it', unit: 'MiB' },
  { key: 'own', name: 'memory of its own afterwards', unit: 'MiB' },
] as const;

/** The file that we read, the one that Python reads, and how Python builds the network. */
const CASES = [
  { ours: 'weights.safetensors', peer: 'weights.pth', build: 'plain' },
  { ours: 'weights.pth', peer: 'weights.pth', build: 'plain' },
  { ours: 'weights.pth', peer: 'weights.pth', build: 'bare' },
  { ours: 'half.safetensors', peer: 'half.pth', build: 'plain' },
] as const;
const PEERS = {
  plain: 'PyTorch, build and load_state_dict',
  bare: 'PyTorch, build without initialization and load_state_dict',
};

/**
 * Loads random weights under DINOv2's names from a temporary folder whose pages are in memory (a load before the first that
 * counts). Ready means that every parameter has been read once. Peak: VmHWM of /proc/self/status less VmRSS before, after
 * /proc/self/clear_refs has set it back. Own: Private_Dirty of /proc/self/smaps_rollup, what this process alone holds and has
 * written to; 1 MiB at least, by which engines vary. Python loads in a new fork each time, since memory that it freed and kept would
 * serve the next load unseen; here a float32 file leaves nothing to keep, while that of 16 bits may show too little.
 */
export async function run(options: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const { flags: given, threads, rounds, seconds: limit, say } = options;
  const size = given.model as VitSize;
  if (!Object.hasOwn(VIT_SIZES, size)) {
    throw inputError({ what: '--model', found: given.model!, expected: Object.keys(VIT_SIZES).join(', ') });
  }
  const machine = describeMachine();
  setThreads(threads);
  const folder = mkdtempSync(join(tmpdir(), 'hilum-bench-'));
  try {
    const megabytes = writeFiles(folder, size);
    await using peer = await PythonPeer.start('weights_peer.py', [JSON.stringify(VIT_SIZES[size])], threads);
    const { libtorch, blas } = engineInfo();
    const versions = { libtorch, blas, threads: String(threads), ...peer.versions };
    const rows: BenchmarkRow[] = [];
    for (const { ours, peer: theirs, build } of CASES) {
      const title = `ViT ${size}/14, ${ours.startsWith('half') ? `${megabytes / 2} MB, half` : `${megabytes} MB, float32`} ${ours.split('.')[1]}`;
      say(`${title}; ${PEERS[build]}`);
      const loads: Record<'ours' | 'peer', Load[]> = { ours: [], peer: [] };
      const sides = await interleave(
        async () => {
          loads.ours.push(await load(join(folder, ours)));
          return loads.ours.at(-1)!.time;
        },
        async () => {
          const time = 1000 * (await peer.seconds(`time ${build} ${join(folder, theirs)}`));
          const [peak, own] = [await peer.seconds('peak'), await peer.seconds('own')];
          loads.peer.push({ time, peak: peak / 2 ** 20, own: Math.max(1, own / 2 ** 20) });
          return time;
        },
        rounds,
        { warmup: 1, seconds: limit },
      );
      const counted = (all: Load[], key: keyof Load) => all.slice(-sides.ours.length).map((each) => each[key]);
      for (const { key, name, unit } of FIGURES) {
        const figures = { ours: counted(loads.ours, key), peer: counted(loads.peer, key), peerName: PEERS[build] };
        rows.push(row({ name: `${title}: ${name}`, unit, better: 'less', ...figures, versions, machine }));
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns the megabytes (10^6 bytes) of float32. */
function writeFiles(folder: string, size: VitSize): number {
  const config: ModelConfig = { architecture: 'vit', size, patchSize: 14, imageSize: 518, layerScale: 1e-5 };
  manualSeed(0);
  const backbone = createBackbone(config);
  const state = backbone.stateDict();
  for (const [name, dtype] of [
    ['weights', 'float32'],
    ['half', 'float16'],
  ] as const) {
    writeSafetensors(join(folder, `${name}.safetensors`), state, {}, { dtype });
    writePytorch(join(folder, `${name}.pth`), state, { dtype });
  }
  const values = backbone.parameterCount();
  backbone.free();
  return Math.round((4 * values) / 1e6);
}

async function load(path: string): Promise<Load> {
  const tensors = liveTensors();
  const before = { own: memory('smaps_rollup', 'Private_Dirty'), resident: memory('status', 'VmRSS') };
  writeFileSync('/proc/self/clear_refs', '5');
  let free = () => {};
  const time = await seconds(() => {
    const { backbone } = loadWeights(path);
    free = () => backbone.free();
    scope(() => {
      for (const parameter of backbone.parameters()) parameter.detach().sum();
    });
  });
  const peak = memory('status', 'VmHWM') - before.resident;
  const own = Math.max(1, memory('smaps_rollup', 'Private_Dirty') - before.own);
  free();
  if (liveTensors() !== tensors) throw new HilumError(`weights: ${liveTensors() - tensors} tensors left after loading`);
  return { time: time * 1000, peak, own };
}

/** MiB, from a file in /proc/self. */
function memory(file: string, line: string): number {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/self/${file}`, 'utf8'));
  if (!found) throw new HilumError(`weights: /proc/self/${file} has no ${line}; this benchmark needs Linux`);
  return Number(found[1]) / 1024;
}
