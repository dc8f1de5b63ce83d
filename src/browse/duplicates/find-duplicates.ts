import { nearDuplicates, nearestHashes, type SearchOptions, type Standing } from '../../imaging/index.js';
import type { PictureHashes } from './hash-pictures.js';

/** Pictures of several sources, those that can be read, one after the other. */
export interface Pool {
  perceptual: BigUint64Array;
  exact: BigUint64Array;
  width: Uint32Array;
  height: Uint32Array;
  /** Where each comes from. */
  source: Uint32Array;
  index: Uint32Array;
}

/** Pictures that are one: the one that stands for them, and the others, the nearest first. */
export interface Group {
  /** A place in the pool; of `against`, in the pool of references. */
  first: number;
  others: { place: number; distance: number; identical: boolean }[];
}

export interface Criterion extends Omit<SearchOptions, 'distance'> {
  /** Perceptual hashes no further apart than this, in bits; `exact`: equal pixels alone. */
  distance: number | 'exact';
}

export function poolOf(sources: readonly PictureHashes[]): Pool {
  const n = sources.reduce((sum, { height }) => sum + height.reduce((count, it) => count + (it > 0 ? 1 : 0), 0), 0);
  const pool: Pool = {
    perceptual: new BigUint64Array(n),
    exact: new BigUint64Array(2 * n),
    width: new Uint32Array(n),
    height: new Uint32Array(n),
    source: new Uint32Array(n),
    index: new Uint32Array(n),
  };
  let place = 0;
  for (const [source, hashes] of sources.entries()) {
    for (let i = 0; i < hashes.height.length; i++) {
      if (hashes.height[i] === 0) continue;
      pool.perceptual[place] = hashes.perceptual[i]!;
      pool.exact[2 * place] = hashes.exact[2 * i]!;
      pool.exact[2 * place + 1] = hashes.exact[2 * i + 1]!;
      pool.width[place] = hashes.width[i]!;
      pool.height[place] = hashes.height[i]!;
      pool.source[place] = source;
      pool.index[place] = i;
      place++;
    }
  }
  return pool;
}

/**
 * Groups of pictures that are near or equal, the one with the most pixels first (of equals the earliest): it is kept, and every other is
 * within the distance of it. Groups of one are left out; the others come in the order of their first.
 */
export async function groupDuplicates(pool: Pool, { distance, ...options }: Criterion): Promise<Group[]> {
  const pixels = Float64Array.from(pool.width, (width, i) => width * pool.height[i]!);
  const order = Uint32Array.from(pixels.keys()).sort((a, b) => pixels[b]! - pixels[a]! || a - b);
  const near =
    distance === 'exact'
      ? await nearDuplicates(firstHalves(pool.exact), order, { ...options, distance: 0 })
      : await nearDuplicates(pool.perceptual, order, { ...options, distance });
  return groupsOf(near, pool, pool, (place) => near.by[place] !== place);
}

/** Pictures that are near or equal to one of the references, by reference, in the order of these; equal pixels go before near ones. */
export async function groupAgainst(
  pool: Pool,
  references: Pool,
  { distance, ...options }: Criterion,
): Promise<Group[]> {
  const equal = await nearestHashes(firstHalves(pool.exact), firstHalves(references.exact), {
    ...options,
    distance: 0,
  });
  if (distance === 'exact') return groupsOf(equal, pool, references, () => true);
  const near = await nearestHashes(pool.perceptual, references.perceptual, { ...options, distance });
  for (let place = 0; place < near.by.length; place++) {
    if (equal.by[place] === -1) continue;
    near.by[place] = equal.by[place]!;
    near.distance[place] = 0;
  }
  return groupsOf(near, pool, references, () => true);
}

function groupsOf({ by, distance }: Standing, pool: Pool, firsts: Pool, counts: (place: number) => boolean): Group[] {
  const groups = new Map<number, Group>();
  for (let place = 0; place < by.length; place++) {
    const first = by[place]!;
    if (first === -1 || !counts(place)) continue;
    const group = groups.get(first) ?? { first, others: [] };
    groups.set(first, group);
    const identical =
      pool.exact[2 * place] === firsts.exact[2 * first] && pool.exact[2 * place + 1] === firsts.exact[2 * first + 1];
    group.others.push({ place, distance: distance[place]!, identical });
  }
  for (const { others } of groups.values()) {
    others.sort((a, b) => Number(b.identical) - Number(a.identical) || a.distance - b.distance || a.place - b.place);
  }
  return [...groups.values()].sort((a, b) => a.first - b.first);
}

const firstHalves = (exact: BigUint64Array) => exact.filter((_, i) => i % 2 === 0);
