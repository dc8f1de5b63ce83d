/** What the benchmarks share: their contract, measuring two sides in turns, and the form of the result. */
import { inputError } from '../src/base/index.js';
import { describeMachine, describeVersions, type Machine } from './machine.js';

/** One line of a benchmark's result. */
export interface BenchmarkRow {
  name: string;
  unit: string;
  /** Medians over the rounds, in `unit`. A side that does not exist is null, and so is the ratio then. */
  ours: number;
  peer: number | null;
  peerName: string | null;
  /** Over 1 ours is better, whether the unit is one of speed or of time. */
  ratio: number | null;
  /** Measured rounds per side. */
  rounds: number;
  /** Smallest and largest round of each side, in `unit`. */
  spread: { ours: [number, number]; peer: [number, number] | null };
  machine: Machine;
  versions: Record<string, string>;
}

export interface BenchmarkOptions {
  /** Measured rounds per side at most, at least 1. */
  rounds: number;
  /** Time after which a row begins no further round, once it has two. */
  seconds: number;
  /** Threads that each side may use. */
  threads: number;
  /** Tells people how it goes. */
  say: (text: string) => void;
  /** The benchmark's own flags, by name; defaults filled in. */
  flags: Record<string, string>;
}

/** Flags of one benchmark: `--NAME VALUE`. */
export type BenchmarkFlags = Record<string, { help: string; default: string }>;

/** What a file `bench/NAME.bench.ts` exports. */
export interface Benchmark {
  description: string;
  flags?: BenchmarkFlags;
  run(options: BenchmarkOptions): Promise<BenchmarkRow[]>;
}

/** Measures once and returns the figure, in the unit of the row. */
export type Measure = () => number | Promise<number>;

export interface Sides {
  ours: number[];
  peer: number[];
}

export interface InterleaveOptions {
  /** Rounds thrown away before the first that counts. Default 1. */
  warmup?: number;
  /** No further round begins after this time, once two are measured. Default: no limit. */
  seconds?: number;
}

/**
 * Measures both sides in turns, so that a change of the machine's pace hits both. Each begins every other round. Where
 * the warm-up alone took over a quarter of the time, it counts as a round: so slow a side has nothing left to warm.
 */
export async function interleave(
  ours: Measure,
  peer: Measure,
  rounds: number,
  { warmup = 1, seconds: limit = Number.POSITIVE_INFINITY }: InterleaveOptions = {},
): Promise<Sides> {
  const sides: Sides = { ours: [], peer: [] };
  const from = performance.now();
  const spent = () => (performance.now() - from) / 1000;
  for (let round = -warmup; round < rounds; round++) {
    const measured = sides.ours.length;
    if (measured >= Math.min(2, rounds) && (measured >= rounds || spent() > limit)) break;
    const figures = { ours: 0, peer: 0 };
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const side of order) figures[side] = await (side === 'ours' ? ours : peer)();
    if (round < 0 && spent() < limit / 4) continue;
    sides.ours.push(figures.ours);
    sides.peer.push(figures.peer);
  }
  return sides;
}

/** Seconds that a call takes. A benchmark on a GPU waits for the device inside the call. */
export async function seconds(call: () => unknown): Promise<number> {
  const from = performance.now();
  await call();
  return (performance.now() - from) / 1000;
}

/** The middle value; the mean of the two middle ones where their number is even. Throws a RangeError for none. */
export function median(values: number[]): number {
  if (values.length === 0) throw new RangeError('median: no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface RowOptions {
  name: string;
  unit: string;
  /** Whether more of the unit is better (images/s) or less (ms, MiB). */
  better: 'more' | 'less';
  ours: number[];
  peer?: number[];
  peerName?: string;
  versions?: Record<string, string>;
  /** The state of the machine before the benchmark began; now, unless given. */
  machine?: Machine;
}

/** Makes a row from the rounds of both sides. */
export function row({ name, unit, better, ours, peer, peerName, versions, machine }: RowOptions): BenchmarkRow {
  const middle = median(ours);
  const peerMiddle = peer ? median(peer) : null;
  const range = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  return {
    name,
    unit,
    ours: middle,
    peer: peerMiddle,
    peerName: peerName ?? null,
    ratio: peerMiddle === null ? null : better === 'more' ? middle / peerMiddle : peerMiddle / middle,
    rounds: ours.length,
    spread: { ours: range(ours), peer: peer ? range(peer) : null },
    machine: machine ?? describeMachine(),
    versions: { ...describeVersions(), ...versions },
  };
}

/** Reads a flag's text. Throws an InputError unless it is an integer of at least 1. */
export function positiveInteger(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw inputError({ what: `--${flag}`, found: text, expected: 'an integer of at least 1' });
}
