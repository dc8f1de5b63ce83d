/** What the benchmarks share: their contract, measuring two sides in turns, and the form of the result. */
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
  /** Smallest and largest round of each side, in `unit`. */
  spread: { ours: [number, number]; peer: [number, number] | null };
  machine: Machine;
  versions: Record<string, string>;
}

export interface BenchmarkOptions {
  /** Measured rounds per side, at least 1. */
  rounds: number;
  /** Threads that each side may use. */
  threads: number;
  /** Tells people how it goes. */
  say: (text: string) => void;
}

/** What a file `bench/NAME.bench.ts` exports. */
export interface Benchmark {
  description: string;
  run(options: BenchmarkOptions): Promise<BenchmarkRow[]>;
}

/** Measures once and returns the figure, in the unit of the row. */
export type Measure = () => number | Promise<number>;

export interface Sides {
  ours: number[];
  peer: number[];
}

/**
 * Measures both sides in turns, so that a change of the machine's pace hits both. Each begins every other round; rounds
 * of warm-up are thrown away.
 */
export async function interleave(ours: Measure, peer: Measure, rounds: number, warmup = 1): Promise<Sides> {
  const sides: Sides = { ours: [], peer: [] };
  for (let round = -warmup; round < rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const side of order) {
      const figure = await (side === 'ours' ? ours : peer)();
      if (round >= 0) sides[side].push(figure);
    }
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
    spread: { ours: range(ours), peer: peer ? range(peer) : null },
    machine: machine ?? describeMachine(),
    versions: { ...describeVersions(), ...versions },
  };
}
